"""The healing job: any set of partitions in one run, told as runs over the assets tell it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.dagster.assets.heal import heal_config, healed_by
from bcdata.dagster.checks import FINDINGS, GATE
from bcdata.errors import BcdataError
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step, Zone, steps
from bcdata.runs.progress import listening
from bcdata_tests.dagster.healing import HEAL, QUIET, WITH_FEATURES, D, Ward, warded
from bcdata_tests.mirror import made_day

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
SCATTERED = [("AAAUSDT", DAYS[0]), ("BBBUSDT", DAYS[2]), ("AAAUSDT", DAYS[3])]
MERGED = dg.AssetKey(["merged", D])
MISSING = dg.AssetMaterialization("missing")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """An archive of four days of two symbols; nothing is materialized."""
    with warded(tmp_path, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        for symbol in ("AAAUSDT", "BBBUSDT"):
            for day in DAYS:
                ward.mirror.put_day(symbol, day, made_day(day))
        yield ward


def execute(ward: Ward, config: dict[str, Any]) -> dg.ExecuteInProcessResult:
    job = ward.defs.resolve_job_def(HEAL)
    return job.execute_in_process(instance=ward.instance, run_config={**config, **QUIET}, raise_on_error=False)


def cause(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    [event] = result.get_step_failure_events()
    assert event.step_failure_data.error is not None
    return event.step_failure_data.error.to_string()


def test_just_the_scattered_partitions_are_made_and_told_of(ward: Ward) -> None:
    dataset = ward.lake.catalog[D]
    assert execute(ward, heal_config([(steps(dataset), SCATTERED)])).success
    keys = {f"{date}|{symbol}" for symbol, date in SCATTERED}
    for step in steps(dataset):
        assert ward.instance.get_materialized_partitions(dg.AssetKey(step.key)) == keys, step
    checks = ward.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(MERGED, GATE), limit=100
    )
    assert {one.partition: one.status.value for one in checks} == {None: "SUCCEEDED"}, "one for the run"
    findings = dg.AssetCheckKey(MERGED, FINDINGS)
    [found] = ward.instance.event_log_storage.get_asset_check_execution_history(findings, limit=100)
    assert found.partition is None, "of the whole run"
    [latest] = ward.instance.fetch_materializations(
        dg.AssetRecordsFilter(MERGED, asset_partitions=[f"{DAYS[2]}|BBBUSDT"]), limit=1
    ).records
    assert latest.asset_materialization is not None
    told = latest.asset_materialization.metadata
    assert told["dagster/row_count"].value == 1440
    scores = {name: value for name, value in told.items() if name.startswith("quality")}
    factors = {f"quality, {name}" for name in ("explained", "unique", "sound", "agreed")}
    assert scores.keys() == {"quality", *factors}
    assert all(isinstance(one, dg.FloatMetadataValue) and one.value == 1 for one in scores.values()), "to be plotted"


def test_the_page_of_an_asset_keeps_its_columns_rows_and_picture(ward: Ward) -> None:
    dataset = ward.lake.catalog[D]
    assert execute(ward, heal_config([(steps(dataset), SCATTERED)])).success
    with_columns = [step for step in steps(dataset) if step.zone is not Zone.RAW]
    for step in with_columns:
        told = ward.instance.fetch_materializations(dg.AssetKey(step.key), limit=10).records
        assert len(told) == len(SCATTERED)
        has = ["dagster/column_schema" in (one.asset_materialization or MISSING).metadata for one in told]
        assert has == [True, False, False], "the newest, which the page shows, and no other"
    [latest] = ward.instance.fetch_materializations(MERGED, limit=1).records
    assert latest.asset_materialization is not None
    assert {"coverage of the run", "path"} <= set(latest.asset_materialization.metadata)


class Stop:
    """A listener that fails at the second partition of merged bars."""

    seen = 0

    def fetched(self, _step: Step, _size: int) -> None:
        pass

    def ended(self, step: Step, _outcome: Outcome) -> None:
        self.seen += step.zone is Zone.MERGED
        if self.seen > 1:
            raise BcdataError("the disk is full")


def test_what_was_made_is_told_of_where_healing_ends_by_an_error(ward: Ward) -> None:
    dataset = ward.lake.catalog[D]
    with listening(Stop()):
        assert "the disk is full" in cause(execute(ward, heal_config([(steps(dataset), SCATTERED)])))
    zones = [one.zone for one in steps(dataset)]
    told = [len(ward.instance.get_materialized_partitions(dg.AssetKey(step.key))) for step in steps(dataset)]
    merged = zones.index(Zone.MERGED)
    assert told == [len(SCATTERED)] * merged + [1] + [0] * (len(zones) - merged - 1)


def test_what_was_never_made_does_not_follow(ward: Ward) -> None:
    """Only what is there and was made of other bars is rebuilt."""
    merged = [step for step in steps(ward.lake.catalog[D]) if step.zone in (Zone.RAW, Zone.PARSED, Zone.MERGED)]
    assert execute(ward, heal_config([(merged, [("AAAUSDT", DAYS[0])])])).success
    features = dg.AssetKey(Step(Zone.FEATURES, D).key)
    assert ward.instance.get_materialized_partitions(features) == set()


def test_an_asset_or_a_partition_that_is_none_is_refused_before_any_work(ward: Ward) -> None:
    unknown = {"ops": {"heal": {"config": {"work": [{"assets": ["merged/none"], "partitions": []}]}}}}
    assert "the catalog has no asset merged/none" in cause(execute(ward, unknown))
    merged = [Step(Zone.MERGED, D)]
    stranger = execute(ward, heal_config([(merged, [("XXXUSDT", DAYS[0])])]))
    assert "XXXUSDT is no partition" in cause(stranger)
    malformed = execute(ward, heal_config([(merged, [("AAAUSDT", "2025-01")])]))
    assert "is not a date key" in cause(malformed)
    assert not (ward.lake.root / "merged").exists()


def test_what_a_config_heals_can_be_read_back(ward: Ward) -> None:
    config = heal_config([(steps(ward.lake.catalog[D]), SCATTERED), ([Step(Zone.FEATURES, D)], SCATTERED[:1])])
    first, second = healed_by(config)
    assert first == (["/".join(step.key) for step in steps(ward.lake.catalog[D])], SCATTERED)
    assert second == ([f"features/{D}"], SCATTERED[:1])
    assert healed_by({}) == []
