"""Rows of sources that have only some columns: what they do not have passes, what they declare has to be sound."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.frames.columns import BAR_COLUMNS, PRICES
from bcdata.frames.schema import RAW_BAR, WINDOW_BAR, conform
from bcdata.interval import Interval
from bcdata.providers.registry import SOURCES
from bcdata.quality.audit import Audited, audit_bars
from bcdata.quality.verdict import Severity
from bcdata_tests.make import MINUTE, bars, opens, raw

ONE = Interval.parse("1m")
ROWS = 20
COINBASE, KRAKEN, TRADES = (
    SOURCES[name].capabilities.columns for name in ("coinbase_rest", "kraken_rest", "kraken_trades")
)
"""What three ways of asking fill: no count; a VWAP and no quote volume; a quote volume and no VWAP."""


def pages(columns: frozenset[str], rows: int = ROWS) -> pl.DataFrame:
    """Sound rows of one page of a source that fills these columns; nothing is traded in each fifth bar."""
    idle = pl.int_range(pl.len()) % 5 == 4
    flows = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    made = raw(bars(opens(rows))).with_columns(
        *(pl.when(idle).then(0.0).otherwise(name).alias(name) for name in flows),
        trades=pl.when(idle).then(0).otherwise("trades"),
        vwap=pl.when(~idle).then("open"),
    )
    kept = made.with_columns(
        pl.lit(None, dtype=RAW_BAR[name]).alias(name) for name in (BAR_COLUMNS | {"vwap"}) - columns
    )
    return kept.select(*RAW_BAR, "from_us", "to_us", "rank").cast(dict(RAW_BAR))


def judged(frame: pl.DataFrame, columns: frozenset[str]) -> Audited:
    return audit_bars(frame, interval=ONE, max_bad_share=0.5, columns=columns, by_window=True)


def changed(frame: pl.DataFrame, at: int, **values: Any) -> pl.DataFrame:
    is_it = pl.int_range(pl.len()) == at
    return frame.with_columns(
        pl.when(is_it).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


every_source = pytest.mark.parametrize("columns", [COINBASE, KRAKEN, TRADES], ids=["coinbase", "kraken", "trades"])


@every_source
def test_what_a_source_does_not_have_is_null_and_passes(columns: frozenset[str]) -> None:
    rows = pages(columns)
    result = judged(rows, columns)
    assert result.verdict.findings == ()
    assert result.bars.schema == WINDOW_BAR
    assert_frame_equal(
        result.bars, conform(rows.with_columns(pl.col("open_time").cast(WINDOW_BAR["open_time"])), WINDOW_BAR)
    )


@pytest.mark.slow
@given(st.frozensets(st.sampled_from(sorted(BAR_COLUMNS - set(PRICES) | {"vwap"}))))
def test_any_set_of_columns_may_be_declared(some: frozenset[str]) -> None:
    columns = some | set(PRICES)
    assert judged(pages(columns), columns).verdict.findings == ()
    for name in some - {"vwap"}:
        assert judged(changed(pages(columns), 3, **{name: None}), columns).rejected["reason"].to_list() == ["values"]


@every_source
@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"close": None}, "values"),
        ({"volume": None}, "values"),
        ({"high": float("inf")}, "finite"),
        ({"open": float("nan")}, "finite"),
        ({"high": 1e308}, "magnitude"),
        (dict.fromkeys(PRICES, 1e308), "magnitude"),
        ({"volume": 1e308}, "magnitude"),
        ({"open_time": 1_600_000_000_000_000}, "content_matches_name"),
        (dict.fromkeys(PRICES, -1.0), "positive_prices"),
        ({"low": 5000.0}, "ohlc_bounds"),
        ({"volume": -1.0}, "non_negative_volumes"),
    ],
)
def test_what_it_declares_has_to_be_sound(columns: frozenset[str], values: dict[str, Any], rule: str) -> None:
    result = judged(changed(pages(columns), 3, **values), columns)
    assert result.rejected["reason"].to_list() == [rule]
    assert (result.bars.height, result.verdict.passed) == (ROWS - 1, True)


@pytest.mark.parametrize(
    ("at", "vwap"),
    [(3, None), (3, 500.0), (3, 1.0), (3, float("nan")), (3, float("inf")), (4, 0.0), (4, 104.0)],
    ids=["missing", "above high", "below low", "NaN", "infinite", "0 of nothing", "of nothing"],
)
def test_a_vwap_of_its_own_is_null_exactly_where_nothing_was_traded(at: int, vwap: float | None) -> None:
    result = judged(changed(pages(KRAKEN), at, vwap=vwap), KRAKEN)
    assert result.rejected["reason"].to_list() == ["vwap"]
    assert result.rejected["open_time"].to_list() == [pages(KRAKEN)["open_time"][at]]


def test_a_rounded_vwap_passes() -> None:
    edge = float(pages(KRAKEN)["high"][3]) * (1 + 5e-10)
    assert judged(changed(pages(KRAKEN), 3, vwap=edge), KRAKEN).verdict.findings == ()


def test_what_it_does_not_declare_is_not_believed() -> None:
    result = judged(changed(pages(COINBASE), 3, trades=-7, vwap=1e9), COINBASE)
    assert_frame_equal(result.bars, judged(pages(COINBASE), COINBASE).bars)
    (found,) = result.verdict.findings
    assert (found.rule, found.severity, found.count) == ("undeclared", Severity.WARN, 1)
    assert "does not declare trades, vwap" in found.message


def test_pages_may_begin_with_the_newest_row_and_overlap() -> None:
    rows = pages(COINBASE)
    later = rows.slice(8).reverse().with_columns(object=pl.lit(1, dtype=pl.Int64))
    both = pl.concat([later, rows.head(10).reverse()])
    assert_frame_equal(judged(both, COINBASE).bars, judged(rows, COINBASE).bars)
    assert judged(both, COINBASE).verdict.findings == ()
    assert judged(pl.concat([both, later.head(2)]), COINBASE).verdict.counts() == {"duplicate": 2}


def test_one_open_with_two_vwaps_is_a_conflict() -> None:
    rows = pages(KRAKEN)
    other = changed(rows, 3, vwap=103.5).slice(3, 1)
    result = judged(pl.concat([rows, other]), KRAKEN)
    assert result.rejected["reason"].to_list() == ["duplicate_conflict"] * 2


def test_bars_known_late_stay_so() -> None:
    rows = pages(COINBASE).with_columns(known_at=pl.col("open_time") + int((2 * MINUTE) / timedelta(microseconds=1)))
    assert judged(rows, COINBASE).bars["known_at"].null_count() == 0
