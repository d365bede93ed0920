"""Wrong values in archive files with matching checksums, where the archive has no hours and no days to refute them.

The exchange's own day bars raise the question, days of other objects say whether they are to be believed, and the
exchange's minutes answer it: by day as by month.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from bcdata.healing.refill import standing
from bcdata.pipeline.zones import Zone
from bcdata.simulate.binance.market.market import KlineRow, Series
from bcdata_tests.mirror import Rows
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import REST, Ran, utc
from bcdata_tests.scenarios.conftest import DAYS, LATER, MONTH, OTHER, SYMBOL, D, Situation, changed, true_day

EVERY = (*DAYS, *LATER[:2])
FIRST, SECOND = EVERY[2:4]
NOW = "2025-01-06"
Lines = list[list[str]]
ArchiveLie = Callable[[Rows, str], Lines]


def of_another_symbol(_rows: Rows, day: str) -> Lines:
    return true_day(OTHER, day)


def times_ten(rows: Rows, _day: str) -> Lines:
    return [_scaled(row, amounts=10) for row in rows]


def a_sixth_higher(rows: Rows, _day: str) -> Lines:
    return [_scaled(row, price=1.15, quote=1.15) for row in rows]


def shifted_by_a_minute(rows: Rows, _day: str) -> Lines:
    before = [rows[0], *rows[:-1]]
    return [[row[0], *other[1:6], row[6], *other[7:]] for row, other in zip(rows, before, strict=True)]


def ten_idle_minutes(rows: Rows, _day: str) -> Lines:
    zero = "0.00000000"
    flat = [[row[0], *[row[1]] * 4, zero, row[6], zero, "0", zero, zero, "0"] for row in rows[600:610]]
    return [*map(list, rows[:600]), *flat, *map(list, rows[610:])]


def one_foreign_row(rows: Rows, _day: str) -> Lines:
    return [*map(list, rows[:600]), _scaled(rows[600], amounts=1.5), *map(list, rows[601:])]


LIES: list[ArchiveLie] = [
    of_another_symbol,
    times_ten,
    a_sixth_higher,
    shifted_by_a_minute,
    ten_idle_minutes,
    one_foreign_row,
]


def _scaled(row: Sequence[str], price: float = 1, quote: float = 1, amounts: float = 1) -> list[str]:
    found = changed(list(row), price=lambda value: value * price, quote=lambda value: value * quote)
    return [str(value) for value in changed(found, amounts=lambda value: value * amounts)]


def put(situation: Situation, lie: ArchiveLie, wrong: Sequence[str], days: Sequence[str]) -> None:
    situation.now = situation.at = utc(NOW)
    for day in days:
        rows = true_day(SYMBOL, day)
        situation.mirror.put_day(SYMBOL, day, lie(rows, day) if day in wrong else rows)


def scale_answers(situation: Situation, interval: str | None = None, **factors: float) -> None:
    """Every answer about klines has other values, or those about one interval."""
    by = {name: (lambda value, factor=factor: value * factor) for name, factor in factors.items()}

    def lie(series: Series, rows: list[KlineRow]) -> list[KlineRow]:
        return [changed(row, **by) for row in rows] if interval in {None, series.interval} else rows

    situation.market.lie = lie


def run(situation: Situation, grain: str, *days: str) -> Ran:
    situation.exchange.now = situation.at
    dates = (MONTH,) if grain == "month" else (days[0], days[-1])
    return situation.lake(grain).materialize(D, SYMBOL, *dates, until=Zone.MERGED)


def bars(situation: Situation, grain: str, days: Sequence[str]) -> list[tuple[object, ...]]:
    """What is published of these days."""
    lake = situation.lake(grain)
    keys = [MONTH] if grain == "month" else days
    found = [bar for key in keys if lake.bars(D, SYMBOL, key) is not None for bar in published(lake, SYMBOL, key)]
    start, end = utc(days[0]), utc(days[-1]).replace(hour=23, minute=59)
    return [bar for bar in found if isinstance(bar[0], datetime) and start <= bar[0] <= end]


def true_bars(days: Sequence[str]) -> list[tuple[object, ...]]:
    return bars_of([row for day in days for row in true_day(SYMBOL, day)])


@pytest.mark.one_in(24, slow=4)
@pytest.mark.parametrize("grain", ["day", "month"])
@pytest.mark.parametrize(
    "wrong",
    [pytest.param((FIRST,), id="one day"), pytest.param((FIRST, SECOND), id="two days", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("lie", LIES)
def test_wrong_days_are_replaced(situation: Situation, lie: ArchiveLie, wrong: Sequence[str], grain: str) -> None:
    put(situation, lie, wrong, EVERY)
    ran = run(situation, grain, *EVERY)
    assert ran.troubles == []
    assert bars(situation, grain, EVERY) == true_bars(EVERY)
    rules = {rule for _, outcome in ran.outcomes for rule in outcome.verdict.counts()}
    assert rules & {"archive_replaced", "refuted", "step"}, rules


@pytest.mark.parametrize("grain", ["day", "month"])
def test_a_partition_does_not_depend_on_which_of_its_neighbours_the_lake_has(situation: Situation, grain: str) -> None:
    put(situation, times_ten, (FIRST,), EVERY)
    assert run(situation, grain, FIRST).troubles == []
    assert bars(situation, grain, [FIRST]) == true_bars([FIRST])


@pytest.mark.one_in(16, slow=3)
@pytest.mark.parametrize("grain", ["day", "month"])
@pytest.mark.parametrize("factors", [{"amounts": 10.0}, {"price": 1.15, "quote": 1.15}], ids=["amounts", "prices"])
def test_an_exchange_that_lies_throughout_takes_nothing_away(
    situation: Situation, factors: dict[str, float], grain: str
) -> None:
    put(situation, times_ten, (), EVERY)
    scale_answers(situation, **factors)
    ran = run(situation, grain, *EVERY)
    assert ran.troubles == []
    assert bars(situation, grain, EVERY) == true_bars(EVERY)
    date = MONTH if grain == "month" else FIRST
    assert "suspicious" in ran.rules(Zone.PARSED, SYMBOL, date, REST)


@pytest.mark.one_in(8, slow=2)
@pytest.mark.parametrize("grain", ["day", "month"])
@pytest.mark.parametrize("who", ["the archive", "the exchange"])
def test_two_that_contradict_each_other_alone_are_both_held_back(situation: Situation, grain: str, who: str) -> None:
    """With one object in the archive nothing tells who is right; once both agree the bars are there."""
    put(situation, times_ten, (FIRST,) if who == "the archive" else (), [FIRST])
    if who == "the exchange":
        scale_answers(situation, amounts=10)
    ran = run(situation, grain, FIRST)
    assert bars(situation, grain, [FIRST]) == []
    (trouble,) = ran.troubles
    assert "nothing tells which is right" in str(trouble)
    assert bars(situation, grain, EVERY) == [], "nor is anything else that the exchange says"
    situation.market.lie = None
    situation.mirror.put_day(SYMBOL, FIRST, true_day(SYMBOL, FIRST))
    situation.at = utc("2025-01-08")
    assert run(situation, grain, FIRST).troubles == []
    assert bars(situation, grain, [FIRST]) == true_bars([FIRST])


@pytest.mark.one_in(16)
@pytest.mark.parametrize("grain", ["day", "month"])
def test_day_bars_alone_that_lie_cost_nothing(situation: Situation, grain: str) -> None:
    """The exchange's minutes agree with the archive's: its day bars are wrong."""
    put(situation, times_ten, (), EVERY)
    scale_answers(situation, "1d", amounts=10)
    assert run(situation, grain, *EVERY).troubles == []
    assert bars(situation, grain, EVERY) == true_bars(EVERY)


def test_bars_that_nothing_confirms_are_asked_about_until_the_exchange_answers(situation: Situation) -> None:
    put(situation, times_ten, (FIRST,), EVERY)
    down = situation.add("/spot/api/v3/klines", "status", status=503)
    assert run(situation, "day", *EVERY).troubles == []
    lake = situation.lake("day")
    assert {date for _, date in standing(lake.root, lake.catalog[D], utc("2025-01-07"))} == set(EVERY)
    situation.exchange.remove(down)
    situation.at = utc("2025-01-08")
    assert run(situation, "day", *EVERY).troubles == []
    assert bars(situation, "day", EVERY) == true_bars(EVERY)
    assert standing(lake.root, lake.catalog[D], utc("2025-01-09")) == {}


def put_hole(situation: Situation) -> None:
    """All days, the first without an hour."""
    put(situation, times_ten, (), EVERY)
    rows = true_day(SYMBOL, FIRST)
    situation.mirror.put_day(SYMBOL, FIRST, [*rows[:600], *rows[660:]])


def test_what_the_exchange_states_of_its_own_rows_counts_for_no_comparison(situation: Situation) -> None:
    put_hole(situation)
    ran = run(situation, "month", *EVERY)
    assert bars(situation, "month", EVERY) == true_bars(EVERY)
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, REST)["not_compared"] == 60


def test_the_exchanges_own_day_bar_outranks_its_silence(situation: Situation) -> None:
    """An answer without the bars of the hole proves no outage where the day bar has more trades."""
    put_hole(situation)
    start = int(true_day(SYMBOL, FIRST)[600][0]) // 1000
    situation.market.lie = lambda series, found: [
        row for row in found if series.interval != "1m" or not start <= int(row[0]) < start + 3_600_000
    ]
    run(situation, "month", *EVERY)
    ledger = situation.lake().ledger(D, SYMBOL, MONTH)
    (status,) = ledger.filter(ledger["start"] == utc(f"{FIRST}T10:00"))["status"]
    assert status == "open"


@pytest.mark.parametrize("grain", ["day", "month"])
@pytest.mark.parametrize("value", ["NaN", "-1"])
def test_day_bars_that_are_wrong_in_themselves_check_nothing(situation: Situation, value: str, grain: str) -> None:
    put(situation, times_ten, (), EVERY)

    def lie(series: Series, rows: list[KlineRow]) -> list[KlineRow]:
        return [[row[0], value, *row[2:]] for row in rows] if series.interval == "1d" else []

    situation.market.lie = lie
    assert run(situation, grain, *EVERY).troubles == []
    assert bars(situation, grain, EVERY) == true_bars(EVERY)


@pytest.mark.slow
def test_a_week_of_wrong_days_is_told_by_days_further_away(situation: Situation) -> None:
    """Each of the days has seven wrong ones beside it: the exchange is tried with those beyond them."""
    wrong = (*EVERY[2:], *LATER[2:])
    put(situation, times_ten, wrong, (*EVERY, *LATER[2:]))
    situation.now = situation.at = utc("2025-01-09")
    assert run(situation, "day", *wrong).troubles == []
    assert bars(situation, "day", wrong) == true_bars(wrong)


@pytest.mark.one_in(8, slow=2)
@pytest.mark.parametrize("grain", ["day", "month"])
@pytest.mark.parametrize("factors", [{"amounts": 3.0}, {"price": 1.04, "quote": 1.04}], ids=["amounts", "prices"])
def test_minutes_that_fit_their_own_day_bar_no_better_save_no_wrong_day(
    situation: Situation, factors: dict[str, float], grain: str
) -> None:
    """The exchange's day bars are right and its minutes are not: that says nothing for the archive's wrong rows."""
    put(situation, times_ten, (FIRST,), EVERY)
    scale_answers(situation, "1m", **factors)
    run(situation, grain, *EVERY)
    assert set(bars(situation, grain, EVERY)) <= set(true_bars(EVERY))
