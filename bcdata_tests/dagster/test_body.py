"""What Dagster knows after a run: rows, states and the gate's verdict on every partition, whichever way it ran."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets import body
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import FINDINGS, GATE
from bcdata.dagster.partitions import symbol_set
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.outcome import Outcome, State
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.windows import Grain

KEY = dg.AssetKey(["merged", "spot_klines_1h"])
SYMBOLS = ["AAAUSDT", "BBBUSDT"]
BAD = "2023-04|AAAUSDT"
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
def run(
    small: Catalog, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the merged asset with an operation that needs no data."""
    del lake
    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), SYMBOLS)
    monkeypatch.setattr(body, "operation", lambda *_args: materialize)
    job = build_defs(small).resolve_implicit_global_asset_job_def()

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


def test_a_range_tells_of_each_of_its_partitions(
    run: Callable[..., dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    assert run("2023-03|AAAUSDT", "2023-05|BBBUSDT").success, "one bad partition must not stop its neighbours"
    keys = [f"2023-0{month}|{symbol}" for month in (3, 4, 5) for symbol in SYMBOLS]
    assert checks(instance) == {None: "FAILED"} | {key: "FAILED" if key == BAD else "SUCCEEDED" for key in keys}


def test_a_materialization_says_rows_state_and_fingerprint(
    run: Callable[..., dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    result = run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    found = {event.partition: event for event in result.asset_materializations_for_node("merged__spot_klines_1h")}
    assert set(found) == {f"2023-0{month}|{symbol}" for month in (3, 4) for symbol in SYMBOLS}
    good, bad = found["2023-03|AAAUSDT"].metadata, found[BAD].metadata
    assert good["dagster/row_count"].value == 744
    assert good["state"].value == "published"
    assert good["fingerprint"].value == "f00"
    assert good["facts"].value == {"missing": {"open": 2}}
    assert bad["state"].value == "held back"
    assert instance.get_materialized_partitions(KEY) == set(found)


def test_the_verdict_has_counts_by_rule_and_a_sample(run: Callable[..., dg.ExecuteInProcessResult]) -> None:
    result = run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    evaluations = {one.partition: one for one in result.get_asset_check_evaluations() if one.check_name == GATE}
    good, bad = evaluations["2023-03|AAAUSDT"], evaluations[BAD]
    assert good.passed
    assert good.severity is dg.AssetCheckSeverity.WARN
    assert good.metadata["rules"].value == {"coverage": {"severity": "warn", "count": 2, "why": "missing bars: 2 open"}}
    assert good.metadata["sample"].value == {"coverage": [{"start": "2023-04-01"}]}
    assert not bad.passed
    assert bad.severity is dg.AssetCheckSeverity.ERROR
    assert bad.metadata["rules"].value == {"ohlc": {"severity": "partition", "count": 1, "why": "high is below low"}}
    whole = evaluations[None]
    assert (whole.metadata["partitions"].value, whole.metadata["not_published"].value) == (4, 1)
    assert "AAAUSDT" in str(whole.metadata["which"].value)


def test_findings_are_a_warning_in_words(run: Callable[..., dg.ExecuteInProcessResult]) -> None:
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
def test_a_run_of_one_partition_tells_of_that_partition(
    run: Callable[..., dg.ExecuteInProcessResult], instance: dg.DagsterInstance, end: str | None
) -> None:
    """Otherwise what was healed alone would look broken for ever."""
    assert run(BAD, end).success
    assert checks(instance)[BAD] == "FAILED"


def test_a_partition_that_is_healed_alone_looks_healed(
    run: Callable[..., dg.ExecuteInProcessResult], instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("2023-03|AAAUSDT", "2023-04|BBBUSDT")
    assert checks(instance)[BAD] == "FAILED"
    monkeypatch.setattr("bcdata_tests.dagster.test_body.BAD", "none")
    run("2023-04|AAAUSDT")
    assert checks(instance)["2023-04|AAAUSDT"] == "SUCCEEDED"


def test_partitions_before_the_start_of_a_dataset_are_no_work(run: Callable[..., dg.ExecuteInProcessResult]) -> None:
    """The hours start in 2023-03; 2023-01 is a key for the sake of the minutes."""
    result = run("2023-01|AAAUSDT", "2023-03|BBBUSDT")
    assert result.success
    told = {one.partition for one in result.get_asset_check_evaluations()} - {None}
    assert told == {"2023-03|AAAUSDT", "2023-03|BBBUSDT"}


def test_a_reversed_range_fails_and_says_why(run: Callable[..., dg.ExecuteInProcessResult]) -> None:
    """Dagster itself would run nothing and call it a success."""
    result = run("2023-05|BBBUSDT", "2023-03|AAAUSDT")
    assert not result.success
    [event] = result.get_step_failure_events()
    error = event.step_failure_data.error
    assert error is not None
    assert "reversed" in error.to_string()


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "symbol", ["<script>", "%2e%2e", "A" * 300, "..", "BTC/USDT", "$(rm -rf ~)", "a;b", " BTCUSDT"]
)
def test_a_partition_that_can_be_no_symbol_fails_where_the_run_begins(
    symbol: str, run: Callable[..., dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), [symbol])
    done = run(f"2023-04|{symbol}")
    assert not done.success
    (event,) = done.get_step_failure_events()
    words = event.step_failure_data.error.message
    assert "delete it from the partitions" in words
