"""The unit of failure is the unit of damage: what ends one partition leaves the others, and names the culprit."""

import json
import logging
import shutil
from collections.abc import Awaitable
from pathlib import Path

import pytest

from bcdata.errors import StoreError
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.stream import each, each_async
from bcdata.pipeline.zones import Zone
from bcdata.quality.verdict import Verdict
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import csv_of, day_key, made_day, moved, zipped
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import ARCHIVE, REST, Lake, tree
from bcdata_tests.world import BARS_BY_DAY, BY_MONTH, D, World

DAY = "2025-01-02"
THREE = BARS_BY_DAY.replace("[BTCUSDT]", "[BTCUSDT, ETHUSDT, SOLUSDT]")
PARTITIONS = [Partition("parsed", D, symbol, DAY, ARCHIVE) for symbol in ("AAA", "BBB", "CCC")]


def recursing(depth: int) -> int:
    return recursing(depth + 1) + 1


def context(partition: Partition) -> Outcome:
    if partition.symbol == "BBB":
        recursing(0)
    return Outcome(partition, State.PUBLISHED, Verdict(1))


def assert_only_the_second_failed(outcomes: list[Outcome], caplog: pytest.LogCaptureFixture) -> None:
    states = {outcome.partition.symbol: outcome.state for outcome in outcomes}
    assert states == {"AAA": State.PUBLISHED, "BBB": State.FAILED, "CCC": State.PUBLISHED}
    [failed] = [outcome for outcome in outcomes if not outcome.ok]
    assert "RecursionError" in failed.verdict.summary()
    assert f"parsed/{ARCHIVE} {D} BBB {DAY}" in failed.verdict.summary()
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.levelno == logging.ERROR


def test_an_error_that_nobody_foresaw_ends_its_partition_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert_only_the_second_failed(list(each(tmp_path, PARTITIONS, context)), caplog)


def test_on_the_loop_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def waiting(partition: Partition) -> Outcome:
        return context(partition)

    def begin(partition: Partition) -> Awaitable[Outcome]:
        return waiting(partition)

    with BackgroundLoop() as loop:
        assert_only_the_second_failed(list(each_async(tmp_path, loop, PARTITIONS, begin, at_once=2)), caplog)


def test_an_interrupt_is_nobodys_failure(tmp_path: Path) -> None:
    def interrupted(_: Partition) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(each(tmp_path, PARTITIONS, interrupted))


def test_a_symbol_that_no_file_system_takes_fails_alone(tmp_path: Path) -> None:
    long = Partition("parsed", D, "A" * 300, DAY, ARCHIVE)
    (tmp_path / f"parsed/{ARCHIVE}/{D}").mkdir(parents=True)
    with pytest.raises(StoreError, match="too long"):
        Store(tmp_path).published(long)


@pytest.mark.parametrize("stamp", ["{}.0", "{:e}", "{}e0"])
def test_open_times_that_are_no_whole_numbers_cost_one_symbol(world: World, stamp: str) -> None:
    for symbol in ("ETHUSDT", "SOLUSDT"):
        world.mirror.put_day(symbol, DAY, made_day(DAY))
    rows = [[stamp.format(int(row[0])), *row[1:]] for row in made_day(DAY)]
    world.mirror.put_day("BTCUSDT", DAY, rows)
    lake = world.lake(THREE)
    ran = lake.materialize(D, "BTCUSDT,ETHUSDT,SOLUSDT", DAY, refill=False)
    merged = {symbol for (symbol, _), outcome in ran.of(Zone.MERGED).items() if outcome.state is State.PUBLISHED}
    assert {"ETHUSDT", "SOLUSDT"} <= merged
    for symbol in ("ETHUSDT", "SOLUSDT"):
        assert published(lake, symbol, DAY) == bars_of(made_day(DAY))
    said = ran.of(Zone.PARSED, ARCHIVE)["BTCUSDT", DAY].verdict
    assert said.findings


SHAPES: dict[str, object] = {
    "another record": {"objects": [{"name": 1}], "series": "x", "evidence": {}, "fingerprint": "f"},
    "no list": {"objects": {"a": "b"}, "queries": 5, "series": "x", "evidence": {}, "fingerprint": "f"},
    "nothing in it": {},
    "a number": 5,
    "no times": {
        "objects": [],
        "evidence": {"not_listed": {"start": "yesterday", "end": "now", "status": "open", "evidence": ""}},
        "series": "x",
        "fingerprint": "f",
    },
    "a way out of the lake": {
        "objects": [{"name": "a", "file": "../../b", "url": "u", "period": "daily", "date": DAY, "bytes": 1,
                     "sha256": "0", "checksum": "match", "checksum_text": None, "whole": True, "listed": {}}],
        "series": "x", "evidence": {}, "fingerprint": "f", "controls": [],
    },
}  # fmt: skip


@pytest.mark.one_in(12, slow=4)
@pytest.mark.parametrize("provider", [ARCHIVE, REST])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_manifest_of_another_shape_is_as_good_as_none(world: World, shape: str, provider: str) -> None:
    world.mirror.put_day("BTCUSDT", DAY, [row for at, row in enumerate(made_day(DAY)) if not 100 <= at < 120])
    world.truth.put_day("BTCUSDT", DAY, made_day(DAY))
    lake = world.lake(BARS_BY_DAY)
    assert lake.materialize(D, "BTCUSDT", DAY).ok
    before = tree(lake.root)
    (lake.root / Partition("raw", D, "BTCUSDT", DAY, provider).key(MANIFEST)).write_text(json.dumps(SHAPES[shape]))
    ran = lake.materialize(D, "BTCUSDT", DAY)
    assert ran.troubles == []
    assert tree(lake.root) == before


def test_an_object_that_is_damaged_in_any_way_costs_no_other_partition(world: World) -> None:
    rows = made_day(DAY)
    bodies = {
        "BTCUSDT": zipped(f"BTCUSDT-1m-{DAY}.csv", csv_of([["x" * 1000, *row[1:]] for row in rows])),
        "ETHUSDT": b"PK\x03\x04",
    }
    for symbol, body in bodies.items():
        world.mirror.put(day_key(symbol, DAY), body)
    world.mirror.put_day("SOLUSDT", DAY, rows)
    lake = world.lake(THREE)
    lake.materialize(D, "BTCUSDT,ETHUSDT,SOLUSDT", DAY, refill=False)
    assert published(lake, "SOLUSDT", DAY) == bars_of(rows)


def test_features_of_another_month_are_computed_again(world: World) -> None:
    """A file that was put in the wrong place: its columns have another length."""
    catalog = BY_MONTH.replace("[log_ret_1, ret_vol_z, rsi_14, log_ret_1440]", "[log_ret_1, rsi_14]")
    days = [made_day("2025-01-01"), *(moved(made_day("2025-01-01"), 31 + at) for at in range(2))]
    world.mirror.put_day("BTCUSDT", "2025-01-01", days[0])
    for at, rows in enumerate(days[1:]):
        world.mirror.put_day("BTCUSDT", f"2025-02-{at + 1:02}", rows)
    lake = world.lake(catalog)
    assert lake.materialize(D, "BTCUSDT", "2025-01", "2025-02", refill=False).ok
    places = [lake.root / Partition("features", D, "BTCUSDT", date).key() for date in ("2025-01", "2025-02")]
    before = [place.read_bytes() for place in places]
    for wrong, right in ((0, 1), (1, 0)):
        shutil.copyfile(places[wrong], places[right])
        more = world.lake(catalog.replace("rsi_14]", "rsi_14, rsi_28]").replace("rsi_28", "ret_vol_z"))
        assert more.materialize(D, "BTCUSDT", "2025-01", "2025-02", refill=False).troubles == []
        back: Lake = world.lake(catalog)
        assert back.materialize(D, "BTCUSDT", "2025-01", "2025-02", refill=False).ok
        assert [place.read_bytes() for place in places] == before
