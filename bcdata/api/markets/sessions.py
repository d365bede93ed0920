"""The sessions of a market or a calendar, and the bars that are expected in them."""

from datetime import date, time

import numpy as np
import polars as pl

from bcdata import clock
from bcdata.api import arguments
from bcdata.api.instants import asked_range
from bcdata.api.lake import catalog_of
from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME
from bcdata.hints import choose
from bcdata.interval import Interval
from bcdata.providers.registry import MARKETS
from bcdata.venues.calendar import count_bars, sessions_of
from bcdata.venues.exchange_sessions import days_in_utc, every_calendar
from bcdata.venues.hours import AROUND_THE_CLOCK, CURRENCY_WEEK, Hours, calendar_names
from bcdata.venues.market import Market
from bcdata.venues.session_interval import interval_of
from bcdata.venues.sessions import IntArray, Sessions


def sessions(
    calendar: str,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    interval: str | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """The sessions of a market or a calendar, one row each.

    Args:
        calendar: a market that the catalog declares or a provider brings (`us_equity`, `spot`), or a calendar: the code
            of an exchange (`XNYS`), `fx_ny` (17:00 to 17:00 in New York), `24/5`, or `24/7`, where a session is a day,
            UTC.
        start: the date of the first session, included; the first one known if None.
        end: the date before which sessions are, itself left out; to the last one known, a year ahead, if None.
        interval: the length of bars (`1m`, `1h`, `1d`, ...), for how many are expected.
        catalog: what declares markets; the one in force if None.

    Returns:
        `session`, its label, a date of the exchange; `open` and `close` (UTC); `parts`, a list of `start` and `end`
        (UTC) of each stretch without a break or a pause. With an interval also `bars`, how many open in it;
        `first_open` and `last_open` of these; and `last_end`, when the last one ends, which may be sooner than after a
        whole interval. They are null where no bar opens, as in most sessions of a week's bars.

    Raises:
        UsageError: there is no such market, calendar or interval, the calendar cannot be built, or the range goes
            beyond what is known of it.

    Examples:
        >>> bcdata.sessions("XNYS", "2023-11-22", "2023-11-25", interval="1m")["bars"].to_list()
        [390, 210]
    """
    hours = _hours(calendar, catalog_of(catalog))
    table = sessions_of(hours).sessions if hours.are_sessions else days_in_utc(clock.now())
    chosen = table.of_dates(*_dates(start, end))
    found = _rows(chosen)
    if interval is None:
        return found
    counted = count_bars(hours, _parsed(interval), chosen.opens, chosen.closes)
    times = {"first_open": counted.first, "last_open": counted.last, "last_end": counted.end}
    return found.with_columns(
        pl.Series("bars", counted.bars, pl.Int64),
        *(pl.when(pl.Series(counted.bars > 0)).then(_instants(name, one)).alias(name) for name, one in times.items()),
    )


def bars_a_year(calendar: str, interval: str = "1d", *, catalog: Catalog | None = None) -> float:
    """How many bars a year has: the mean of the last five complete calendar years, or of as many as are known.

    Args:
        calendar: a market or a calendar, as in `sessions`.
        interval: the length of bars; with `1d` these are sessions.
        catalog: what declares markets; the one in force if None.

    Returns:
        By it the deviation of one bar's returns is scaled to a year's, times its square root. Of `24/7` it is that of
        365 days: 525,600 minutes.

    Raises:
        UsageError: there is no such market, calendar or interval, or no complete year of it is known.

    Examples:
        >>> bcdata.bars_a_year("24/7", "1h")
        8760.0
    """
    hours = _hours(calendar, catalog_of(catalog))
    return interval_of(_parsed(interval), hours).bars_a_year(clock.now().year)


def names(catalog: Catalog) -> tuple[str, ...]:
    """Markets that providers bring and the catalog declares, and the codes of calendars."""
    return (*_markets(catalog), *calendar_names(), CURRENCY_WEEK, AROUND_THE_CLOCK)


def _markets(catalog: Catalog) -> dict[str, Market]:
    return {**MARKETS, **{one.name: one for one in catalog.markets}}


def _hours(name: str, catalog: Catalog) -> Hours:
    """When a market trades, or what has this calendar."""
    market = _markets(catalog).get(arguments.text("calendar", name, "the name of a market or a calendar"))
    if market is not None:
        return market.hours
    known = names(catalog)
    if calendar_names() and name not in known and name not in every_calendar():
        raise UsageError(f"there is no calendar or market {name!r}; {choose(name, known)}")
    return Hours(name)


def _dates(start: str | date | None, end: str | date | None) -> tuple[date | None, date | None]:
    """The first date, and the one before which sessions are asked for."""
    asked, _ = asked_range(start, end)
    for one in asked:
        if one is not None and one.time() != time():
            raise UsageError(f"sessions are asked for by their dates; {one:%Y-%m-%d %H:%M} is a time of the day")
    first, last = asked
    return first and first.date(), last and last.date()


def _rows(table: Sessions) -> pl.DataFrame:
    parts = pl.DataFrame(
        {"row": table.of, "start": _instants("start", table.starts), "end": _instants("end", table.ends)}
    )
    return (
        pl.DataFrame(
            {
                "row": np.arange(len(table)),
                "session": pl.Series(table.labels).cast(pl.Date),
                "open": _instants("open", table.opens),
                "close": _instants("close", table.closes),
            }
        )
        .join(
            parts.group_by("row").agg(pl.struct("start", "end").alias("parts")),
            "row",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("parts").fill_null([]))
        .drop("row")
    )


def _instants(name: str, micros: IntArray) -> pl.Series:
    return pl.Series(name, micros, pl.Int64).cast(TIME)


def _parsed(interval: str) -> Interval:
    return Interval.parse(arguments.text("interval", interval, "the length of bars, e.g. 1m"))
