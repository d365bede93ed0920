"""Funding settlements as Binance sends them -> the canonical funding frame. Pure."""

import io
import json
from collections.abc import Sequence

import polars as pl

from bcdata.bars.schema import FUNDING
from bcdata.providers.binance.unzip import ObjectError

_COLUMNS = ("calc_time", "funding_interval_hours", "last_funding_rate")
_HOUR_US = 3_600_000_000
REASONS = pl.Schema({"calc_time": pl.String, "rate": pl.String, "interval_hours": pl.String, "reason": pl.String})


def read_funding_csv(contents: Sequence[bytes]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reads fundingRate objects: (settlements, rows set aside with their reason).

    Raises:
        ObjectError: `columns`: not the columns of fundingRate.
    """
    frames = [_text(content) for content in contents if content.strip()]
    if not frames:
        return pl.DataFrame(schema=FUNDING), pl.DataFrame(schema=REASONS)
    return _typed(pl.concat(frames))


def read_funding_pages(pages: Sequence[bytes]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reads REST pages; the interval in force is the spacing to the settlement before or after, whichever is shorter.

    A wide spacing on one side is a settlement that is missing, not another interval; none was ever above 8 hours.
    """
    rows = [(str(row["fundingTime"]), str(row["fundingRate"])) for page in pages for row in json.loads(page)]
    text = pl.DataFrame(rows, schema={"calc_time": pl.String, "rate": pl.String}, orient="row")
    settled, bad = _typed(text.with_columns(pl.lit("1").alias("interval_hours")))
    spacing = pl.col("time").diff().dt.total_microseconds()
    hours = ((pl.min_horizontal(spacing, spacing.shift(-1)) + _HOUR_US // 2) // _HOUR_US).clip(1, _USUAL_HOURS)
    return settled.with_columns(hours.cast(pl.Int64).fill_null(_USUAL_HOURS).alias("interval_hours")), bad


_USUAL_HOURS = 8


def _text(content: bytes) -> pl.DataFrame:
    first = content.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    has_header = not first[:1].isdigit()
    if has_header and tuple(first.split(",")) != _COLUMNS:
        raise ObjectError("columns", f"the header is {first[:120]!r}")
    if first.count(",") != len(_COLUMNS) - 1:
        raise ObjectError("columns", f"rows have {first.count(',') + 1} columns where fundingRate has 3")
    schema = {"calc_time": pl.String, "interval_hours": pl.String, "rate": pl.String}
    try:
        return pl.read_csv(
            io.BytesIO(content), has_header=False, skip_rows=int(has_header), schema=schema, quote_char=None
        ).select("calc_time", "rate", "interval_hours")
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=dict.fromkeys(("calc_time", "rate", "interval_hours"), pl.String))
    except pl.exceptions.PolarsError as error:
        raise ObjectError("unreadable", str(error).splitlines()[0]) from None


def _typed(text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Snaps times to the minute (calc_time jitters by milliseconds, either side) and judges the rows."""
    micros = pl.col("calc_time").cast(pl.Int64, strict=False)
    micros = pl.when(micros >= 10**14).then(micros).otherwise(micros * 1000)
    rows = text.with_columns(
        micros.cast(FUNDING["time"]).dt.round("1m").alias("time"),
        pl.col("rate").cast(pl.Float64, strict=False).alias("funding_rate"),
        pl.col("interval_hours").cast(pl.Int64, strict=False).alias("hours"),
    )
    reason = (
        pl.when(pl.col("time").is_null() | pl.col("funding_rate").is_null() | pl.col("hours").is_null())
        .then(pl.lit("values"))
        .when(~pl.col("funding_rate").is_finite())
        .then(pl.lit("finite"))
        .when(~pl.col("hours").is_between(1, 24))
        .then(pl.lit("interval"))
    )
    judged = rows.with_columns(reason.alias("reason")).unique(
        ["time", "funding_rate", "hours", "reason"], maintain_order=True
    )
    conflict = pl.col("reason").is_null() & (pl.len().over("time", "reason") > 1)
    judged = judged.with_columns(
        pl.when(conflict).then(pl.lit("duplicate_conflict")).otherwise("reason").alias("reason")
    )
    good = judged.filter(pl.col("reason").is_null()).sort("time")
    bad = judged.filter(pl.col("reason").is_not_null()).select(REASONS.names())
    return good.select("time", "funding_rate", pl.col("hours").alias("interval_hours")), bad
