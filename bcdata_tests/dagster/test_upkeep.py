"""What looks after the lake, through Dagster: the sweep and its mending, halts, the universe, and people being told."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.alerts.deliver import tell
from bcdata.catalog import load_catalog
from bcdata.dagster.partitions import COMMAND_TAG, OWN_TAG, RANGE_END, RANGE_START
from bcdata.dagster.resources import build_resources
from bcdata.dagster.schedules import build_schedules
from bcdata.dagster.sensors.run_failure import root_cause
from bcdata.instruments.update import read_universe
from bcdata.pipeline.zones import steps
from bcdata.reporting.notices import quality_notices
from bcdata.store.state.requests import Requests
from bcdata.store.store import Store
from bcdata_tests.alerts.conftest import Webhook, webhook
from bcdata_tests.dagster.healing import CATALOG, MATERIALIZE, QUIET, D, Ward, cells, warded
from bcdata_tests.mirror import Rows, day_key, made_day
from bcdata_tests.run import tree, utc
from bcdata_tests.world import copied

pytestmark = pytest.mark.slow
__all__ = ["webhook"]
DAYS = ("2025-01-01", "2025-01-02")
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
HARMED = ("BBBUSDT", DAYS[1])


def with_standstill(day: str) -> Rows:
    """A day on which nothing is traded for forty minutes."""
    idle = [*range(600, 640)]
    return [
        [*row[:5], "0", row[6], "0", "0", "0", "0", "0"] if at in idle else row for at, row in enumerate(made_day(day))
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of three symbols, whole and materialized."""
    folder = tmp_path_factory.mktemp("made")
    with warded(folder, now="2025-01-04", catalog=CATALOG) as ward:
        for symbol in SYMBOLS:
            ward.mirror.put_day(symbol, DAYS[0], made_day(DAYS[0]))
            ward.mirror.put_day(symbol, DAYS[1], with_standstill(DAYS[1]))
        assert ward.lake.materialize(D, ",".join(SYMBOLS), DAYS[0], DAYS[1], refill=False).ok
    return folder


@pytest.fixture
def ward(made: Path, tmp_path: Path) -> Iterator[Ward]:
    for name in ("archive", "lake"):
        copied(made / name, tmp_path / name)
    with warded(tmp_path, now="2025-01-04", catalog=CATALOG) as ward:
        yield ward


def run(ward: Ward, job: str, **config: object) -> dg.ExecuteInProcessResult:
    """A job in this process, as its schedule would launch it."""
    return ward.defs.resolve_job_def(job).execute_in_process(instance=ward.instance, run_config={**config, **QUIET})


def zip_of(ward: Ward) -> Path:
    symbol, day = HARMED
    [path] = ward.lake.root.glob(f"raw/binance_archive/{D}/symbol={symbol}/date={day}/*.zip")
    return path


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def observed(ward: Ward, asset: str) -> dict[str, object]:
    """The metadata of an asset's last observation."""
    [record] = ward.instance.fetch_observations(dg.AssetKey(asset.split("/")), limit=1).records
    assert record.asset_observation
    return {name: value.value for name, value in record.asset_observation.metadata.items()}


def test_the_sweep_is_observed_and_what_it_finds_is_mended(ward: Ward) -> None:
    assert ward.lake.materialize(D, ",".join(SYMBOLS), DAYS[0], DAYS[1]).ok, "with what REST has to compare with"
    assert run(ward, "verify").success
    assert observed(ward, f"raw/binance_archive/{D}")["harmed"] == 0
    assert ward.tick("repair") == ([], f"{D}: no partition is corrupted")
    before = tree(ward.lake.root)
    flip(zip_of(ward))
    assert run(ward, "verify").success
    seen = observed(ward, f"raw/binance_archive/{D}")
    assert (seen["harmed"], seen["troubles"]) == (1, {"damaged": 1})
    assert zip_of(ward).name.split(".")[0] in str(seen["which"])
    [request], _ = ward.tick("repair")
    assert cells(request) == [HARMED]
    assert ward.tick("repair")[0] == [], "not twice for one sweep"
    assert ward.execute(request).success
    assert tree(ward.lake.root) == before
    assert ward.tick("repair") == ([], f"{D}: no partition is corrupted")


@pytest.mark.parametrize("zone", ["parsed/binance_archive", "merged", "gaps"])
def test_published_files_that_a_sweep_found_harmed_are_made_again(ward: Ward, zone: str) -> None:
    assert ward.lake.materialize(D, ",".join(SYMBOLS), DAYS[0], DAYS[1]).ok
    before = tree(ward.lake.root)
    flip(ward.lake.root / zone / D / f"symbol={HARMED[0]}" / f"date={HARMED[1]}" / "part-0.parquet")
    assert run(ward, "verify").success
    seen = observed(ward, f"{'merged' if zone == 'gaps' else zone}/{D}")
    assert (seen["harmed"], seen["troubles"]) == (1, {"damaged": 1})
    [request], _ = ward.tick("repair")
    assert cells(request) == [HARMED]
    assert ward.execute(request).success
    assert tree(ward.lake.root) == before
    assert ward.tick("repair") == ([], f"{D}: no partition is corrupted")


def test_what_cannot_be_mended_is_asked_for_later_and_later(ward: Ward) -> None:
    flip(zip_of(ward))
    run(ward, "verify")
    ward.add("/archive/.*BBBUSDT", "status", status=403)
    for _ in range(2):
        [request], _ = ward.tick("repair")
        ward.execute(request)
        assert ward.tick("repair") == ([], f"{D}: 1 partitions are corrupted; none is due")
        ward.at(ward.lake.now + timedelta(days=1))
    assert Requests(ward.lake.root).of("mend", D)[HARMED].tries == 2


def test_the_sweep_can_be_narrowed_by_hand(ward: Ward) -> None:
    config = {"ops": {"sweep_raw": {"config": {"datasets": [D], "symbols": ["AAAUSDT"]}}}}
    assert run(ward, "verify", **config).success
    assert observed(ward, f"raw/binance_archive/{D}")["objects"] == 2


def test_halts_are_told_as_an_asset_date_by_date_and_once(ward: Ward) -> None:
    result = run(ward, "find_halts")
    told = {
        event.partition: event.event_specific_data.materialization.metadata["dagster/row_count"].value
        for event in result.get_asset_materialization_events()
    }
    assert told == {DAYS[0]: 0, DAYS[1]: 1}
    halts = dg.AssetKey(["halts", D])
    assert ward.instance.get_materialized_partitions(halts) == set(DAYS)
    assert halts in ward.defs.resolve_all_asset_keys()
    assert run(ward, "find_halts").get_asset_materialization_events() == []


def test_the_universe_is_learnt_tick_by_tick(ward: Ward) -> None:
    for symbol in SYMBOLS[:2]:
        ward.truth.put_day(symbol, DAYS[1], made_day(DAYS[1]))
    requests, said = ward.tick("universe")
    assert requests == []
    assert said == "spot: 3 new rows; 3 symbols are known, 3 were asked for, 0 never"
    known = read_universe(Store(ward.lake.root), "spot")
    assert dict(known.select("symbol", "status").iter_rows()) == {
        "AAAUSDT": "trading",
        "BBBUSDT": "trading",
        "CCCUSDT": "unknown",
    }
    assert str(ward.tick("universe")[1]).startswith("spot: 0 new rows")


def test_a_failed_gate_is_told_once(ward: Ward, webhook: Webhook) -> None:
    ward.mirror.put(day_key(*HARMED), b"not a zip")
    ran = ward.lake.materialize(D, HARMED[0], HARMED[1], refill=False)
    assert not ran.ok
    _, said = ward.tick("alert_quality")
    assert said is not None
    assert said.endswith("1 messages sent")
    [message] = webhook.messages
    assert message["title"] == f"bcdata: merged/{D} holds back what breaks nothing_sound"
    assert "BBBUSDT 2025-01-02" in message["message"]
    assert "bcdata status" in message["message"]
    ward.tick("alert_quality")
    assert len(webhook.messages) == 1


def test_damage_is_told(ward: Ward, webhook: Webhook) -> None:
    flip(zip_of(ward))
    run(ward, "verify")
    ward.tick("alert_quality")
    assert webhook.messages[0]["title"] == f"bcdata: stored objects of {D} are damaged or lost"


def test_gaps_that_were_given_up_are_told_and_stale_sources(ward: Ward) -> None:
    """Asked for by the sensor until it gives up; meanwhile nobody has refreshed anything."""
    ward.mirror.put_day("AAAUSDT", "2025-01-03", made_day("2025-01-03")[:1000])
    ward.at("2025-01-04T12:00:00")
    assert ward.lake.materialize(D, "AAAUSDT", "2025-01-03", refill=False).ok
    dataset, store = ward.lake.catalog[D], Store(ward.lake.root)
    assert {one.key for one in quality_notices(store, dataset, ward.lake.now)} == set()
    ward.add("/klines", "status", status=400)
    for _ in range(60):
        if f"gave_up/{D}" in {one.key for one in quality_notices(store, dataset, ward.lake.now)}:
            break
        ward.at(ward.lake.now + timedelta(days=8))
        requests, _ = ward.tick("refill")
        # The runs are lost: nothing is answered, and nothing gets better.
        assert [cells(request) for request in requests] in ([], [[("AAAUSDT", "2025-01-03")]])
    told = {one.key: one for one in quality_notices(store, dataset, ward.lake.now)}
    assert set(told) == {f"gave_up/{D}", f"stale/{D}"}
    assert "440 bars stay missing" in told[f"gave_up/{D}"].text
    assert "daily_spot_day" in told[f"stale/{D}"].text


def fail(ward: Ward, **more: Any) -> None:
    """A run that fails: it is told to look at a dataset that does not exist."""
    config = {"ops": {"sweep_raw": {"config": {"datasets": ["moon_klines_1m"]}}}, **QUIET}
    job = ward.defs.resolve_job_def("verify")
    assert not job.execute_in_process(instance=ward.instance, run_config=config, raise_on_error=False, **more).success


def tick_on_failures(ward: Ward) -> None:
    """A tick as the daemon makes it: over all runs that have failed since the last one."""
    name, repository = "alert_run_failure", ward.defs.get_repository_def()
    sensor = repository.get_sensor_def(name)
    with dg.build_sensor_context(
        ward.instance,
        cursor=ward.cursors.get(name),
        repository_def=repository,
        resources=build_resources(),
        sensor_name=name,
    ) as context:
        ward.cursors[name] = sensor.evaluate_tick(context).cursor


def test_failed_runs_are_told_with_their_cause_and_alike_ones_are_folded(ward: Ward, webhook: Webhook) -> None:
    tick_on_failures(ward)
    for _ in range(3):
        fail(ward)
        tick_on_failures(ward)
    [message] = webhook.messages
    assert message["title"] == "bcdata: a run of verify failed"
    assert ": there is no dataset 'moon_klines_1m'" in message["message"]
    tell(ward.lake.root, [], ward.lake.now + timedelta(hours=7))
    assert "2 times" in webhook.messages[1]["message"]


def test_partitions_that_are_not_published_are_told_once_and_not_as_a_failed_run(ward: Ward, webhook: Webhook) -> None:
    tick_on_failures(ward)
    ward.mirror.put(day_key("AAAUSDT", "2025-01-03"), b"PK: no zip")
    ward.lake.materialize(D, "AAAUSDT", "2025-01-03", "2025-01-03", refill=False)
    ends = dict.fromkeys((RANGE_START, RANGE_END), "2025-01-03|AAAUSDT")
    done = ward.defs.resolve_job_def(MATERIALIZE).execute_in_process(
        instance=ward.instance, run_config=QUIET, tags=ends, raise_on_error=False
    )
    gates = {f"{'__'.join(step.key)}_gate" for step in steps(ward.lake.catalog[D])}
    assert {event.step_key for event in done.get_step_failure_events()} <= gates
    assert not done.success
    tick_on_failures(ward)
    assert webhook.messages == []
    ward.tick("alert_quality")
    [message] = webhook.messages
    assert "AAAUSDT 2025-01-03" in message["message"]


def test_a_run_of_a_command_is_no_alert_and_one_that_is_started_again_on_the_pages_is(
    ward: Ward, webhook: Webhook
) -> None:
    """Who typed the command was told. Dagster gives a run that is started again the tags of the first."""
    tick_on_failures(ward)
    number = str(uuid.uuid4())
    fail(ward, run_id=number, tags={COMMAND_TAG: "1", OWN_TAG: number})
    tick_on_failures(ward)
    assert webhook.messages == []
    fail(ward, tags={COMMAND_TAG: "1", OWN_TAG: number})
    tick_on_failures(ward)
    assert len(webhook.messages) == 1


def test_a_run_that_somebody_ended_is_no_failure(ward: Ward, webhook: Webhook) -> None:
    tick_on_failures(ward)
    fail(ward)
    [run] = ward.instance.get_runs(limit=1)
    ward.instance.report_run_canceled(run, message="Ctrl-C")
    tick_on_failures(ward)
    assert webhook.messages == []


def test_a_dead_channel_fails_no_tick(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALERT_URLS", "json://127.0.0.1:1/")
    tick_on_failures(ward)
    fail(ward)
    tick_on_failures(ward)
    flip(zip_of(ward))
    run(ward, "verify")
    assert ward.tick("alert_quality") == ([], f"{D}: 1 new facts, 0 messages sent")


def test_the_cause_of_a_run_that_never_began_is_dagsters_word() -> None:
    assert root_cause([], "the process was killed\nby somebody") == "the process was killed"


def test_months_replace_days_by_a_schedule_where_the_catalog_says_so(ward: Ward, tmp_path: Path) -> None:
    text = "datasets:\n  spot_klines_1m:\n    {grain: month, start: 2023-01, symbols: [AAAUSDT],"
    path = tmp_path / "months.yaml"
    path.write_text(f"{text} sources: [binance_archive], monthly_replaces_daily: true}}\n")
    [schedule] = [one for one in build_schedules(load_catalog(path)) if one.name.startswith("monthly_")]
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    ward.instance.add_dynamic_partitions("spot_symbols_by_month", ["AAAUSDT"])
    ward.at("2025-01-08T12:00:00")
    with dg.build_schedule_context(ward.instance, scheduled_execution_time=utc("2025-01-08T12:00:00")) as context:
        [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == "2024-12|AAAUSDT"
    assert request.tags["dagster/asset_partition_range_end"] == "2024-12|AAAUSDT"
