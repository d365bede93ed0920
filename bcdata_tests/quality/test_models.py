"""The models know which columns may be null, and where VWAP has to be."""

import polars as pl
import pytest

from bcdata.bars.known import with_known_at
from bcdata.bars.merge import merge
from bcdata.bars.resample import Resampling
from bcdata.frames.columns import BAR_COLUMNS, in_all
from bcdata.interval import Interval
from bcdata.quality.models import audit, bar_model, merged_model, resampled_model
from bcdata_tests.quality.test_rules import COINBASE, KRAKEN, TRADES, judged, pages

ONE = Interval.parse("1m")


def nulled(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The frame with nulls in its fourth row."""
    kept = pl.int_range(pl.len()) != 3
    return frame.with_columns(pl.when(kept).then(name).alias(name) for name in columns)


def merged(*sources: frozenset[str]) -> pl.DataFrame:
    """Bars of these sources, each of which has some that those before it lack."""
    frames = [(str(at), judged(pages(one)[: 10 * (at + 1)], one).bars) for at, one in enumerate(sources)]
    return with_known_at(merge(frames), ONE)


@pytest.mark.parametrize("columns", [COINBASE, KRAKEN, TRADES], ids=["coinbase", "kraken", "trades"])
def test_parsed_bars_have_what_the_source_fills_and_nothing_else(columns: frozenset[str]) -> None:
    bars, model = judged(pages(columns), columns).bars, bar_model(ONE, columns=columns, by_window=True)
    assert audit(bars, model) == []
    assert audit(bars, bar_model(ONE, by_window=True)), "not every source may leave these out"
    assert all(audit(nulled(bars, name), model) for name in columns)
    foreign = bars.with_columns(taker_buy_volume=pl.lit(0.5))
    assert "undeclared" in audit(foreign, model)[0].message
    assert bar_model(ONE, columns=columns, by_window=True) is model


@pytest.mark.parametrize(
    "sources", [(KRAKEN,), (TRADES,), (COINBASE,), (KRAKEN, TRADES), (TRADES, KRAKEN), (COINBASE, KRAKEN, TRADES)]
)
def test_merged_bars_lack_vwap_where_nothing_tells_it(sources: tuple[frozenset[str], ...]) -> None:
    bars, columns = merged(*sources), in_all(sources)
    model = merged_model(ONE, funding=False, columns=columns)
    assert audit(bars, model) == []
    assert [bool(audit(nulled(bars, name), model)) for name in sorted(columns)] == [True] * len(columns)
    # There is a VWAP although nothing was traded.
    assert audit(bars.with_columns(vwap=pl.col("vwap").fill_null(1.0)), model)
    assert audit(bars, merged_model(ONE, funding=False)) != []


def test_a_row_with_a_quote_volume_has_a_vwap_in_any_case() -> None:
    bars = merged(COINBASE, TRADES)
    model = merged_model(ONE, funding=False, columns=in_all([COINBASE, TRADES]))
    assert audit(nulled(bars, "vwap"), model) == [], "the first source has none"
    assert audit(nulled(bars.reverse(), "vwap").reverse(), model)


@pytest.mark.parametrize(
    "columns", [BAR_COLUMNS, KRAKEN, TRADES, COINBASE], ids=["all", "kraken", "trades", "coinbase"]
)
def test_resampled_bars_have_what_all_of_the_finer_ones_have(columns: frozenset[str]) -> None:
    bars = merged(columns)
    counts = {name: pl.lit(number, dtype=pl.Int64) for name, number in (("bars", 1), ("expected", 1), ("explained", 0))}
    coarse = bars.drop("source").with_columns(**counts)
    has = in_all([columns])
    model = resampled_model(Resampling(Interval.parse("1m")), funding=False, columns=has)
    assert coarse.filter(volume=0).height == 2, "nothing was traded in some, which have no VWAP"
    assert audit(coarse, model) == []
    assert [bool(audit(nulled(coarse, name), model)) for name in sorted(has)] == [True] * len(has)
    assert (audit(coarse, resampled_model(Resampling(Interval.parse("1m")), funding=False)) == []) == (
        columns == BAR_COLUMNS
    )
