"""Columns of bars, by name: a source fills some of them, and the others are null. Free of heavy imports."""

from collections.abc import Iterable

PRICES = ("open", "high", "low", "close")
BAR_COLUMNS = frozenset(
    {
        *(*PRICES, "volume", "quote_volume", "trades"),
        *("taker_buy_volume", "taker_buy_quote_volume"),
    }
)
"""The values of a canonical bar; `vwap` may be a source's own beside them."""
METRIC_VALUES = (
    *("sum_open_interest", "sum_open_interest_value"),
    *("count_toptrader_long_short_ratio", "sum_toptrader_long_short_ratio"),
    *("count_long_short_ratio", "sum_taker_long_short_vol_ratio"),
)
"""The values of metrics: open interest, in contracts or base units and in its value; and ratios of long to short."""
MEANINGS = {
    "open_time": "open of the bar, its label, UTC",
    "time": "start of what the row tells of, UTC",
    "open": "first price, quote currency",
    "high": "highest price, quote currency",
    "low": "lowest price, quote currency",
    "close": "last price, quote currency",
    "volume": "traded, base currency",
    "quote_volume": "traded, quote currency",
    "trades": "number of trades",
    "taker_buy_volume": "bought by takers, base currency",
    "taker_buy_quote_volume": "bought by takers, quote currency",
    "contracts": "traded, contracts",
    "vwap": "quote volume by volume, quote currency",
    "source": "which source the row comes from",
    "known_at": "from then on the row may be used, UTC",
    "funding_rate": "settled inside the bar, a share of the position",
    "interval_hours": "hours since the settlement before",
}
"""What columns of rows are, in few words with their units, for pages that list columns."""
_AMOUNTS = frozenset({"volume", "quote_volume"})


def with_vwap(columns: frozenset[str]) -> frozenset[str]:
    """What merged bars of a source with these columns have: `vwap` follows from its volume and its quote volume."""
    return columns | {"vwap"} if columns >= _AMOUNTS else columns


def in_any(sources: Iterable[frozenset[str]]) -> frozenset[str]:
    """The columns in which merged bars have a value, whichever of the sources it comes from; others are null."""
    return frozenset[str]().union(*map(with_vwap, sources))


def in_all(sources: Iterable[frozenset[str]]) -> frozenset[str]:
    """The columns in which merged bars of each of the sources have a value."""
    first, *others = map(with_vwap, sources)
    return first.intersection(*others)
