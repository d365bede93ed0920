"""How sources compare, against a plain count row by row."""

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.bars.merge import differing
from bcdata.quality.compare.sources import Difference, agreement
from bcdata_tests.make import MINUTE, START, bars, opens

Values = dict[int, tuple[float, int | None]]
BY_MINUTE: st.SearchStrategy[Values] = st.dictionaries(
    st.integers(0, 12), st.tuples(st.sampled_from([99.0, 100.0, 101.0]), st.sampled_from([None, 3, 4])), max_size=12
)

BARS = bars(opens(13))


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def frame(values: Values) -> pl.DataFrame:
    """Bars with these closes and counts of trades, in no order; a minute's other values are always the same."""
    told = [(at(minute), *own) for minute, own in values.items()]
    schema = {name: BARS.schema[name] for name in ("open_time", "close", "trades")}
    own = pl.DataFrame(told, schema=schema, orient="row")
    return own.join(BARS.drop("close", "trades"), on="open_time", maintain_order="left").select(BARS.columns)


def apart(one: Values, other: Values) -> dict[str, dict[int, float]]:
    """By column and minute how far two sources are apart."""
    found: dict[str, dict[int, float]] = {"close": {}, "trades": {}}
    for minute in sorted(one.keys() & other.keys()):
        for name, a, b in zip(found, one[minute], other[minute], strict=True):
            if a is not None and b is not None and a != b:
                found[name][minute] = abs(a - b) / max(abs(a), abs(b))
    return {name: own for name, own in found.items() if own}


@given(BY_MINUTE, BY_MINUTE)
def test_a_pair_is_what_a_plain_count_says(one: Values, other: Values) -> None:
    found = agreement([("a", frame(one)), ("b", frame(other))], differing())
    (pair,) = found.pairs
    expected = apart(one, other)
    minutes = {minute for own in expected.values() for minute in own}
    both = len(one.keys() & other.keys())
    assert (pair.source, pair.other) == ("a", "b")
    assert (pair.both, pair.only_source, pair.only_other) == (both, len(one) - both, len(other) - both)
    assert (found.compared, found.differing, pair.differing) == (both, len(minutes), len(minutes))
    assert pair.columns.keys() == expected.keys()
    for name, own in expected.items():
        largest = max(own, key=lambda minute: (own[minute], -minute))
        first = min(own)
        assert pair.columns[name] == Difference(len(own), at(first), own[first], at(largest), own[largest])
    whole = pair.whole()
    assert (whole is None) == (not expected)
    if whole:
        sizes = {minute: max(own.get(minute, 0) for own in expected.values()) for minute in minutes}
        assert whole.rows == len(minutes)
        assert (whole.first_at, whole.first) == (at(min(minutes)), sizes[min(minutes)])
        assert (whole.largest, sizes[(whole.largest_at - START) // MINUTE]) == (max(sizes.values()),) * 2


@given(st.lists(BY_MINUTE, min_size=3, max_size=4))
def test_of_more_sources_a_row_counts_once(some: list[Values]) -> None:
    found = agreement([(str(number), frame(one)) for number, one in enumerate(some)], differing())
    have = [minute for minute in range(13) if sum(minute in one for one in some) > 1]
    disputed = {
        minute
        for number, one in enumerate(some)
        for other in some[number + 1 :]
        for own in apart(one, other).values()
        for minute in own
    }
    assert (found.compared, found.differing) == (len(have), len(disputed))
    assert len(found.pairs) == len(some) * (len(some) - 1) // 2


def test_one_source_alone_is_compared_with_none() -> None:
    assert agreement([("a", bars(opens(3)))], differing()).pairs == ()


def test_sums_of_trades_may_differ_by_their_rounding() -> None:
    a = bars(opens(3))
    b = a.with_columns(pl.col("volume") * (1 + 1e-10))
    assert agreement([("a", a), ("b", b)], differing(exact=False)).differing == 0
    assert agreement([("a", a), ("b", b)], differing()).differing == 3


def test_a_difference_from_nothing_is_1() -> None:
    a = bars(opens(1))
    (pair,) = agreement([("a", a), ("b", a.with_columns(volume=0.0))], differing()).pairs
    assert pair.columns["volume"].largest == pytest.approx(1)
