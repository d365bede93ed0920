"""What was asked for and is not there: a reader is told, and never takes less than it asked for as all there is."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from bcdata.api.instants import Asked
from bcdata.catalog import Dataset
from bcdata.errors import MissingDataError, MissingDataWarning
from bcdata.pipeline.lake import BETWEEN, keys_over, repair, trusted
from bcdata.pipeline.raw.due import due_until
from bcdata.reading.verified_files import log
from bcdata.sizes import counted
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_FETCH = "fetch it with: bcdata materialize"
_NAMED = 3
"""Symbols that a text names."""
_FETCHED = 30
"""Symbols that the command in it has: a line that nobody can read helps nobody."""


class Missing(StrEnum):
    """What becomes of a range that was never published: an error, a warning, or nothing."""

    RAISE = "raise"
    WARN = "warn"
    IGNORE = "ignore"


def tell_of_lacking(
    dataset: Dataset,
    name: str,
    partitions: Mapping[str, Sequence[Partition]],
    asked: Asked | Mapping[str, Asked],
    *,
    now: datetime,
    missing: Missing,
    hint: str = "",
) -> None:
    """Says which partitions of the range are not published, with the command that fetches them.

    What a ledger explains is published, and nothing is said of it. Nor of what is not due yet. Where no start (or end)
    was asked for, the first (or last) partition of each symbol is where its range begins (or ends).

    Args:
        dataset: whose partitions these are, or are made of.
        name: what was asked for, in words (`told_of`).
        partitions: those that are there, by symbol, ascending.
        asked: first instant, and the one before which rows were asked for; None where there was none. Of each symbol,
            or of all.
        now: the present instant (UTC).
        missing: what to do.
        hint: what is added where nothing at all is there.

    Raises:
        MissingDataError: something is not there, and `missing` is `raise`.
    """
    if missing is Missing.IGNORE:
        return
    ranges = dict.fromkeys(partitions, asked) if isinstance(asked, tuple) else asked
    lacking = {symbol: _lacking(dataset, there, ranges[symbol], now) for symbol, there in partitions.items()}
    found = {symbol: keys for symbol, keys in lacking.items() if keys}
    if partitions and not found:
        return
    text = (
        _words(dataset, name, found)
        if found
        else f"{name}: nothing of it was published yet; {_FETCH} {dataset.name}{hint}"
    )
    if missing is Missing.RAISE:
        raise MissingDataError(text)
    warnings.warn(text, MissingDataWarning, stacklevel=levels_to_the_caller())


def teller(missing: Missing) -> Callable[[str], None]:
    """Who is told of what is left out while rows are read: the log, the caller as a warning, or as an error."""

    def tell(text: str) -> None:
        if missing is Missing.RAISE:
            raise MissingDataError(text)
        if missing is Missing.WARN:
            warnings.warn(text, MissingDataWarning, stacklevel=levels_to_the_caller())
        else:
            log(text)

    return tell


def told_of(zone: str, name: str) -> str:
    """What texts call the rows of a zone: bars may be there of which there are no features."""
    return name if zone in ("merged", "resampled") else f"{zone} of {name}"


def require_standing(
    store: Store, partitions: Mapping[str, Sequence[Partition]], wanted: Callable[[Partition], bool], missing: Missing
) -> None:
    """Passes where no bars are held back; who does not want to be stopped is warned of them when they are read.

    Raises:
        MissingDataError: bars and ledger of a partition are of two publications, and `missing` is `raise`.
        StoreError: a file is damaged or lost.
    """
    if missing is not Missing.RAISE:
        return
    for one in (one for there in partitions.values() for one in there if wanted(one)):
        if one.zone == "merged" and trusted(store, one) is None:
            raise MissingDataError(f"merged {one} is left out: {BETWEEN}; {repair(one, one.dataset)}")


def levels_to_the_caller() -> int:
    """How far up the stack the line stands that called into this package, as `warnings` counts from its caller."""
    levels, frame = 1, inspect.currentframe()
    frame = frame.f_back if frame else None
    while frame and frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "bcdata":
        levels, frame = levels + 1, frame.f_back
    return levels


def _lacking(dataset: Dataset, there: Sequence[Partition], asked: Asked, now: datetime) -> list[str]:
    """The date keys of one symbol that are not there."""
    grain = dataset.grain
    held = [one.date for one in there if grain.is_key(one.date)]
    start, end = asked
    if start is None and held:
        start = grain.window(held[0]).start
    if end is None and held:
        end = grain.window(held[-1]).end
    if start is None or end is None:
        return []
    first = max(start, grain.window(dataset.start).start)
    return sorted(set(keys_over(dataset, Window(first, min(end, due_until(dataset, now))))) - set(held))


def _words(dataset: Dataset, name: str, found: Mapping[str, Sequence[str]]) -> str:
    first, last = min(keys[0] for keys in found.values()), max(keys[-1] for keys in found.values())
    named = [f"{symbol} {_range(keys)}" for symbol, keys in list(found.items())[:_NAMED]]
    more = f", and of {len(found) - _NAMED:,} more symbols" if len(found) > _NAMED else ""
    fetch = _FETCH if len(found) <= _FETCHED else _FETCH.replace("it", f"the first {_FETCHED}", 1)
    command = f"{fetch} {dataset.name} --symbols {','.join(list(found)[:_FETCHED])} --from {first} --to {last}"
    return f"{name}: never published is {', '.join(named)}{more}; {command}; bcdata status tells what is held back"


def _range(keys: Sequence[str]) -> str:
    """Date keys in words."""
    if len(keys) == 1:
        return keys[0]
    return f"{keys[0]} .. {keys[-1]} ({counted(len(keys), 'partition')})"
