"""What each check of values catches on genuine days that are lied about, and that it leaves genuine days alone.

The table of docs/reference/suspicious-data.md is measured here; `BCDATA_POWER=1` measures every day and prints it.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.interval import Interval
from bcdata.quality.compare.coarser import compare
from bcdata.quality.compare.suspicion import find_steps, lag_against, repeated_days, unusual_volume_per_trade
from bcdata.quality.rules import count_violations, row_rules
from bcdata_tests.golden.archives import controls_of, genuine_bars
from bcdata_tests.golden.lies import LIES, Genuine

ONE = Interval.parse("1m")
CHECKS = ("row", "step", "volume", "coarser", "finding", "lag", "repeated")
OTHER = {"BTCUSDT": "ETHUSDT", "ETHUSDT": "BTCUSDT", "ARBUSDT": "ETHUSDT"}
REFERENCE = {"ETHUSDT": "BTCUSDT", "ARBUSDT": "BTCUSDT"}
Found = dict[str, dict[str, list[bool]]]


def subjects(mirror: Path, first: int, every: int) -> Iterator[tuple[str, Genuine, dict[str, pl.DataFrame]]]:
    """Whole days of spot minutes that hours or days cover, with minutes of another symbol for the same time."""
    bars = genuine_bars(mirror)
    for symbol, other in OTHER.items():
        own, others = bars["spot", "1m", symbol], bars["spot", "1m", other]
        controls = controls_of(bars, "spot", "1m", symbol)
        covered = set().union(*(frame["open_time"].dt.date() for frame in controls.values()))
        neighbours = {day + timedelta(days=1) for day in whole_days(own)}  # steps at midnight need one
        for at, day in enumerate(sorted(whole_days(own) & covered & neighbours)):
            if at % every == first:
                yield symbol, Genuine(own, _of_day(others, day), day), controls


def whole_days(bars: pl.DataFrame) -> set[date]:
    """The UTC days of which all minutes are there."""
    return {day for day, count in bars["open_time"].dt.date().value_counts().iter_rows() if count == 1440}


def _of_day(others: pl.DataFrame, day: date) -> pl.DataFrame:
    """Minutes of another symbol under the opens of a day: those of the day, or of one some weeks away."""
    there = whole_days(others)
    weeks = next(at for at in sorted(range(-150, 151), key=abs) if day + timedelta(weeks=at) in there)
    moved = others.filter(pl.col("open_time").dt.date() == day + timedelta(weeks=weeks))
    return moved.with_columns(pl.col("open_time") - timedelta(weeks=weeks))


def catches(
    one: Genuine, today: pl.DataFrame, controls: dict[str, pl.DataFrame], reference: pl.DataFrame | None
) -> dict[str, bool]:
    """Which checks notice that the day is not genuine."""
    start = today["open_time"][0]
    day, week, month = timedelta(days=1), timedelta(days=7), timedelta(days=30)
    before = one.bars.filter(pl.col("open_time").is_between(start - month, start, closed="left"))
    after = one.bars.filter(
        pl.col("open_time").is_between(start + day, start + day + timedelta(hours=1), closed="left")
    )
    around = pl.concat([before.tail(1), today, after])
    recent = pl.concat([before.filter(pl.col("open_time") >= start - week), today])
    stamps = today.with_columns(
        pl.col("open_time").cast(pl.Int64),
        close_time=pl.col("open_time").cast(pl.Int64) + 59_999_999,
        from_us=pl.lit(int(start.timestamp()) * 1_000_000),
        to_us=pl.lit(int((start + day).timestamp()) * 1_000_000),
    )
    near = {name: frame.filter(pl.col("open_time").dt.date() == one.day) for name, frame in controls.items()}
    found = compare(today, ONE, near)
    return {
        "row": bool(count_violations(stamps, row_rules(ONE))),
        "step": bool(find_steps(around, ONE)),
        "volume": any(found == one.day for found, _ in unusual_volume_per_trade(recent)),
        "coarser": bool(found.refuted or found.questioned),
        "finding": bool(found.refuted or found.questioned or found.findings),
        "lag": reference is not None and lag_against(today, reference, ONE) not in {0, None},
        "repeated": any(found == one.day for found, _ in repeated_days(pl.concat([before, today]))),
    }


def measure(mirror: Path, first: int, every: int) -> tuple[Found, dict[str, int]]:
    """For each lie and check on which days it was noticed; and how often genuine days were blamed."""
    power: Found = defaultdict(lambda: defaultdict(list))
    alarms: dict[str, int] = dict.fromkeys(CHECKS, 0)
    bars = genuine_bars(mirror)
    for symbol, one, controls in subjects(mirror, first, every):
        leader = REFERENCE.get(symbol)
        reference = None
        if leader:
            reference = bars["spot", "1m", leader]
        for check, hit in catches(one, one.today, controls, reference).items():
            alarms[check] += hit
        for name, lie in LIES.items():
            today = lie(one)
            if today.equals(one.today):
                continue  # the days that it is made of are not at hand
            for check, hit in catches(one, today, controls, reference).items():
                if check != "lag" or reference is not None:
                    power[name][check].append(hit)
    return power, alarms


def share(power: Found, lie: str, check: str) -> float:
    hits = power[lie][check]
    return 100 * sum(hits) / len(hits)


def show(power: Found) -> str:
    lines = ["| planted lie | days | " + " | ".join(CHECKS) + " |", "|---|" + "---|" * (len(CHECKS) + 1)]
    for lie in power:
        cells = [f"{share(power, lie, check):.0f}" if power[lie][check] else "" for check in CHECKS]
        lines.append(f"| {lie} | {len(power[lie]['row'])} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


ALL_OF = {
    "row": ("price and both x10", "price x10", "base x10", "swapped", "one row's quote cut"),
    "step": tuple(lie for lie in LIES if lie.startswith(("another symbol", "near price", "price"))),
    # Where a coin is worth about 1, swapped amounts differ by less than 5 %.
    "coarser": tuple(lie for lie in LIES if lie not in {"swapped", "one row's quote cut"}),
    "finding": tuple(LIES),
    "lag": ("shifted a minute", "day before", "30 days before"),
    "repeated": ("day before",),
}
"""The lies of which a check misses none."""


def assert_caught(power: Found) -> None:
    for check, lies in ALL_OF.items():
        missed = {lie: share(power, lie, check) for lie in lies if power[lie][check] and share(power, lie, check) < 100}
        assert missed == {}, check


EVERY = int(os.environ.get("BCDATA_POWER") or 40)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.one_in(8, slow=8)
@pytest.mark.parametrize("first", range(0, EVERY, 5))
def test_every_lie_is_caught_and_no_genuine_day_is_blamed(mirror: Path, first: int) -> None:
    power, alarms = measure(mirror, first, EVERY)
    if os.environ.get("BCDATA_POWER"):
        print(show(power))
    assert alarms == dict.fromkeys(CHECKS, 0)
    assert_caught(power)


@pytest.mark.slow
def test_no_check_blames_any_genuine_bar_at_hand(mirror: Path) -> None:
    bars = genuine_bars(mirror)
    days = 0
    for (market, name, symbol), frame in bars.items():
        interval = Interval.parse(name)
        found = compare(frame, interval, controls_of(bars, market, name, symbol))
        assert (found.refuted, found.questioned, found.findings) == ((), (), ()), (market, name, symbol)
        # Months that do not follow each other are series of their own.
        far = (pl.col("open_time").diff() > timedelta(days=30)).fill_null(value=False).cum_sum()
        for _, part in frame.group_by(far.alias("part"), maintain_order=True):
            assert find_steps(part, interval) == [], (market, name, symbol)
            assert unusual_volume_per_trade(part) == [], (market, name, symbol)
            assert repeated_days(part) == [], (market, name, symbol)
        days += frame["open_time"].dt.date().n_unique()
    assert days > 5000
