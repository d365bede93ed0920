"""Which columns the bars of several sources have."""

from bcdata.frames.columns import BAR_COLUMNS, PRICES, in_all, in_any, with_vwap
from bcdata.frames.schema import BAR

STATED = frozenset({*PRICES, "volume", "trades", "vwap"})
TRADES = frozenset({*PRICES, "volume", "quote_volume", "trades"})
BARE = frozenset({*PRICES, "volume"})


def test_columns_of_bars_are_those_of_the_schema() -> None:
    assert set(BAR.names()) - {"open_time"} == BAR_COLUMNS


def test_vwap_is_there_where_it_is_stated_or_follows() -> None:
    assert in_any([STATED, TRADES]) == {*PRICES, "volume", "quote_volume", "trades", "vwap"}
    assert in_all([STATED, TRADES]) == STATED, "each row has one, whichever way"
    assert in_all([TRADES, BARE]) == in_any([BARE]) == BARE
    assert with_vwap(BAR_COLUMNS) == in_all([BAR_COLUMNS]) == BAR_COLUMNS | {"vwap"}
