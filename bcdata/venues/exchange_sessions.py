"""Sessions of exchanges, out of the library `exchange_calendars`, computed once and kept as plain values."""

import os
import warnings
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import shorten
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zipfile import BadZipFile

import numpy as np

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.interval import EPOCH
from bcdata.venues.hours import LIBRARY
from bcdata.venues.sessions import IntArray, Sessions
from bcdata.windows import Window

if TYPE_CHECKING:
    import pandas as pd

_BUILDING = Lock()
"""One calendar is built at a time: what warnings are heard is the whole process's."""
_AHEAD = timedelta(days=365)
"""How far the library looks into the future: holidays are not announced for ever."""
_STALE = timedelta(days=180)
"""A table that ends sooner than this is computed again."""
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = ("labels", "opens", "closes", "starts", "ends", "of")


def exchange_sessions(name: str, now: datetime, folder: Path) -> Sessions:
    """The sessions of an exchange, by its code: `XNYS`, `XLON`, `CMES`, ...; all that the library knows, from 1970 on.

    Args:
        name: as the library writes it.
        now: sessions of a year from then on are known.
        folder: where tables are kept, so that later processes need neither the library nor pandas.

    Raises:
        UsageError: the library is not installed, has no such calendar, or cannot build it.
    """
    path = folder / f"{quote(name, safe='')}.npz"
    installed = _installed()
    kept = _read(path, name)
    if kept is not None and installed in {None, kept.source} and kept.known.end >= now + _STALE:
        return kept
    made = _built(name, (now + _AHEAD).date())
    _write(path, made)
    return made


def _installed() -> str | None:
    """The library that is there, as tables name it; None where there is none."""
    try:
        return f"{LIBRARY} {version(LIBRARY)}"
    except PackageNotFoundError:
        return None


def _read(path: Path, name: str) -> Sessions | None:
    """A table that was kept; None where there is none, or it cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            columns = {column: kept[column] for column in _COLUMNS}
            start, end = (EPOCH + int(one) * _MICROSECOND for one in kept["told"])
            told = Window(start, end)
            return Sessions(name, str(kept["source"]), told=told, **columns)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, OverflowError):
        return None


def _write(path: Path, table: Sessions) -> None:
    """Keeps a table; where the folder cannot be written it is computed again by the next process."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    told = np.array([(one - EPOCH) // _MICROSECOND for one in (table.known.start, table.known.end)])
    columns = {one: getattr(table, one) for one in _COLUMNS}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, source=table.source, told=told, **columns)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)


def every_calendar() -> tuple[str, ...]:
    """The names of calendars that the library knows, with other names of the same: `XNYS`, `NYSE`, `NASDAQ`, ...

    Raises:
        UsageError: the library is not installed.
    """
    return tuple(_library().get_calendar_names())


def _built(name: str, until: date) -> Sessions:
    library = _library()
    names = every_calendar()
    if name not in names:
        raise UsageError(f"there is no calendar {name!r}; {choose(name, [*names, '24/7', 'fx_ny'])}")
    made = library.calendar_utils._default_calendar_factories  # noqa: SLF001 - what has bounds is not told otherwise
    bounds = made[library.resolve_alias(name)]
    first, last = bounds.bound_min(), bounds.bound_max()
    start = first.date() if first is not None else EPOCH.date()
    end = min(until, last.date()) if last is not None else until
    source = f"{LIBRARY} {library.__version__}"
    try:
        with _BUILDING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own use of pandas
            schedule = library.get_calendar(name, start=start.isoformat(), end=end.isoformat()).schedule
    except (ValueError, NotImplementedError, TypeError, KeyError) as error:
        words = f"{source} cannot build the calendar {name}: {type(error).__name__}: "
        cause = shorten(str(error).split(".")[0], 80, placeholder=" ...")
        raise UsageError(f"{words}{cause}; take another calendar, or versions of it and of pandas that can") from None
    return _table(name, source, schedule, Window(_midnight(start), _midnight(end)))


def _library() -> Any:
    try:
        import exchange_calendars
    except ImportError:
        raise UsageError("calendars of exchanges need the extra: pip install 'bcdata[stocks]'") from None
    return exchange_calendars


def _table(name: str, source: str, schedule: "pd.DataFrame", whole: Window) -> Sessions:
    labels = schedule.index.to_numpy().astype("datetime64[D]")
    opens, closes, break_starts, break_ends = (
        schedule[column].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        for column in ("open", "close", "break_start", "break_end")
    )
    number = np.arange(labels.size)
    has_break = ~np.isnat(break_starts)
    starts = np.concatenate([opens, break_ends[has_break]])
    ends = np.concatenate([np.where(has_break, break_starts, closes), closes[has_break]])
    of = np.concatenate([number, number[has_break]])
    order = np.argsort(starts, kind="stable")
    # What opens after the last close is told up to the midnight of its day: the next session may open in that day.
    last = EPOCH + int(_micros(closes)[-1]) * _MICROSECOND
    told = Window(whole.start, max(whole.end, last))
    columns = (_micros(opens), _micros(closes), _micros(starts[order]), _micros(ends[order]), of[order])
    return Sessions(name, source, labels, *columns, told)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _micros(times: "np.ndarray[Any, Any]") -> IntArray:
    return times.astype(np.int64)


def week_in_new_york(now: datetime) -> Sessions:
    """Sessions of the currency market: from 17:00 in New York to 17:00 of the next day, Monday's begins on Sunday."""
    from zoneinfo import ZoneInfo

    place, day, rows = ZoneInfo("America/New_York"), EPOCH.date(), list[tuple[date, datetime, datetime]]()
    until = (now + _AHEAD).date()
    while day <= until:
        if day.weekday() < 5:  # noqa: PLR2004 - Monday to Friday
            end = datetime(day.year, day.month, day.day, 17, tzinfo=place)
            begin = end.replace(tzinfo=None) - timedelta(days=1)
            rows.append((day, begin.replace(tzinfo=place).astimezone(UTC), end.astimezone(UTC)))
        day += timedelta(days=1)
    return Sessions.of_rows("fx_ny", "bcdata", rows, Window(rows[0][1], _midnight(until)))


def days_in_utc(now: datetime) -> Sessions:
    """A session each day from midnight to midnight, UTC: of a market that never closes."""
    labels = np.arange(np.datetime64(EPOCH.date()), np.datetime64((now + _AHEAD).date()))
    edges = _micros(np.append(labels, labels[-1:] + 1).astype("datetime64[us]"))
    opens, closes = edges[:-1], edges[1:]
    return Sessions("24/7", "bcdata", labels, opens, closes, opens, closes, np.arange(labels.size))
