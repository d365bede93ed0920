"""Sessions of exchanges, out of the library `exchange_calendars`, computed once and kept as plain values."""

import os
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.venues.sessions import IntArray, Sessions

if TYPE_CHECKING:
    import pandas as pd

_AHEAD = timedelta(days=365)
"""How far the library looks into the future: holidays are not announced for ever."""
_STALE = timedelta(days=180)
"""A table that ends sooner than this is computed again."""
_COLUMNS = ("labels", "opens", "closes", "starts", "ends", "of")


def exchange_sessions(name: str, since: date, now: datetime, folder: Path) -> Sessions:
    """The sessions of an exchange, by its code: `XNYS`, `XLON`, `CMES`, ...

    Args:
        name: as the library writes it.
        since: the first date.
        now: sessions of a year from then on are known.
        folder: where tables are kept, so that later processes need neither the library nor pandas.

    Raises:
        UsageError: the library is not installed, has no such calendar, or cannot build it.
    """
    path = folder / f"{name}-{since:%Y%m%d}.npz"
    if (kept := _read(path, name)) is not None and kept.known.end >= now + _STALE:
        return kept
    made = _built(name, since, (now + _AHEAD).date())
    _write(path, made)
    return made


def _read(path: Path, name: str) -> Sessions | None:
    """A table that was kept; None where there is none, or it cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            labels, *others = (kept[column] for column in _COLUMNS)
            return Sessions(name, str(kept["source"]), labels.astype("datetime64[D]"), *others)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _write(path: Path, table: Sessions) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, source=table.source, **{one: getattr(table, one) for one in _COLUMNS})
    draft.replace(path)


def _built(name: str, since: date, until: date) -> Sessions:
    library = _library()
    names = library.get_calendar_names()
    if name not in names:
        raise UsageError(f"there is no calendar {name!r}; {choose(name, names)}")
    made = library.calendar_utils._default_calendar_factories  # noqa: SLF001 - what has bounds is not told otherwise
    bounds = made[library.resolve_alias(name)]
    first, last = bounds.bound_min(), bounds.bound_max()
    start = max(since, first.date()) if first is not None else since
    end = min(until, last.date()) if last is not None else until
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own use of pandas
            schedule = library.get_calendar(name, start=start.isoformat(), end=end.isoformat()).schedule
    except (ValueError, NotImplementedError, TypeError, KeyError) as error:
        words = str(error).split(".")[0].strip()[:80]
        built_by = f"exchange_calendars {library.__version__}"
        raise UsageError(f"{built_by} cannot build the calendar {name}: {type(error).__name__}: {words}") from None
    return _table(name, f"exchange_calendars {library.__version__}", schedule)


def _library() -> Any:
    try:
        import exchange_calendars
    except ImportError:
        raise UsageError("calendars of exchanges need the extra: pip install 'bcdata[stocks]'") from None
    return exchange_calendars


def _table(name: str, source: str, schedule: "pd.DataFrame") -> Sessions:
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
    return Sessions(
        name, source, labels, _micros(opens), _micros(closes), _micros(starts[order]), _micros(ends[order]), of[order]
    )


def _micros(times: "np.ndarray[Any, Any]") -> IntArray:
    return times.astype(np.int64)


def week_in_new_york(since: date, now: datetime) -> Sessions:
    """Sessions of the currency market: from 17:00 in New York to 17:00 of the next day, Monday's begins on Sunday."""
    from zoneinfo import ZoneInfo

    place, day, rows = ZoneInfo("America/New_York"), since, list[tuple[date, datetime, datetime]]()
    while day <= (now + _AHEAD).date():
        if day.weekday() < 5:  # noqa: PLR2004 - Monday to Friday
            end = datetime(day.year, day.month, day.day, 17, tzinfo=place)
            begin = end.replace(tzinfo=None) - timedelta(days=1)
            rows.append((day, begin.replace(tzinfo=place).astimezone(UTC), end.astimezone(UTC)))
        day += timedelta(days=1)
    return Sessions.of_rows("fx_ny", "bcdata", rows)
