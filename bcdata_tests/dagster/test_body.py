"""What Dagster knows after a run: rows, states and the gate's verdict on every partition, whichever way it ran."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets import body
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import FINDINGS, GATE
from bcdata.dagster.partitions import partitions_of, symbol_set
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.outcome import Outcome, State
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.windows import Grain

KEY = dg.AssetKey(["merged", "spot_klines_1h"])
SYMBOLS = ["AAAUSDT", "BBBUSDT"]
BAD = "2023-04|AAAUSDT"
Run = Callable[..., dg.ExecuteInProcessResult]
Operation = Callable[[RunContext, Dataset, Sequence[Partition]], Iterator[Outcome]]


def materialize(_context: RunContext, _dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Publishes everything but one partition, with a warning on each."""
    for one in partitions:
        if f"{one.date}|{one.symbol}" == BAD:
            yield Outcome(one, State.HELD_BACK, failed("ohlc", "high is below low", rows=7))
        else:
            warning = Finding("coverage", Severity.WARN, 2, "missing bars: 2 open", ({"start": "2023-04-01"},))
            yield Outcome(one, State.PUBLISHED, Verdict(744, (warning,), {"missing": {"open": 2}}), "f00", rows=744)


@pytest.fixture
def job(small: Catalog) -> dg.JobDefinition:
    """All assets with their checks."""
    return build_defs(small).resolve_implicit_global_asset_job_def()


@pytest.fixture
def run(job: dg.JobDefinition, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the merged asset with an operation that needs no data."""
    del lake
    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), SYMBOLS)
    monkeypatch.setattr(body, "operation", lambda *_args: materialize)

    def execute(start: str, end: str | None = None) -> dg.ExecuteInProcessResult:
        ends = {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end or start}
        return job.execute_in_process(
            instance=instance,
            asset_selection=[KEY],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags=ends if end else None,
            partition_key=None if end else start,
            raise_on_error=False,
        )

    return execute


def checks(instance: dg.DagsterInstance) -> dict[str | None, str]:
    """The state of the latest evaluation by partition; None is the verdict on the whole run."""
    records = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, GATE), limit=100)
    return {one.partition: one.status.value for one in reversed(records)}


def statuses(small: Catalog, instance: dg.DagsterInstance, keys: Sequence[str]) -> dict[str, str | None]:
    """What the asset's page says of partitions; None of those that no run was about."""
    definition = partitions_of(small, small["spot_klines_1h"])
    found = instance.get_status_by_partition(KEY, keys, definition) or {}
    return {key: status.value if (status := found.get(key)) else None for key in keys}


def failed_steps(result: dg.ExecuteInProcessResult) -> list[str | None]:
    return [event.step_key for event in result.get_step_failure_events()]


def reason_of(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.get_step_failure_events()
    assert event.step_failure_data.error is not None
    return event.step_failure_data.error.message


def test_what_is_not_published_is_not_materialized_and_the_run_fails(
    run: Run, instance: dg.DagsterInstance, small: Catalog
) -> None:
    result = run("2023-03|AAAUSDT", "2023-05|BBBUSDT")
    keys = [f"2023-0{month}|{symbol}" for month in (3, 4, 5) for symbol in SYMBOLS]
    assert statuses(small, instance, keys) == {key: "FAILED" if key == BAD else "MATERIALIZED" for key in keys}
    assert instance.get_materialized_partitions(KEY) == {*keys} - {BAD}
    assert failed_steps(result) == ["merged__spot_klines_1h_gate"], "the asset itself must not stop what follows it"
    assert "1 partition is not published" in reason_of(result)


def test_only_what_is_not_published_has_an_evaluation_of_its_own(run: Run, instance: dg.DagsterInstance) -> None:
    run("2023-03|AAAUSDT", "2023-05|BBBUSDT")
    assert checks(instance) == {None: "FAILED", BAD: "FAILED"}


def test_the_gate_is_red_while_a_partition_stands_and_runs_of_others_succeed(run: Run) -> None:
    """Dagster shows the last evaluation of a check: a green one would hide what is still missing."""
    run("2023-03|AAAUSDT", "2023-05|BBBUSDT")
    other = run("2023-05|AAAUSDT", "2023-05|BBBUSDT")
    assert other.success
    [told] = [one for one in other.get_asset_check_evaluations() if one.check_name == GATE]
    words = f"1 partition of other runs not published; {BAD}: ohlc: high is below low"
    assert (told.passed, told.description) == (False, words)
    assert (told.metadata["not_published"].value, told.metadata["not_published_elsewhere"].value) == (0, 1)
    assert told.metadata["which"].value == f"- **{BAD}** ohlc: high is below low"


def test_who_deletes_the_symbol_has_done_with_its_failures(run: Run, instance: dg.DagsterInstance) -> None:
    """A slip of the pen would otherwise leave the check red for ever: nothing will be published of it."""
    run("2023-03|AAAUSDT", "2023-05|BBBUSDT")
    instance.delete_dynamic_partition(symbol_set("spot", Grain.MONTH), "AAAUSDT")
    assert run("2023-05|BBBUSDT").success
    assert checks(instance)[None] == "SUCCEEDED"


def test_a_materialization_says_rows_state_and_fingerprint(run: Run) -> None:
    result = run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    found = {event.partition: event for event in result.asset_materializations_for_node("merged__spot_klines_1h")}
    assert set(found) == {f"2023-0{month}|{symbol}" for month in (3, 4) for symbol in SYMBOLS} - {BAD}
    good = found["2023-03|AAAUSDT"].metadata
    assert good["dagster/row_count"].value == 744
    assert good["state"].value == "published"
    assert good["fingerprint"].value == "f00"
    assert good["missing, open"].value == 2


def test_an_observation_says_why_a_partition_is_not_published(run: Run, instance: dg.DagsterInstance) -> None:
    run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    [record] = instance.fetch_observations(KEY, limit=10).records
    assert record.partition_key == BAD
    told = record.asset_observation
    assert told is not None
    assert (told.description, told.metadata["state"].value) == ("held back: ohlc: high is below low", "held back")


def test_the_verdict_has_a_line_and_a_table_for_each_rule(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Finding("ohlc", Severity.PARTITION, 2, "high is below low", ({"open_time": "2023-04-01", "high": 3},))
    verdict = Verdict(744, (broken, Finding("coverage", Severity.WARN, 1)))
    monkeypatch.setattr("bcdata_tests.dagster.test_body.failed", lambda *_args, **_more: verdict)
    result = run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    evaluations = {one.partition: one for one in result.get_asset_check_evaluations() if one.check_name == GATE}
    bad, whole = evaluations[BAD], evaluations[None]
    assert (bad.passed, bad.severity, bad.description) == (
        False,
        dg.AssetCheckSeverity.ERROR,
        "ohlc: high is below low",
    )
    assert bad.metadata["rule ohlc"].value == "2 × ohlc, costs the partition: high is below low"
    assert bad.metadata["rule coverage"].value == "1 × coverage, costs nothing"
    table = bad.metadata["rows by ohlc"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [one.data for one in table.records] == [{"open_time": "2023-04-01", "high": "3"}]
    assert (whole.metadata["partitions"].value, whole.metadata["not_published"].value) == (4, 1)
    assert whole.metadata["which"].value == f"- **{BAD}** ohlc: high is below low"


def test_findings_are_a_warning_in_words(run: Run) -> None:
    told = run("2023-03|AAAUSDT", "2023-04|BBBUSDT").get_asset_check_evaluations()
    [found] = [one for one in told if one.check_name == FINDINGS]
    assert (found.passed, found.severity, found.partition) == (False, dg.AssetCheckSeverity.WARN, None)
    assert found.description == (
        "ohlc: 1 in 1 partition, high is below low;"
        " coverage: 6 in 3 partitions, missing bars: 2 open; first at 2023-04-01 00:00"
    )
    assert (found.metadata["partitions"].value, found.metadata["with_findings"].value) == (4, 4)
    assert "`partition` **AAAUSDT 2023-04** ohlc: high is below low" in str(found.metadata["which"].value)


@pytest.mark.parametrize("end", [BAD, None], ids=["a range of one", "a partition key"])
def test_a_run_of_which_nothing_is_published_materializes_nothing(
    run: Run, instance: dg.DagsterInstance, small: Catalog, end: str | None
) -> None:
    result = run(BAD, end)
    assert failed_steps(result) == ["merged__spot_klines_1h_gate"]
    assert instance.fetch_materializations(KEY, limit=10).records == [], "not even one without a partition"
    assert statuses(small, instance, [BAD]) == {BAD: "FAILED"}
    assert checks(instance)[BAD] == "FAILED"


@pytest.mark.parametrize("end", [BAD, None], ids=["a range of one", "a partition key"])
def test_published_before_and_failing_now_is_red_until_it_is_published_again(
    run: Run, instance: dg.DagsterInstance, small: Catalog, monkeypatch: pytest.MonkeyPatch, end: str | None
) -> None:
    with monkeypatch.context() as better:
        better.setattr("bcdata_tests.dagster.test_body.BAD", "none")
        assert run("2023-04|AAAUSDT", end).success
    assert statuses(small, instance, [BAD]) == {BAD: "MATERIALIZED"}
    run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    assert statuses(small, instance, [BAD]) == {BAD: "FAILED"}
    monkeypatch.setattr("bcdata_tests.dagster.test_body.BAD", "none")
    assert run("2023-04|AAAUSDT", end and "2023-04|AAAUSDT").success
    assert statuses(small, instance, ["2023-04|AAAUSDT"]) == {"2023-04|AAAUSDT": "MATERIALIZED"}
    assert checks(instance)["2023-04|AAAUSDT"] == "SUCCEEDED", "what was said of it is taken back"
    again = run("2023-04|AAAUSDT", end and "2023-04|AAAUSDT")
    assert [one.partition for one in again.get_asset_check_evaluations() if one.check_name == GATE] == [None]


def test_the_gate_run_alone_tells_of_the_verdicts_that_stand(run: Run, job: dg.JobDefinition, instance: Any) -> None:
    """Otherwise a run from failure, which has only the gate to do again, would call everything published."""
    first = run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    tags = {name: value for name, value in first.dagster_run.tags.items() if "partition" in name}
    for more, partitions in ((tags, 4), ({}, None)):
        alone = job.execute_in_process(
            instance=instance, op_selection=["merged__spot_klines_1h_gate"], tags=more, raise_on_error=False
        )
        assert failed_steps(alone) == ["merged__spot_klines_1h_gate"]
        [told] = alone.get_asset_check_evaluations()
        assert told.metadata["which"].value == f"- **{BAD}** ohlc: high is below low"
        assert (told.metadata["partitions"].value if partitions else None) == partitions


def test_partitions_before_the_start_of_a_dataset_are_no_work(run: Run, instance: dg.DagsterInstance) -> None:
    """The hours start in 2023-03; 2023-01 is a key for the sake of the minutes."""
    assert run("2023-01|AAAUSDT", "2023-03|BBBUSDT").success
    records = instance.fetch_materializations(KEY, limit=10).records
    rows = {one.partition_key: one.asset_materialization.metadata for one in records if one.asset_materialization}
    assert {key for key, metadata in rows.items() if "state" in metadata} == {"2023-03|AAAUSDT", "2023-03|BBBUSDT"}


def test_a_reversed_range_fails_and_says_why(run: Run) -> None:
    """Dagster itself would run nothing and call it a success."""
    result = run("2023-05|BBBUSDT", "2023-03|AAAUSDT")
    assert not result.success
    error = result.get_step_failure_events()[0].step_failure_data.error
    assert error is not None
    assert "reversed" in error.to_string()


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "symbol", ["<script>", "%2e%2e", "A" * 300, "..", "BTC/USDT", "$(rm -rf ~)", "a;b", " BTCUSDT"]
)
def test_a_partition_that_can_be_no_symbol_fails_where_the_run_begins(
    symbol: str, run: Run, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), [symbol])
    done = run(f"2023-04|{symbol}")
    assert not done.success
    (event,) = done.get_step_failure_events()
    words = event.step_failure_data.error.message
    assert "delete it from the partitions" in words
