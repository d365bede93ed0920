"""Where runs are started from: the instance's home, symbols as partitions, ranges that cover what was asked."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.catalog import Catalog
from bcdata.dagster.assets import body
from bcdata.dagster.launch import Report, add_symbols, launch, open_instance
from bcdata.dagster.partitions import COMMAND_TAG, symbol_set
from bcdata.errors import BcdataError
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.zones import Zone
from bcdata.quality.verdict import Verdict, failed
from bcdata.runs.plan import MaterializeRequest, Plan, make_plan
from bcdata.windows import Grain

SPOT = symbol_set("spot", Grain.MONTH)
NOW = datetime(2023, 7, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Opening an instance sets the environment and quiets a logger: undone after each test."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.chdir(tmp_path)
    level = logging.getLogger("dagster").level
    yield
    logging.getLogger("dagster").setLevel(level)


def plan(catalog: Catalog, *symbols: str, until: Zone = Zone.FEATURES) -> Plan:
    return make_plan(catalog, MaterializeRequest("spot_klines_1m", symbols, "2023-01", "2023-03", until), NOW)


def test_a_lake_without_a_home_gets_one_of_its_own(tmp_path: Path) -> None:
    with open_instance(tmp_path / "lake") as instance:
        assert instance.root_directory == str(tmp_path / "lake" / ".dagster")
        assert type(instance.event_log_storage).__name__ == "PooledSqliteEventLogStorage"


def test_a_home_that_is_set_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with open_instance(tmp_path / "lake") as instance:
        assert instance.root_directory == str(tmp_path / "home")
    assert not (tmp_path / "lake").exists()


def test_the_projects_own_settings_are_found_in_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with open_instance(tmp_path / "lake") as instance:
        assert instance.root_directory == str(tmp_path)


def test_a_home_that_cannot_be_made_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(BcdataError, match="DAGSTER_HOME") as raised, open_instance(tmp_path):
        raise AssertionError  # pragma: no cover - there is no instance
    assert "\n" not in str(raised.value)


def test_new_symbols_are_added_once_and_make_the_fewest_runs(small: Catalog, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(SPOT, ["CCCUSDT", "XXXUSDT"])
    runs = add_symbols(instance, plan(small, "BBBUSDT", "AAAUSDT", "CCCUSDT"))
    assert [run.symbols for run in runs] == [("CCCUSDT",), ("AAAUSDT", "BBBUSDT")]
    assert list(instance.get_dynamic_partitions(SPOT)) == ["CCCUSDT", "XXXUSDT", "AAAUSDT", "BBBUSDT"]
    assert add_symbols(instance, plan(small, "AAAUSDT", "BBBUSDT", "CCCUSDT")) == runs


def test_every_partition_asked_for_is_run_and_told_of_and_no_other(
    small: Catalog, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del lake
    instance.add_dynamic_partitions(SPOT, ["BBBUSDT", "XXXUSDT", "AAAUSDT"])

    def operation(_context: Any, _dataset: Any, partitions: list[Any]) -> Iterator[Outcome]:
        for one in partitions:
            bad = (one.symbol, one.date) == ("AAAUSDT", "2023-02")
            verdict = failed("ohlc", "bad") if bad else Verdict(1)
            yield Outcome(one, State.HELD_BACK if bad else State.PUBLISHED, verdict)

    monkeypatch.setattr(body, "operation", lambda *_args: operation)
    heard = Report()
    asked = plan(small, "AAAUSDT", "BBBUSDT", until=Zone.MERGED)
    report = launch(instance, small, asked, heard)
    assert report.outcomes == heard.outcomes
    told = [(step.key, outcome.partition.symbol, outcome.partition.date) for step, outcome in heard.outcomes]
    wanted = [(step.key, symbol, date) for step in asked.steps for symbol in asked.symbols for date in asked.dates]
    assert sorted(told) == sorted(wanted)
    assert not report.ok, "a partition was held back"
    assert report.errors == []
    runs = [instance.get_run_by_id(run) for run in report.runs]
    assert len(runs) == 2
    assert len({run.tags[COMMAND_TAG] for run in runs if run}) == 1
    assert sorted(run.status.value for run in runs if run) == ["FAILURE", "SUCCESS"], "one has what was held back"
    for run in runs:
        assert run is not None
        assert run.tags["dagster/max_retries"] == "0", "the daemon must not start it again"
        assert run.remote_job_origin is not None, "the timeline drops runs without one"
        assert (run.remote_job_origin.location_name, run.remote_job_origin.job_name) == ("bcdata", "__ASSET_JOB")


@pytest.mark.slow
def test_a_run_shows_that_it_lives_before_it_is_noted_as_started(
    small: Catalog, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command may be killed at any moment: the daemon's sensors would wait for the run for a day."""
    shown: dict[str, bool] = {}
    handle = dg.DagsterInstance.handle_new_event

    def heard(self: dg.DagsterInstance, event: dg.EventLogEntry, **more: Any) -> None:
        shown.setdefault(event.run_id, (lake / ".state" / "runs" / event.run_id).exists())
        handle(self, event, **more)

    monkeypatch.setattr(dg.DagsterInstance, "handle_new_event", heard)
    report = launch(instance, small, plan(small, "AAAUSDT"))
    assert shown == dict.fromkeys(report.runs, True)


def test_an_error_inside_a_step_is_told_by_its_cause(
    small: Catalog, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del lake

    def operation(_context: Any, _dataset: Any, _partitions: list[Any]) -> Iterator[Outcome]:
        raise BcdataError("the disk is full")

    monkeypatch.setattr(body, "operation", lambda *_args: operation)
    report = launch(instance, small, plan(small, "AAAUSDT"))
    assert not report.ok
    assert any("the disk is full" in error for error in report.errors)


@pytest.mark.parametrize(
    "settings",
    [
        b"garbage",
        b": : :",
        b"- a",
        b"storage: 7",
        b"nonsense: 1",
        b"\xff\xfe",
        b"storage:\n  custom:\n    module: nope\n    class: X\n    config: {}",
        b"storage:\n  custom:\n    module: bcdata.dagster_storage\n    class: Nope\n    config: {}",
        b"storage:\n  custom:\n    module: bcdata.dagster_storage\n    class: PooledSqliteStorage\n    config: {x: 1}",
    ],
)
def test_settings_that_cannot_be_read_are_named(
    settings: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_bytes(settings)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with (
        pytest.raises(BcdataError, match=r"^\S*/dagster.yaml cannot be used: [^\n]+; correct it"),
        open_instance(tmp_path),
    ):
        pass
