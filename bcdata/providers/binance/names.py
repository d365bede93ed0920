"""Names in the Binance archive: markets, intervals, symbols and object keys, both ways. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from bcdata.errors import UsageError
from bcdata.providers.base import PERIODS, Series
from bcdata.venues.binance import MARKETS
from bcdata.windows import Grain, Window

FOLDERS = {"spot": "data/spot", "um": "data/futures/um", "cm": "data/futures/cm", "option": "data/option"}
"""Where each market's objects lie."""
INTERVALS = (*("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1mo"),)
"""What klines come in, shortest first; 1s in spot only."""
DAILY_INTERVALS = frozenset(INTERVALS) - {"3d", "1w", "1mo"}
"""Intervals that have daily objects; all have monthly ones."""
CHECKSUM = ".CHECKSUM"
"""What the name of an object's checksum file ends in."""

TYPES = {
    "klines": "klines",
    "funding": "fundingRate",
    "mark_klines": "markPriceKlines",
    "index_klines": "indexPriceKlines",
    "premium_klines": "premiumIndexKlines",
    "metrics": "metrics",
    "trades": "trades",
    "agg_trades": "aggTrades",
    "book_depth": "bookDepth",
    "book_ticker": "bookTicker",
    "liquidation_snapshot": "liquidationSnapshot",
    "bvol_index": "BVOLIndex",
    "eoh_summary": "EOHSummary",
}
"""The archive's word for each kind of data."""
_WITH_INTERVALS = frozenset({"klines", "mark_klines", "index_klines", "premium_klines"})
MARKET_KINDS = {market.name: frozenset(market.kinds) for market in MARKETS}
"""What each market has."""
_KINDS = {folder: kind for kind, folder in TYPES.items()}
_MARKETS = {folder: market for market, folder in FOLDERS.items()}
_LONGEST_SYMBOL = 64
_LONGEST_SEGMENT = 200
"""Bytes of a symbol percent-encoded, as it stands in a path of the lake; file systems allow 255 for a name."""
_KEY = re.compile(
    r"(?P<market>data/(?:spot|futures/um|futures/cm|option))/(?P<period>daily|monthly)/(?P<type>[A-Za-z]+)"
    r"/(?P<symbol>[^/]+)/(?:(?P<interval>[0-9a-z]+)/)?[^/]+-(?P<date>\d{4}-\d{2}(?:-\d{2})?)\.zip(?P<sum>\.CHECKSUM)?",
    re.ASCII,
)
_UNPADDED = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\.zip", re.ASCII)
_DATED = re.compile(r"(\d{4})(?:-?(\d{1,2})(?!\d)(?:-(\d{1,2})(?!\d))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What the key of an object says."""

    series: Series
    period: str
    date_key: str
    is_checksum: bool = False


def check_market(market: str) -> None:
    """Passes Binance's markets.

    Raises:
        UsageError: it is none of them.
    """
    if market not in FOLDERS:
        raise UsageError(f"Binance has no market {market!r}; it has {', '.join(FOLDERS)}")


def check_series(series: Series) -> None:
    """Passes what Binance may have.

    Raises:
        UsageError: it has no such market, kind, interval or symbol.
    """
    check_market(series.market)
    _check_kind(series.market, series.kind)
    if not is_symbol(series.symbol):
        raise UsageError(f"{series.symbol!r} cannot be a Binance symbol; write it like BTCUSDT")
    if (series.interval is None) == (series.kind in _WITH_INTERVALS):
        raise UsageError(f"{series.kind} of {series.symbol}: klines have an interval, and nothing else does")
    is_seconds_of_futures = series.interval == "1s" and series.market != "spot"
    if series.interval is not None and (series.interval not in INTERVALS or is_seconds_of_futures):
        raise UsageError(f"Binance {series.market} has no interval {series.interval!r}; it has {' '.join(INTERVALS)}")


def is_symbol(text: str) -> bool:
    """Whether a symbol may be called that: any letters, but nothing that a path or a log could stumble over."""
    return (
        0 < len(text) <= _LONGEST_SYMBOL
        and text.isprintable()
        and len(quote(text, safe="")) <= _LONGEST_SEGMENT
        and text not in {".", ".."}
        and not any(char in "/\\|" or char.isspace() for char in text)
    )


def type_prefix(market: str, period: str, kind: str) -> str:
    """The folder of all symbols of a kind, e.g. `data/futures/um/daily/klines/`.

    Raises:
        UsageError: there is no such market, period or kind.
    """
    check_market(market)
    _check_kind(market, kind)
    if period not in PERIODS:
        raise UsageError(f"the archive has no period {period!r}; it has daily and monthly")
    return f"{FOLDERS[market]}/{period}/{TYPES[kind]}/"


def series_prefix(series: Series, period: str) -> str:
    """The folder of a series' objects, with the slash at its end.

    Raises:
        UsageError: Binance has no such series.
    """
    check_series(series)
    folder = f"{type_prefix(series.market, period, series.kind)}{series.symbol}/"
    return f"{folder}{series.interval}/" if series.interval else folder


def name_stem(series: Series) -> str:
    """How the names of a series' objects begin: `BTCUSDT-1m-` or `BTCUSDT-fundingRate-`."""
    return f"{series.symbol}-{series.interval or TYPES[series.kind]}-"


def object_key(series: Series, period: str, date_key: str) -> str:
    """The key of an object (a zip).

    Raises:
        UsageError: Binance has no such series, or the date key does not suit the period.
    """
    prefix = series_prefix(series, period)
    PERIODS[period].window(date_key)
    return f"{prefix}{name_stem(series)}{date_key}.zip"


def parse_key(key: str) -> ObjectName | None:
    """What the key of an object or of its checksum file says; None for anything that is not exactly such a key."""
    match = _KEY.fullmatch(key)
    if match is None or match["type"] not in _KINDS:
        return None
    try:
        kind = _KINDS[match["type"]]
        series = Series(_MARKETS[match["market"]], kind, match["symbol"], match["interval"])
        expected = object_key(series, match["period"], match["date"])
    except UsageError:
        return None
    if key != expected + (match["sum"] or ""):
        return None
    return ObjectName(series, match["period"], match["date"], is_checksum=match["sum"] is not None)


def parse_unpadded(key: str, series: Series, period: str) -> str | None:
    """The date key that a name without its zeros means: `2020-08` for `ADABKRW-1d-2020-8.zip`.

    None for every other key, well-formed ones among them.
    """
    stem = series_prefix(series, period) + name_stem(series)
    match = _UNPADDED.fullmatch(key.removeprefix(stem)) if key.startswith(stem) else None
    if match is None:
        return None
    date_key = "-".join(part.zfill(2) for part in match.groups() if part)
    try:
        return date_key if object_key(series, period, date_key) != key else None
    except UsageError:
        return None


def time_named(key: str, series: Series, period: str) -> Window | None:
    """The day, month or year that a key which is no object's name seems to be about; None where it names no time."""
    stem = series_prefix(series, period) + name_stem(series)
    match = _DATED.match(key.removeprefix(stem)) if key.startswith(stem) else None
    if match is None:
        return None
    year, month, day = match[1], (match[2] or "").zfill(2), (match[3] or "").zfill(2)
    if Grain.DAY.is_key(f"{year}-{month}-{day}"):
        return Grain.DAY.window(f"{year}-{month}-{day}")
    if Grain.MONTH.is_key(f"{year}-{month}"):
        return Grain.MONTH.window(f"{year}-{month}")
    if not (Grain.MONTH.is_key(f"{year}-01") and Grain.MONTH.is_key(f"{year}-12")):
        return None
    return Window(Grain.MONTH.window(f"{year}-01").start, Grain.MONTH.window(f"{year}-12").end)


def url_path(key: str) -> str:
    """A key as it stands in a URL: percent-encoded UTF-8, slashes kept."""
    return quote(key, safe="/")


def rest_interval(interval: str) -> str:
    """REST's name of an interval: the archive's `1mo` is `1M` there."""
    return "1M" if interval == "1mo" else interval


def _check_kind(market: str, kind: str) -> None:
    if kind not in MARKET_KINDS[market]:
        raise UsageError(f"Binance {market} has no {kind!r}")
