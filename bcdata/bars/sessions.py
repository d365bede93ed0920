"""Which sources make a session: those that answered for all of it, or the first one alone. Pure."""

from collections.abc import Mapping, Sequence

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.ledger.answered import is_covered
from bcdata.venues.calendar import bar_end, session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window, union

Frames = Sequence[tuple[str, pl.DataFrame]]


def by_session(
    frames: Frames, covered: Mapping[str, Sequence[Window]], expected: pl.Series, interval: SessionInterval
) -> tuple[list[tuple[str, pl.DataFrame]], dict[str, list[Window]]]:
    """The frames without the rows of sources that do not make the session in which they lie.

    Where some sources answered for a whole session, these make it, and where one of them has no bar another's counts.
    Where none did, the first that has any row makes what there is of it: a source that fails in the middle of a session
    is not gone on with by another.

    Args:
        frames: (name, bars with `open_time`) of each source, in order of precedence.
        covered: by source the time for which it answered in full, joined, UTC.
        expected: opens of all bars that are expected, ascending, UTC.
        interval: the length of the bars, less than a session.

    Returns:
        The frames, and by source the time of the sessions that it does not make: its answers about them count for
        nothing.
    """
    if len(frames) < 2:  # noqa: PLR2004 (nothing to choose between)
        return list(frames), {}
    label = session_of(interval)
    table = expected.cast(TIME).alias("open_time").to_frame().with_columns(session=label)
    for rank, (name, frame) in enumerate(frames):
        whole = is_covered(table["open_time"], covered.get(name, ()), interval)
        has_row = table["open_time"].is_in(frame["open_time"].implode())
        table = table.with_columns(whole.alias(f"whole_{rank}"), has_row.alias(f"row_{rank}"))
    ranks = range(len(frames))
    sessions = table.group_by("session").agg(
        *(pl.col(f"whole_{rank}").all() for rank in ranks), *(pl.col(f"row_{rank}").any() for rank in ranks)
    )
    is_whole = pl.any_horizontal(f"whole_{rank}" for rank in ranks)
    first = pl.coalesce([pl.when(f"row_{rank}").then(rank) for rank in ranks])
    spans = table.group_by("session").agg(first=pl.col("open_time").min(), last=pl.col("open_time").max())
    sessions = sessions.join(spans, on="session").sort("session")
    found, left_out = [], {}
    for rank, (name, frame) in enumerate(frames):
        makes = pl.when(is_whole).then(f"whole_{rank}").otherwise(first == rank).fill_null(value=False)
        others = sessions.filter(~makes)
        found.append((name, frame.filter(~label.is_in(others["session"].implode()))))
        ends = others.select(bar_end(interval, "last")).to_series()
        left_out[name] = union(map(Window, others["first"].to_list(), ends.to_list()))
    return found, left_out
