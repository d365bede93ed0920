"""CSV as others read it: one format of times in a column, and for engines numbers without exponents."""

from pathlib import Path

import polars as pl

_SECONDS, _ISO, _FRACTION = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%.6f"


def time_format(times: pl.Series, seconds: str = _SECONDS) -> str:
    """How all times of a column are written: with microseconds only if one of them is no full second.

    Engines and pandas guess the format by the first line, or are told one for all lines.
    """
    whole = times.is_empty() or bool((times.dt.microsecond() == 0).all())
    return seconds if whole else seconds + _FRACTION


def with_iso_times(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their instants as text: `2023-01-01T00:00:00Z`."""
    instants = [one for one in rows if one.dtype.base_type() is pl.Datetime]
    return rows.with_columns(one.dt.strftime(f"{time_format(one, _ISO)}Z") for one in instants)


def write_csv(rows: pl.DataFrame, path: Path, *, times: str | None = None, header: bool = True) -> None:
    """Writes rows.

    Args:
        rows: what is written.
        path: where to.
        times: the format of instants; None where there are none.
        header: whether the first line has the names.
    """
    rows.write_csv(path, datetime_format=times, include_header=header, float_scientific=False)
