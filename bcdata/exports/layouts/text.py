"""CSV as engines read it: one format of times in a file, and numbers without exponents."""

from pathlib import Path

import polars as pl

_SECONDS, _FRACTION = "%Y-%m-%d %H:%M:%S", "%.6f"


def time_format(times: pl.Series) -> str:
    """How all times of a file are written: with microseconds only if one of them is no full second.

    Engines guess the format by the first line, or are told one for all lines.
    """
    whole = times.is_empty() or bool((times.dt.microsecond() == 0).all())
    return _SECONDS if whole else _SECONDS + _FRACTION


def write_csv(rows: pl.DataFrame, path: Path, *, times: str | None = None, header: bool = True) -> None:
    """Writes rows.

    Args:
        rows: what is written.
        path: where to.
        times: the format of instants; None where there are none.
        header: whether the first line has the names.
    """
    rows.write_csv(path, datetime_format=times, include_header=header, float_scientific=False)
