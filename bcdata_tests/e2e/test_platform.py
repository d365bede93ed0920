"""The platform as its users run it: the real webserver and daemon, driven through the public API alone.

One story, told in order: symbols are discovered, a backfill brings two months of two symbols, one partition of
which is broken at its source; it stays out of merged whichever way it is asked for, until its source is mended; a
schedule's tick refreshes the open month; all processes end when they are asked to.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pytest

from bcdata_tests.e2e.api import NO_CONFIG, Api, Key, wait
from bcdata_tests.e2e.platform import BROKEN, REFUSED, Platform, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

D = "spot_klines_1m"
DAILY, DISCOVERY = "daily_spot_month", "discover_symbols"
RAW: Key = ("raw", "binance_archive", D)
PARSED: Key = ("parsed", "binance_archive", D)
MERGED: Key = ("merged", D)
FEATURES: Key = ("features", D)
ASSETS = [RAW, PARSED, ("raw", "binance_rest", D), ("parsed", "binance_rest", D), MERGED, FEATURES]
BARS = {"2023-01": 31 * 1440, "2023-02": 28 * 1440}
BAD = "2023-02|ETHUSDT"
GOOD = ["2023-01|BTCUSDT", "2023-01|ETHUSDT", "2023-02|BTCUSDT"]
OPEN_MONTH = "2023-03"
ENDS = {"SUCCESS", "FAILURE", "CANCELED"}
OWN_PROCESSES = {"execution": {"config": {"multiprocess": {"max_concurrent": 2}}}}
"""The run config by which each step gets a process."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Everything, running."""
    with running(tmp_path_factory.mktemp("e2e")) as started:
        yield started


@pytest.fixture(scope="module", autouse=True)
def schedule(platform: Platform) -> str:
    """The daily refresh, turned on at the start: its ticks come while the tests before it work."""
    return platform.api.start_schedule(DAILY)


@pytest.fixture(scope="module")
def api(platform: Platform) -> Api:
    """The webserver's API."""
    return platform.api


@pytest.fixture(scope="module")
def symbols(platform: Platform) -> list[str]:
    """The symbols that the discovery sensor has made partitions, once somebody has turned it on."""
    assert platform.api.ticks(DISCOVERY) == [], "nobody has asked for a universe yet"
    platform.api.start_sensor(DISCOVERY)
    wait("discovered symbols", lambda: platform.api.symbols(MERGED), seconds=60)
    return platform.api.symbols(MERGED)


@pytest.fixture(scope="module")
def backfilled(platform: Platform, symbols: list[str]) -> str:
    """A backfill of two months of two symbols, whose runs have ended."""
    assert {"BTCUSDT", "ETHUSDT"} <= set(symbols)
    backfill = platform.api.backfill(ASSETS, [*GOOD, BAD])

    def ended() -> bool:
        runs = platform.api.backfill_state(backfill)[1]
        return bool(runs) and set(runs) <= ENDS

    # Dagster's daemon looks at backfills every 30 s: once to launch the runs, once more to see that they are done.
    wait("the runs of a backfill", ended, seconds=300, every=0.5)
    return backfill


def _run(
    platform: Platform, keys: list[Key], partition: str, *, ends: str = "SUCCESS", config: Mapping[str, Any] = NO_CONFIG
) -> str:
    """One run of one partition, that ends as it should; its id."""
    run = platform.api.run(keys, partition, config)
    wait("a run", lambda: platform.api.run_status(run) in ENDS, seconds=300)
    assert platform.api.run_status(run) == ends, platform.say()
    return run


def _told(api: Api, run: str, keys: list[Key]) -> dict[str, Any]:
    """What pages say of the backfill's partitions after a run, and of the run itself: its gates and its tag.

    The schedule is at work meanwhile, on others.
    """
    there = {key: {one for one, told in api.materializations(key, [*GOOD, BAD]).items() if told} for key in keys}
    gates = {key: api.gate_of_run(key, run) | {"runId": None} for key in keys}
    failed = {key: api.failed(key) for key in keys}
    checks = {key: api.checks(key, [*GOOD, BAD]) for key in keys}
    noted = api.run_tags(run).get("bcdata/not_published")
    return {"there": there, "failed": failed, "gates": gates, "checks": checks, "noted": noted}


def _bars(platform: Platform, partition: str, zone: str = "merged") -> pl.DataFrame | None:
    date, symbol = partition.split("|")
    file = platform.lake / zone / D / f"symbol={symbol}" / f"date={date}" / "part-0.parquet"
    return pl.read_parquet(file, hive_partitioning=False) if file.exists() else None


def test_definitions_load_and_the_daemons_are_healthy(platform: Platform) -> None:
    status, location = platform.api.location()
    assert (status, location["__typename"]) == ("LOADED", "RepositoryLocation"), location
    wait("healthy daemons", lambda: all(platform.api.daemons().values()), seconds=30)
    assert set(platform.api.daemons()) >= {"SENSOR", "SCHEDULER", "BACKFILL", "QUEUED_RUN_COORDINATOR"}


def test_the_sensor_makes_partitions_of_what_the_archive_lists(api: Api, symbols: list[str]) -> None:
    """SRMUSDT is delisted later; ARBUSDT is not listed yet at the exchange's present instant."""
    assert symbols == ["BTCUSDT", "ETHUSDT", "SRMUSDT"]
    [tick] = api.ticks(DISCOVERY)
    assert (tick["status"], tick["error"]) in {("SUCCESS", None), ("SKIPPED", None)}
    wait("symbols of um", lambda: api.symbols(("merged", "um_klines_1m")) == ["BTCUSDT"], seconds=30)


def test_a_backfill_takes_one_run_for_each_key_of_the_smaller_dimension(api: Api, backfilled: str) -> None:
    assert sorted(api.backfill_state(backfilled)[1]) == ["FAILURE", "SUCCESS"], "one has the broken partition"


def test_every_partition_has_its_rows_and_its_fingerprint(platform: Platform, backfilled: str) -> None:
    del backfilled
    for key in (PARSED, MERGED, FEATURES):
        for partition, metadata in platform.api.materializations(key, GOOD).items():
            assert metadata is not None, (key, partition)
            assert metadata["dagster/row_count"] == BARS[partition[:7]], (key, partition)
            assert metadata["state"] == "published"
            assert metadata["fingerprint"]
    for partition in GOOD:
        bars = _bars(platform, partition)
        assert bars is not None
        assert bars.height == BARS[partition[:7]]
        assert bars["source"].unique().to_list() == ["binance_archive"]


@pytest.mark.parametrize("key", ASSETS, ids="/".join)
def test_healthy_partitions_are_materialized_and_have_nothing_against_them(api: Api, backfilled: str, key: Key) -> None:
    del backfilled
    assert api.checks(key, GOOD) == {partition: {} for partition in GOOD}
    assert all(api.materializations(key, GOOD).values())


@pytest.mark.parametrize("key", [MERGED, FEATURES], ids="/".join)
def test_the_broken_partition_is_failed_and_not_materialized(api: Api, backfilled: str, key: Key) -> None:
    del backfilled
    assert api.counts(key) == {"materialized": len(GOOD), "failed": 1}
    assert api.failed(key) == {BAD}
    assert api.materializations(key, [BAD]) == {BAD: None}
    assert api.gate_of_run(key)["status"] == "FAILED"


@pytest.mark.parametrize(("key", "rule"), [(MERGED, "nothing_sound"), (FEATURES, "upstream")])
def test_the_broken_partition_fails_its_checks_and_says_why(api: Api, backfilled: str, key: Key, rule: str) -> None:
    del backfilled
    check = api.checks(key, [BAD])[BAD]
    assert (check["status"], check["severity"], check["state"]) == ("FAILED", "ERROR", "held back"), check
    assert f"rule {rule}" in check, check


def test_the_broken_partition_is_not_in_the_next_zones(platform: Platform, backfilled: str) -> None:
    del backfilled
    assert _bars(platform, BAD) is None
    assert _bars(platform, BAD, "features") is None
    assert (platform.lake / "quarantine").is_dir()


def test_a_later_run_of_the_downstream_assets_alone_does_not_take_it_either(
    platform: Platform, backfilled: str
) -> None:
    """Dagster's blocking checks would hold within one run only."""
    del backfilled
    _run(platform, [MERGED, FEATURES], BAD, ends="FAILURE")
    assert _bars(platform, BAD) is None
    assert _bars(platform, BAD, "features") is None
    assert platform.api.checks(MERGED, [BAD])[BAD]["status"] == "FAILED"


def test_steps_in_processes_of_their_own_tell_the_same(platform: Platform, backfilled: str) -> None:
    del backfilled
    keys = [MERGED, FEATURES]
    one = _run(platform, keys, BAD, ends="FAILURE")
    in_one = _told(platform.api, one, keys)
    several = _run(platform, keys, BAD, ends="FAILURE", config=OWN_PROCESSES)
    assert _told(platform.api, several, keys) == in_one
    assert in_one["noted"] == "2", "merged and features"
    assert all((in_one["there"][key], in_one["failed"][key]) == (set(GOOD), {BAD}) for key in keys)
    assert {gate["status"] for gate in in_one["gates"].values()} == {"FAILED"}
    assert len(platform.api.processes(one)) == 1
    assert len(platform.api.processes(several)) == 4, "each asset and each gate has its own"


def test_a_mended_source_heals_it(platform: Platform, backfilled: str) -> None:
    """Bars and features in a run with several processes; `test_clicks.py` clicks through all in one process."""
    del backfilled
    platform.exchange.remove(BROKEN)
    platform.exchange.remove(REFUSED)
    _run(platform, ASSETS[:4], BAD)
    healed = _run(platform, ASSETS[4:], BAD, config=OWN_PROCESSES)
    told = _told(platform.api, healed, ASSETS[4:])
    bars = _bars(platform, BAD)
    assert bars is not None
    assert bars.height == BARS[BAD[:7]]
    for key in ASSETS:
        assert platform.api.checks(key, [BAD])[BAD].get("status", "SUCCEEDED") == "SUCCEEDED", key
        assert platform.api.counts(key)["failed"] == 0, key
        assert platform.api.materializations(key, [BAD])[BAD] is not None, key
        assert platform.api.gate_of_run(key)["status"] == "SUCCEEDED", key
    assert platform.api.checks(MERGED, [BAD])[BAD]["status"] == "SUCCEEDED", "what was said of it is taken back"
    assert _told(platform.api, _run(platform, ASSETS[4:], BAD), ASSETS[4:]) == told


def test_a_scheduled_tick_refreshes_the_open_month_of_every_symbol(
    platform: Platform, symbols: list[str], schedule: str
) -> None:
    api = platform.api

    def done() -> list[dict[str, Any]]:
        ticks = api.ticks(DAILY)
        assert not [tick for tick in ticks if tick["error"]], ticks
        return [run for tick in ticks for run in tick["runs"] if run["status"] in ENDS]

    run = wait("a scheduled run", done, seconds=100)[-1]
    assert run["status"] == "SUCCESS", platform.say()
    assert {"key": "dagster/schedule_name", "value": DAILY} in run["tags"]
    keys = [f"{OPEN_MONTH}|{symbol}" for symbol in symbols]
    for partition, metadata in api.materializations(MERGED, keys).items():
        assert metadata is not None, partition
        bars = _bars(platform, partition)
        assert bars is not None
        assert metadata["dagster/row_count"] == bars.height > 8 * 1440, partition
        assert api.checks(MERGED, [partition]) == {partition: {}}
    api.stop_schedule(schedule)


def test_the_daemon_says_that_the_backfill_is_over_and_not_all_of_it_was_made(api: Api, backfilled: str) -> None:
    wait("the end of the backfill", lambda: api.backfill_state(backfilled)[0] != "REQUESTED", seconds=90, every=1)
    assert api.backfill_state(backfilled)[0] == "COMPLETED_FAILED"


def test_everything_ends_when_it_is_asked_to(platform: Platform) -> None:
    """Last: the story is over."""
    printed = platform.say()
    for word in ("Traceback", "Warning"):
        assert word not in printed, printed
    errors = [line for line in printed.splitlines() if " ERROR " in line]
    assert all("_gate" in line for line in errors), "two runs failed, by gates and nothing else\n" + printed
    assert platform.stop() == []
    assert "ResourceWarning" not in platform.say()
