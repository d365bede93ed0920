"""The archive's files in a user's folder: what their names and paths say, however they were copied (`FolderFormat`)."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from bcdata.errors import UsageError
from bcdata.frames.types import FRAME_TYPES
from bcdata.interval import Interval
from bcdata.providers.base import PERIODS, Series
from bcdata.providers.binance.files.checksum import verdict
from bcdata.providers.binance.files.peek import content_bound, member_name
from bcdata.providers.binance.files.unzip import entry_of, unzip
from bcdata.providers.binance.names import (
    CHECKSUM,
    FOLDERS,
    INTERVALS,
    MARKET_KINDS,
    TYPES,
    check_series,
    name_stem,
    series_prefix,
)
from bcdata.providers.folder import NamedFile

__all__ = ["CHECKSUM", "EXAMPLE", "check", "named", "verdict"]

EXAMPLE = "BTCUSDT-1m-2023-01.zip"
_NAME = re.compile(
    r"(?P<symbol>.+)-(?P<what>[a-z0-9]+)-(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?(?: ?\(\d+\))?\.zip",
    re.ASCII | re.IGNORECASE,
)
"""In any case, without zeros, and with the number that a browser gives to what it downloads twice."""
_PLACES = {tuple(folder.split("/")[1:]): market for market, folder in FOLDERS.items()}
"""Where each market's files lie below `data`, which many leave out."""
_KINDS = {word.lower(): kind for kind, word in TYPES.items()}


def named(path: PurePath) -> NamedFile | None:
    """What an absolute path says; None where its name is none of the archive's.

    The name tells symbol, interval and date; market and type are those of the last `spot/daily/klines` or the like in
    the path, and anything where there is none.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    period = "daily" if match["day"] else "monthly"
    parts = [match["year"], match["month"], *([match["day"]] if match["day"] else [])]
    date_key, written = "-".join(part.zfill(2) for part in parts), "-".join(parts)
    keys: dict[Series, str] = {}
    if not PERIODS[period].is_key(date_key):
        return None
    for series in _series(match["symbol"].upper(), match["what"].lower()):
        keys[series] = f"{series_prefix(series, period)}{name_stem(series)}{written}.zip"
    if not keys:
        return None
    place = _place(path)
    told = {series: key for series, key in keys.items() if (series.market, series.kind) == place}
    name = next(iter(keys.values())).rpartition("/")[2]
    return NamedFile(name, period, date_key, told or keys)


def check(body: bytes, series: Series, file: NamedFile) -> None:
    """Passes a zip with just the file that its name says. What nobody parses is not inflated: it may be huge.

    Raises:
        ObjectError: it is no such zip.
    """
    member = member_name(file.name)
    if not FRAME_TYPES[series.kind].has_parser:
        entry_of(body, member=member)
        return
    interval = Interval.parse(series.interval) if series.interval else None
    bound = content_bound(PERIODS[file.period].window(file.date_key), interval)
    unzip(body, member=member, max_bytes=bound)


def _series(symbol: str, what: str) -> Iterator[Series]:
    """All series whose files may be called so."""
    interval = what if what in INTERVALS else None
    for market, kinds in MARKET_KINDS.items():
        for kind in sorted(kinds if interval else kinds & {_KINDS.get(what, "")}):
            series = Series(market, kind, symbol, interval)
            try:
                check_series(series)
            except UsageError:
                continue
            yield series


def _place(path: PurePath) -> tuple[str, str] | None:
    """Market and type by the folders that the file lies in, the innermost that are called as the archive's."""
    folders = [part.lower() for part in path.parts[:-1]]
    for at in reversed(range(len(folders))):
        for place, market in _PLACES.items():
            end = at + len(place)
            if tuple(folders[at:end]) == place and folders[end : end + 1] and folders[end] in PERIODS:
                kind = _KINDS.get(next(iter(folders[end + 1 : end + 2]), ""))
                if kind is not None:
                    return market, kind
    return None
