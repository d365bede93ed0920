"""What the keys of one folder of the archive say: objects with their CHECKSUM files, and keys that name none. Pure."""

from collections.abc import Iterable

from bcdata.providers.base import PERIODS, BulkObject, ObjectListing, Series
from bcdata.providers.binance.files.listing import ListingEntry
from bcdata.providers.binance.names import CHECKSUM, name_stem, parse_key, parse_unpadded, series_prefix, time_named
from bcdata.windows import Window


def read_entries(entries: Iterable[ListingEntry], series: Series, period: str) -> ObjectListing:
    """The series' objects among the entries.

    A name whose month or day lacks its zero is read, unless another key names the same date: then nobody can tell
    which of them is meant, and a well-formed one wins. CHECKSUM files and folders are no objects, and are left out.
    """
    found = {entry.key: entry for entry in entries}
    dates: dict[str, str] = {}
    unpadded: dict[str, list[str]] = {}
    others: list[str] = []
    for key in found:
        if key.endswith(("/", CHECKSUM)):
            continue
        name = parse_key(key)
        if name is not None and (name.series, name.period) == (series, period):
            dates[name.date_key] = key
        elif (date_key := parse_unpadded(key, series, period)) is not None:
            unpadded.setdefault(date_key, []).append(key)
        else:
            others.append(key)
    for date_key, keys in unpadded.items():
        if date_key in dates or len(keys) > 1:
            others += keys
        else:
            dates[date_key] = keys[0]
    objects = (_object(found, key, period, date_key) for date_key, key in sorted(dates.items()))
    return ObjectListing(tuple(objects), tuple(sorted(others)))


def is_about(key: str, series: Series, period: str, window: Window, *, lacks: bool) -> bool:
    """Whether a key that is not understood may be about the window, and every range that holds it would show the key.

    What is said of a partition must not depend on the range of the run; which keys a range shows, see
    `BinanceArchive.listed`.

    Args:
        key: the key.
        series: the series in whose folder it is.
        period: the folder's period.
        window: the time of a partition.
        lacks: whether the window lacks an object that is due: then a key without a date may be it, too.
    """
    stem, year = series_prefix(series, period) + name_stem(series), f"{window.start:%Y}"
    rest = key.removeprefix(stem) if key.startswith(stem) else ""
    time = time_named(key, series, period)
    if time is None:
        return lacks and key > f"{stem}:"
    if not (time.start < window.end and window.start < time.end):
        return False
    month = f"{window.start:%Y-%m}"
    is_january = month.endswith("-01") and rest.startswith(f"{year}-1{'-' if period == 'daily' else '.'}")
    is_apart = is_january or (rest.startswith(year) and rest > f"{year}-12~")
    return PERIODS[period].key(window.start) <= rest <= f"{month}~" or (is_apart and (lacks or period == "monthly"))


def _object(found: dict[str, ListingEntry], key: str, period: str, date_key: str) -> BulkObject:
    entry, checksum = found[key], found.get(key + CHECKSUM)
    return BulkObject(
        key=key,
        period=period,
        date_key=date_key,
        size=entry.size,
        last_modified=entry.last_modified,
        etag=entry.etag,
        checksum_listed=checksum is not None,
        checksum_modified=checksum.last_modified if checksum else None,
    )
