"""Files that are not as files are: no rows, lost line ends, other line ends, several versions with fewer rows each."""

import hashlib
import os
from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import pytest

from bcdata.healing.heal import HealOrder, heal
from bcdata.pipeline.context import open_run_context
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, coarse, csv_of, day_key, made_day, zipped
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.scenarios.breakage import HEADER
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

DAY, NEXT, MONTH = "2025-01-02", "2025-01-03", "2025-01"
ROWS = made_day(DAY)
BOTH = pytest.mark.parametrize(("catalog", "date"), [(BY_DAY, DAY), (BY_MONTH, MONTH)], ids=["by day", "by month"])


def put(world: World, content: bytes, day: str = DAY) -> None:
    world.mirror.put(day_key("BTCUSDT", day), zipped(f"BTCUSDT-1m-{day}.csv", content))


def run(lake: Lake, date: str) -> Ran:
    return lake.materialize(D, "BTCUSDT", date, until=Zone.MERGED, refill=False)


def of_day(ledger: pl.DataFrame, day: str = DAY) -> pl.DataFrame:
    return ledger.filter(pl.col("start").dt.date().cast(pl.String) == day)


def minutes(ledger: pl.DataFrame, status: str) -> list[int]:
    """The minutes of the day that the ledger has under a status."""
    spans = of_day(ledger).filter(pl.col("status") == status).select("start", "end").rows()
    opens = ((start - utc(DAY)) // timedelta(minutes=1) for start, _ in spans)
    ends = ((end - utc(DAY)) // timedelta(minutes=1) for _, end in spans)
    return sorted(at for first, end in zip(opens, ends, strict=True) for at in range(first, end + 1))


@BOTH
def test_line_ends_may_be_carriage_returns(world: World, catalog: str, date: str) -> None:
    put(world, csv_of(ROWS).replace(b"\n", b"\r"))
    lake = world.lake(catalog)
    ran = run(lake, date)
    assert published(lake, "BTCUSDT", date) == bars_of(ROWS)
    assert "extra_columns" not in ran.rules(Zone.PARSED, "BTCUSDT", date, ARCHIVE)


@BOTH
@pytest.mark.parametrize("at", [(0,), (700,), (1438,), (10, 700), (10, 11)])
def test_rows_without_a_line_end_between_them_are_quarantined(
    world: World, catalog: str, date: str, at: tuple[int, ...]
) -> None:
    lines = csv_of(ROWS).splitlines()
    put(world, b"".join(line + (b"" if n in at else b"\n") for n, line in enumerate(lines)))
    lake = world.lake(catalog)
    run(lake, date)
    lost = sorted({n for one in at for n in (one, one + 1)})
    ledger = assert_honest(lake, "BTCUSDT", date, ROWS)
    assert (minutes(ledger, "quarantined"), minutes(ledger, "open")) == (lost, [])
    assert "fields where klines have 12" in of_day(ledger)["evidence"][0]


def test_a_line_that_tells_no_time_is_placed_beside_joined_rows(world: World) -> None:
    lines = csv_of(ROWS).splitlines()
    put(world, b"\n".join([*lines[:5], b"<oops>", lines[6] + lines[7], b"<oops>", *lines[9:]]) + b"\n")
    lake = world.lake(BY_DAY)
    run(lake, DAY)
    assert minutes(assert_honest(lake, "BTCUSDT", DAY, ROWS), "quarantined") == [5, 6, 7, 8]


def test_by_day_a_line_of_the_month_that_tells_no_time_is_placed_as_by_month(world: World) -> None:
    lines = csv_of([*ROWS, *made_day(NEXT)]).splitlines()
    lines[5] = b"<oops>"
    name = f"BTCUSDT-1m-{MONTH}"
    world.mirror.put(
        f"data/spot/monthly/klines/BTCUSDT/1m/{name}.zip", zipped(f"{name}.csv", b"\n".join(lines) + b"\n")
    )
    for catalog, date in ((BY_DAY, DAY), (BY_MONTH, MONTH)):
        lake = world.lake(catalog, name=date)
        run(lake, date)
        truth = [*ROWS, *(made_day(NEXT) if date == MONTH else [])]
        assert minutes(assert_honest(lake, "BTCUSDT", date, truth), "quarantined") == [5]


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode()], ids=["empty", "blank lines", "a header"])
def test_an_object_without_a_row_is_named_and_its_bars_are_in_the_ledger(world: World, content: bytes) -> None:
    put(world, content)
    put(world, csv_of(made_day(NEXT)), NEXT)
    lake = world.lake(BY_MONTH)
    ran = run(lake, MONTH)
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["no_rows"] == 1
    ledger = of_day(assert_honest(lake, "BTCUSDT", MONTH, made_day(NEXT)))
    assert ledger.select("status", "bars").rows() == [("quarantined", 1440)]
    assert ledger["evidence"][0] == f"BTCUSDT-1m-{DAY}.zip cannot be read: it holds no row"


def test_by_day_a_partition_of_no_row_is_held_back_or_made_of_its_month(world: World) -> None:
    put(world, HEADER.encode())
    ran = run(world.lake(BY_DAY), DAY)
    assert ran.rules(Zone.PARSED, "BTCUSDT", DAY, ARCHIVE)["no_rows"] == 1
    assert "holds no row" in ran.troubles[0]
    world.mirror.put_month("BTCUSDT", MONTH, ROWS)
    ran = run(world.lake(BY_DAY), DAY)
    assert ran.troubles == []
    assert published(world.lake(BY_DAY), "BTCUSDT", DAY) == bars_of(ROWS)


def test_a_control_without_a_row_is_named(world: World) -> None:
    put(world, csv_of(ROWS))
    world.mirror.put_day("BTCUSDT", DAY, coarse(ROWS), interval="1h")
    world.mirror.put(day_key("BTCUSDT", DAY, interval="1d"), zipped(f"BTCUSDT-1d-{DAY}.csv", b""))
    rules = run(world.lake(BY_DAY), DAY).rules(Zone.PARSED, "BTCUSDT", DAY, ARCHIVE)
    assert rules["control_unreadable"] == 1


@pytest.mark.parametrize("column", [0, 6])
def test_a_row_whose_time_is_no_whole_number_breaks_one_rule(world: World, column: int) -> None:
    floats = [
        [*one[:column], f"{one[column]}.0", *one[column + 1 :]] if at < 10 else one for at, one in enumerate(ROWS)
    ]
    put(world, csv_of(floats))
    rules = run(world.lake(BY_DAY), DAY).rules(Zone.PARSED, "BTCUSDT", DAY, ARCHIVE)
    assert rules == {"values": 10}


def test_stamps_in_seconds_are_no_early_bars(world: World) -> None:
    seconds = [[str(int(one[0]) // 10**6), *one[1:6], str(int(one[6]) // 10**6), *one[7:]] for one in ROWS]
    put(world, csv_of(seconds))
    rules = run(world.lake(BY_DAY), DAY).rules(Zone.PARSED, "BTCUSDT", DAY, ARCHIVE)
    assert set(rules) == {"content_matches_name", "bad_share"}


def follow(world: World, catalog: str, date: str, *versions: Rows) -> Lake:
    """A lake that saw these versions of the day, one after the other."""
    lake, path = world.lake(catalog), world.mirror.root / day_key("BTCUSDT", DAY)
    for at, rows in enumerate(versions, 1):
        put(world, csv_of(rows))
        stamp = utc(f"2025-02-{at:02}").timestamp()
        os.utime(path, (stamp, stamp))
        run(lake, date)
    return lake


def evidence(lake: Lake, date: str) -> Sequence[tuple[int, str]]:
    return of_day(lake.ledger(D, "BTCUSDT", date)).select("bars", "evidence").rows()


@BOTH
def test_rows_of_several_earlier_versions_are_one_run(world: World, catalog: str, date: str) -> None:
    """Two versions that have every other row each, of which the last one has none."""
    kept = ROWS[:700]
    lake = follow(world, catalog, date, [*kept, *ROWS[700::2]], [*kept, *ROWS[701::2]], kept)
    [(bars, words)] = evidence(lake, date)
    assert bars == 740
    assert words.startswith("withdrawn: held by version ")
    assert words.count(", what that lacks by ") == 1


def test_a_run_names_the_newest_version_that_has_all_of_it(world: World) -> None:
    first, second, third, last = ROWS, [*ROWS[:700], *ROWS[710:]], ROWS[:-5], ROWS[:1430]
    lake = follow(world, BY_DAY, DAY, first, second, third, last)
    versions = {
        hashlib.sha256(zipped(f"BTCUSDT-1m-{DAY}.csv", csv_of(one))).hexdigest()[:12]: one
        for one in (first, second, third)
    }
    [(bars, words)] = evidence(lake, DAY)
    assert bars == 10
    assert versions[words.removeprefix("withdrawn: held by version ")] is second


@pytest.mark.slow
def test_of_versions_that_have_some_bars_of_two_days_each_day_has_a_run(world: World) -> None:
    name, key = f"BTCUSDT-1m-{MONTH}", f"data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-{MONTH}.zip"
    both, lake = [*ROWS, *made_day(NEXT)], world.lake(BY_MONTH)
    for at, rows in enumerate((both[::2], both[1::2], both[:10]), 1):
        world.mirror.put(key, zipped(f"{name}.csv", csv_of(rows)))
        os.utime(world.mirror.root / key, (utc(f"2025-02-{at:02}").timestamp(),) * 2)
        run(lake, MONTH)
    ledger = lake.ledger(D, "BTCUSDT", MONTH).filter(pl.col("evidence").str.starts_with("withdrawn"))
    assert ledger["bars"].to_list() in ([1430, 1440], [2870])
    assert ledger["evidence"].str.count_matches(", what that lacks by ").to_list() == [1] * ledger.height


def test_a_key_of_the_future_costs_itself(world: World) -> None:
    """An object that is dated after now, or so late that its day has no end, and a partition that has not begun."""
    put(world, csv_of(ROWS))
    for future in ("2025-03-05", "2030-01-01", "9999-12-31"):
        put(world, b"", future)
        world.mirror.put(f"data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-{future[:7]}.zip", b"")
    lake = world.lake(BY_DAY)
    plan = lake.plan(D, "BTCUSDT", DAY, until=Zone.MERGED)
    orders = [HealOrder(plan.steps, (("BTCUSDT", DAY), ("BTCUSDT", "2025-03-02"), ("BTCUSDT", "2031-01-01")))]
    with open_run_context(lake.root, lake.catalog, lake.now) as context:
        done = [outcome for step, outcome in heal(context, orders) if step.zone is Zone.MERGED]
    assert published(lake, "BTCUSDT", DAY) == bars_of(ROWS)
    refused = {one.partition.date: one.verdict.summary() for one in done if one.state is State.FAILED}
    assert sorted(refused) == ["2025-03-02", "2031-01-01"]
    assert refused["2025-03-02"].endswith("2025-03-02 lies in the future; the present day is 2025-03-01")
    assert lake.bars(D, "BTCUSDT", "2025-03-02") is None


def test_a_file_of_the_future_does_not_keep_a_symbol_alive(world: World) -> None:
    put(world, csv_of(ROWS))
    put(world, csv_of(made_day("2030-01-01")), "2030-01-01")
    lake = world.lake(BY_MONTH)
    lake.materialize(D, "BTCUSDT", MONTH, until=Zone.MERGED)
    assert of_day(lake.ledger(D, "BTCUSDT", MONTH), NEXT)["status"].to_list() == ["delisted"]
