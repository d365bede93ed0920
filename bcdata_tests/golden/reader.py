"""An independent reading of the archive: zipfile, csv and float. It shares no code with bcdata, on purpose."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

Row = tuple[datetime, float, float, float, float, float, float, int, float, float]
"""open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_volume, taker_buy_quote_volume."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fields(path: Path) -> Iterator[list[str]]:
    """The rows of a zip's only member as lists of text, without a header."""
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        text = archive.read(member).decode("ascii")
    for row in csv.reader(io.StringIO(text)):
        if row and row[0][0].isdigit():
            yield row


def klines(paths: Iterable[Path]) -> list[Row]:
    """All bars of the files, ascending by open."""
    return sorted(_bar(row) for path in paths for row in fields(path))


def _bar(row: list[str]) -> Row:
    prices_and_volume = [float(value) for value in row[1:6]]
    return (
        instant(row[0]),
        prices_and_volume[0],
        prices_and_volume[1],
        prices_and_volume[2],
        prices_and_volume[3],
        prices_and_volume[4],
        float(row[7]),
        int(row[8]),
        float(row[9]),
        float(row[10]),
    )


def instant(stamp: str) -> datetime:
    """Thirteen digits are milliseconds, sixteen are microseconds."""
    unit = {13: timedelta(milliseconds=1), 16: timedelta(microseconds=1)}[len(stamp)]
    return _EPOCH + int(stamp) * unit


def days(folder: Path, stem: str, month: str) -> list[Path]:
    """The daily zips of a month in a folder of the archive."""
    return sorted(folder.glob(f"{stem}-{month}-??.zip"))
