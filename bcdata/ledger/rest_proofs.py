"""What kept answers of REST prove about bars that are not there: said in the one way that records keep. Pure."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import window_of_run
from bcdata.ledger.negatives import empty_windows, still_empty
from bcdata.ledger.records import AskedRecord, NegativeEvidence, SpanRecord
from bcdata.windows import Window


def proofs(
    queries: Sequence[AskedRecord],
    opens: Sequence[Sequence[datetime]],
    agrees: Sequence[bool],
    interval: Interval,
) -> NegativeEvidence:
    """What complete answers prove.

    Args:
        queries: what was asked, as a manifest has it (`start`, `end`, and `again`: runs asked about a second time).
        opens: the opens (UTC) of all rows of each answer, those too that no audit would pass.
        agrees: for each answer whether it has all bars that other sources have there, with equal values. One that
            has not proves nothing; an empty one has not wherever there is any bar.
        interval: the length of the bars.

    Returns:
        Windows as pairs of ISO instants: `asked`; `confirmed`, where one answer has bars on both sides and none
        between; `empty`, where two answers at least a day apart have none.
    """
    confirmed, empty = [], []
    came = pl.Series("open_time", sorted({at for answer in opens for at in answer}), dtype=TIME)
    for query, answer, is_evidence in zip(queries, opens, agrees, strict=True):
        if not is_evidence:
            continue
        asked = window_asked(query)
        confirmed += empty_windows([at for at in answer if at in asked], interval)
        runs = [(datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in query.get("again", [])]
        again = [window_of_run(first, last, interval) for first, last in runs]
        empty += still_empty(again, came, interval)
    return {
        "asked": [[query["start"], query["end"]] for query in queries],
        "confirmed": [_pair(window) for window in confirmed],
        "empty": [_pair(window) for window in empty],
    }


def window_asked(query: SpanRecord) -> Window:
    """The window that a question of a manifest asked for."""
    return Window(datetime.fromisoformat(query["start"]), datetime.fromisoformat(query["end"]))


def _pair(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]
