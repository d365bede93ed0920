"""Lying REST servers, over values, times, order, completeness and identity: no wrong bar, no false reason.

Each with the archive present (an hour cut out of it), late (the day has not come), stale (half of it has) and damaged
(its zip is cut), with the archive's coarser files and without. Once the server tells the truth all is healed.
"""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from bcdata.pipeline.zones import Zone
from bcdata.simulate.binance.market.market import KlineRow, Series
from bcdata_tests.run import REST, Ran
from bcdata_tests.scenarios.conftest import (
    HOLE,
    MONTH,
    OTHER,
    SYMBOL,
    ArchiveState,
    D,
    Situation,
    changed,
    each,
    in_hole,
    rows_of,
)

HOUR_MS = 3_600_000
EVERY: list[tuple[ArchiveState, bool]] = [
    ("present", True),
    ("present", False),
    ("late", False),
    ("stale", True),
    ("stale", False),
    ("damaged", True),
    ("damaged", False),
]
QUICK = (("late", False),)
STATES = [pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow) for one in EVERY]
"""What CI runs at every change, and the others, which take some minutes together."""
Make = Callable[[Situation, Series, list[KlineRow]], list[KlineRow]]


def scaled(_: Situation, _series: Series, rows: list[KlineRow], *, hole: bool, **factors: float) -> list[KlineRow]:
    by = {name: (lambda value, factor=factor: value * factor) for name, factor in factors.items()}
    return each(rows, lambda row: changed(row, **by), hole=hole)


def swapped(_: Situation, _series: Series, rows: list[KlineRow], *, hole: bool) -> list[KlineRow]:
    def swap(row: KlineRow) -> KlineRow:
        return [*row[:5], row[7], row[6], row[5], row[8], row[10], row[9], row[11]]

    return each(rows, swap, hole=hole)


def moved(
    one: Situation, series: Series, rows: list[KlineRow], *, hole: bool, ms: int = 0, symbol: str = SYMBOL
) -> list[KlineRow]:
    """The values that another symbol has, or this one so many milliseconds later."""
    if not rows:
        return rows
    first, last = int(rows[0][0]) + ms, int(rows[-1][0]) + ms
    values = {int(row[0]) - ms: row for row in rows_of(one.market, symbol, series.interval, first, last)}

    def move(row: KlineRow) -> KlineRow:
        other = values.get(int(row[0]), row)
        return [row[0], *other[1:6], row[6], *other[7:]]

    return each(rows, move, hole=hole)


def idle(_: Situation, _series: Series, rows: list[KlineRow], *, hole: bool) -> list[KlineRow]:
    zero = "0.00000000"
    return each(rows, lambda row: [row[0], *[row[1]] * 4, zero, row[6], zero, 0, zero, zero, row[11]], hole=hole)


VALUES: dict[str, tuple[Callable[..., list[KlineRow]], bool]] = {
    "another symbol": (partial(moved, symbol=OTHER), True),
    "prices times ten": (partial(scaled, price=10), True),
    "prices and quote times ten": (partial(scaled, price=10, quote=10), True),
    "base times ten": (partial(scaled, base=10), True),
    "both volumes times ten": (partial(scaled, amounts=10), True),
    "base and quote swapped": (swapped, True),
    "the next hour": (partial(moved, ms=HOUR_MS), False),
    "shifted by a minute": (partial(moved, ms=60_000), False),
    "the day before": (partial(moved, ms=-24 * HOUR_MS), False),
    "no trades": (idle, False),
}
"""Lies about values, and whether they are seen without the archive's coarser files where only the hole's rows lie."""


def lie(one: Situation, make: Make) -> None:
    one.market.lie = lambda series, rows: make(one, series, rows)


def assert_nothing_false(one: Situation, ran: Ran) -> None:
    """No wrong bar anywhere, nothing called an outage that is none, and every partition published."""
    assert ran.troubles == []
    assert one.statuses() <= {"open", "quarantined", "not_published", "refilled"}


def assert_healed(one: Situation) -> None:
    """The server tells the truth from now on; a day later all bars are there."""
    one.market.lie = None
    assert one.run(1.1).troubles == []
    assert one.is_whole()


@pytest.mark.one_in(16, slow=24)
@pytest.mark.parametrize(("state", "controls"), STATES)
@pytest.mark.parametrize("where", ["everywhere", "in the hole"])
@pytest.mark.parametrize("name", VALUES)
def test_values(situation: Situation, name: str, where: str, state: ArchiveState, controls: bool) -> None:
    make, is_seen_alone = VALUES[name]
    hole = where == "in the hole"
    situation.put_archive(state, controls=controls)
    lie(situation, partial(make, hole=hole))
    ran = situation.run()
    assert ran.troubles == []
    if controls or is_seen_alone or not hole:
        assert_nothing_false(situation, ran)
        assert_healed(situation)
    else:
        # Nobody could see it; that nothing was there to compare with is said.
        assert "not_compared" in ran.rules(Zone.PARSED, SYMBOL, MONTH, REST) or not situation.is_wrong()


TIMES = ["wrong_range", "extra_rows", "unfinished_rows", "duplicate_rows", "unsorted_rows"]


@pytest.mark.one_in(12, slow=16)
@pytest.mark.parametrize(("state", "controls"), STATES)
@pytest.mark.parametrize("kind", TIMES)
def test_times_and_order(situation: Situation, kind: str, state: ArchiveState, controls: bool) -> None:
    situation.put_archive(state, controls=controls)
    fault = situation.add("/spot/api/v3/klines", kind)
    assert_nothing_false(situation, situation.run())
    situation.exchange.remove(fault)
    assert_healed(situation)


def cut(_: Situation, series: Series, rows: list[KlineRow], *, keep: Callable[[KlineRow], bool]) -> list[KlineRow]:
    return [row for row in rows if keep(row)] if series.interval == "1m" else rows


def first_half(_: Situation, _series: Series, rows: list[KlineRow]) -> list[KlineRow]:
    return rows[: len(rows) // 2]


INCOMPLETE: dict[str, Make] = {
    "nothing at all": lambda _one, _series, _rows: [],
    "half of the rows": first_half,
    "every other row": partial(cut, keep=lambda row: int(row[0]) // 60_000 % 2 == 0),
    "only the rows of the hole": partial(cut, keep=in_hole),
}


@pytest.mark.one_in(12, slow=16)
@pytest.mark.parametrize(("state", "controls"), STATES)
@pytest.mark.parametrize("name", INCOMPLETE)
def test_completeness(situation: Situation, name: str, state: ArchiveState, controls: bool) -> None:
    """Asked again and again: what the archive has beside the hole, or traded in it, refutes the answer."""
    situation.put_archive(state, controls=controls)
    lie(situation, INCOMPLETE[name])
    for days in (0, 1.1, 2.2):
        ran = situation.run(days)
        assert ran.troubles == []
    assert_nothing_false(situation, ran)
    situation.market.lie = None
    assert situation.run(3.3).troubles == []
    assert situation.is_whole()


@pytest.mark.one_in(12, slow=8)
@pytest.mark.parametrize(("state", "controls"), STATES)
def test_an_outage_that_was_none(situation: Situation, state: ArchiveState, controls: bool) -> None:
    """The answer has all that is known, and lacks the rows of the hole: only what was traded there tells."""
    situation.put_archive(state, controls=controls)
    lie(situation, partial(cut, keep=lambda row: not in_hole(row)))
    ran = situation.run()
    assert ran.troubles == []
    if controls:
        assert_nothing_false(situation, ran)
        assert_healed(situation)
    else:
        assert situation.missing() == (0 if state == "stale" else HOLE[1] - HOLE[0])


@pytest.mark.one_in(12, slow=8)
@pytest.mark.parametrize(("state", "controls"), STATES)
@pytest.mark.parametrize("most", [100, 500])
def test_capped_pages_heal_all_the_same(situation: Situation, most: int, state: ArchiveState, controls: bool) -> None:
    situation.put_archive(state, controls=controls)
    lie(situation, lambda _one, _series, rows: rows[:most])
    assert situation.run().troubles == []
    assert situation.is_whole()


@pytest.mark.one_in(12, slow=16)
@pytest.mark.parametrize(("state", "controls"), STATES)
@pytest.mark.parametrize("status", [400, 404, 451, 500])
def test_identity_and_refusal(situation: Situation, status: int, state: ArchiveState, controls: bool) -> None:
    """A server that says that it does not know the symbol, while exchangeInfo lists it, or says nothing."""
    situation.put_archive(state, controls=controls)
    situation.market.forgets = status == 400
    fault = situation.add("/spot/api/v3/klines", "status", status=status) if status != 400 else None
    assert_nothing_false(situation, situation.run())
    situation.market.forgets = False
    if fault:
        situation.exchange.remove(fault)
    assert_healed(situation)


@pytest.mark.slow
def test_the_truth_heals_everything(situation: Situation) -> None:
    for state, controls in EVERY:
        situation.put_archive(state, controls=controls)
        assert situation.run().troubles == []
        assert situation.is_whole(), state


def rules_of(ran: Ran, zones: Sequence[Zone]) -> set[str]:
    """The rules of all findings in these zones."""
    return {rule for step, outcome in ran.outcomes if step.zone in zones for rule in outcome.verdict.counts()}


@pytest.mark.one_in(6, slow=3)
@pytest.mark.parametrize("name", VALUES)
def test_what_was_wrong_is_said(situation: Situation, name: str) -> None:
    situation.put_archive("present", controls=True)
    lie(situation, partial(VALUES[name][0], hole=True))
    found = rules_of(situation.run(), [Zone.PARSED, Zone.RAW])
    assert found & {"refuted", "quote_volume", "answer_contradicted"}, found
    assert D
