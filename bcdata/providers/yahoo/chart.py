"""One answer of Yahoo's charts as a value, checked as far as it can be by itself. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bcdata.interval import EPOCH, Interval
from bcdata.providers.json_body import decoded, number, text_of
from bcdata.providers.raw_rows import LATEST
from bcdata.providers.yahoo.symbols import written

DAY = 86_400
_MINUTE = 60
_PRICES = ("open", "high", "low", "close")
_SAME = {"60m": "1h"}
_EARLIEST, _LAST = -5_000_000_000, LATEST - 2 * DAY
"""Instants between these have a date in any zone."""
_ENOUGH = 8
"""Rows of which it would be chance that all lie on a coarser grid than their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as sent: its time in seconds since the epoch, None where it has none, its values, and the adjusted close.

    Bars of days have an adjusted close.
    """

    line: int
    at: int | None
    values: Mapping[str, float | None]
    sent: tuple[Any, ...]
    adjusted: float | None

    @property
    def has_trade(self) -> bool:
        """Whether any price is there."""
        return any(self.values[name] is not None for name in _PRICES)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: `quoted` is when the latest price was made, `opens` and `closes` the session that is, or comes (s)."""

    symbol: str
    interval: str
    zone: ZoneInfo
    currency: str | None
    quoted: int
    opens: int
    closes: int
    first_trade: int | None
    rows: tuple[Row, ...]
    events: Mapping[str, tuple[Mapping[str, Any], ...]]

    def day(self, at: int) -> date:
        """The date of an instant at the exchange."""
        return (EPOCH + timedelta(seconds=at)).astimezone(self.zone).date()

    @property
    def is_running(self) -> bool:
        """Whether the session has begun and not ended, or may have: the latest price is from before it."""
        return self.quoted < self.closes

    def settled(self) -> Iterator[Row]:
        """The rows that will not change any more: without those of the running bar, and without the live quote."""
        seconds = seconds_of(self.interval)
        for place, row in enumerate(self.rows, 1):
            if row.at is not None and row.at >= self.opens:
                ends = self.closes if seconds >= DAY else min(row.at + seconds, self.closes)
                if self.quoted < ends or (seconds < DAY and row.at >= self.closes):
                    continue
            is_last = place == len(self.rows)
            if is_last and seconds < DAY and row.at is not None and (row.at % _MINUTE or row.at == self.quoted):
                continue
            yield row


def chart_of(body: bytes, symbol: str = "") -> Chart:
    """The chart of a body; of this symbol, as the lake writes it, if one is given.

    Raises:
        ValueError: it is none, or of another symbol.
    """
    value = decoded(body)
    try:
        (result,) = value["chart"]["result"]
        meta = result["meta"]
        period = meta["currentTradingPeriod"]["regular"]
        quoted, opens, closes = meta["regularMarketTime"], period["start"], period["end"]
        name, interval, zone = meta["symbol"], meta["dataGranularity"], ZoneInfo(meta["exchangeTimezoneName"])
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError, OSError):
        raise ValueError(f"it is no chart: {text_of(value)}") from None
    times = [instant(one) for one in (quoted, opens, closes)]
    if None in times or opens >= closes or not isinstance(name, str):
        raise ValueError(f"its meta data cannot be read: {text_of(meta)}")
    if symbol and name.upper() != written(symbol).upper():
        raise ValueError(f"it is of {name}, and not of {written(symbol)}")
    currency = meta.get("currency")
    return Chart(
        symbol=name,
        interval=_SAME.get(str(interval), str(interval)),
        zone=zone,
        currency=currency if isinstance(currency, str) and currency else None,
        quoted=quoted,
        opens=opens,
        closes=closes,
        first_trade=instant(meta.get("firstTradeDate")),
        rows=tuple(_rows(result, has_volume=meta.get("instrumentType") != "CURRENCY")),
        events={kind: _events(result, kind) for kind in ("splits", "dividends", "capitalGains")},
    )


def require_spacing(chart: Chart, interval: str) -> None:
    """Does nothing where rows are as far from each other as those of an interval are.

    Raises:
        ValueError: the chart says that it is of another one, or its rows are of a finer or a coarser one.
    """
    if chart.interval != interval:
        raise ValueError(f"bars of {chart.interval} were sent, and not of {interval}")
    seconds = seconds_of(interval)
    if seconds >= DAY:
        return
    times = sorted({row.at for row in chart.rows[:-1] if row.at is not None})  # the last one may be the live quote
    steps = [after - before for before, after in pairwise(times)]
    if steps and min(steps) < seconds:
        raise ValueError(f"bars {min(steps)} s from each other were sent, and not of {interval}")
    if len(times) >= _ENOUGH and (found := gcd(*steps)) > seconds:
        raise ValueError(f"bars of {found // _MINUTE}m were sent under the name of {interval}")


def instant(value: object) -> int | None:
    """Seconds since the epoch, also before it; None for all else."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and _EARLIEST <= value <= _LAST else None  # type: ignore[operator,return-value]


def seconds_of(interval: str) -> int:
    """The length of an interval."""
    return (Interval.parse(interval).length or timedelta(days=31)) // timedelta(seconds=1)


def midnight(day: date) -> datetime:
    """The midnight UTC that labels a session."""
    return EPOCH + timedelta(days=(day - EPOCH.date()).days)


def _rows(result: Mapping[str, Any], *, has_volume: bool) -> Iterator[Row]:
    times = result.get("timestamp") or []
    try:
        (quote,) = result["indicators"]["quote"]
        columns = {name: quote[name] if times else [] for name in _PRICES}
        columns["volume"] = quote.get("volume") or [None] * len(times)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"it has no open, high, low and close: {text_of(result.get('indicators'))}") from None
    if not times and any(quote.values()):
        raise ValueError("it has values without times")
    if not isinstance(times, list) or any(
        not isinstance(one, list) or len(one) != len(times) for one in columns.values()
    ):
        raise ValueError("its times and values are not lists of one length")
    adjusted = _adjusted(result, len(times))
    for line, (at, *sent) in enumerate(zip(times, *columns.values(), strict=True)):
        values = dict(zip(columns, map(number, sent), strict=True))
        if not has_volume:
            values["volume"] = None
        yield Row(line, instant(at), values, (at, *sent), adjusted[line])


def _adjusted(result: Mapping[str, Any], count: int) -> list[float | None]:
    """The adjusted closes; None for all where they cannot be read: no bar is made of them."""
    try:
        found = result["indicators"]["adjclose"][0]["adjclose"]
    except (KeyError, TypeError, IndexError):
        found = None
    return [number(one) for one in found] if isinstance(found, list) and len(found) == count else [None] * count


def _events(result: Mapping[str, Any], kind: str) -> tuple[Mapping[str, Any], ...]:
    events = result.get("events") or {}
    found = events.get(kind) or {} if isinstance(events, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise ValueError(f"its {kind} cannot be read: {text_of(events)}")
    return tuple(found.values())
