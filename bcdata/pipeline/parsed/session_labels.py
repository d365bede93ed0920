"""Bars of a day or longer of a market with sessions: sources label them by dates, the lake by opens. Pure."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.frames.schema import REFUSED, TIME
from bcdata.interval import Interval
from bcdata.providers.base import RawBars
from bcdata.venues.session_interval import SessionInterval

OFF_BY_A_DAY = "stamped_a_day_off"
_WORDS = "no session has this date, and with all dates of the answer {} they are sessions: it is stamped a day off"


def placed(found: RawBars, interval: Interval) -> RawBars:
    """The rows with the opens of their bars in place of the dates by which their source labels them.

    A date without a session stays as it is, and the rules set its row aside. Where dates of an answer are no sessions,
    and all of them are if they are moved by a day, the whole answer is refused: none of its rows can be believed.
    """
    if not isinstance(interval, SessionInterval) or not interval.is_long or found.rows.is_empty():
        return found
    rows, labels, there = _opened(found.rows, interval)
    damage = None if found.damage is None else _opened(found.damage, interval)[0]
    pages = rows["object"].to_numpy()
    moved = {page: by for page in np.unique(pages[~there]) if (by := _moved(interval, labels[pages == page]))}
    is_moved = np.isin(pages, list(moved))
    if not moved:
        return replace(found, rows=rows, damage=damage)
    odd = rows.filter(pl.Series(is_moved))
    refused = odd.select(
        "object",
        "line",
        pl.struct(pl.exclude("object", "line")).struct.json_encode().alias("text"),
        pl.col("object").replace_strict({page: _WORDS.format(by) for page, by in moved.items()}).alias("evidence"),
        "open_time",
        reason=pl.lit(OFF_BY_A_DAY),
    ).cast(dict(REFUSED))  # type: ignore[arg-type]
    bad_lines = pl.concat([found.bad_lines, refused], how="diagonal")
    return replace(found, rows=rows.filter(pl.Series(~is_moved)), bad_lines=bad_lines, damage=damage)


def _opened(
    rows: pl.DataFrame, interval: SessionInterval
) -> tuple[pl.DataFrame, "npt.NDArray[np.datetime64]", "npt.NDArray[np.bool_]"]:
    """The rows with opens in place of dates, the dates, and whether each is one of a session: else it stays."""
    labels = rows["open_time"].cast(TIME).dt.date().to_numpy().astype("datetime64[D]")
    opens, there = interval.calendar.opens_of(interval, labels)
    midnights = labels.astype("datetime64[us]").astype(np.int64)
    return rows.with_columns(open_time=pl.Series(np.where(there, opens, midnights))), labels, there


def _moved(interval: SessionInterval, labels: "npt.NDArray[np.datetime64]") -> str | None:
    """How all dates have to be moved to be sessions; None where that is not it."""
    if interval.name != "1d" or labels.size < 2:  # noqa: PLR2004 (one date may be wrong in other ways)
        return None
    for days, words in ((1, "a day later"), (-1, "a day earlier")):
        if interval.calendar.opens_of(interval, labels + np.timedelta64(days, "D"))[1].all():
            return words
    return None
