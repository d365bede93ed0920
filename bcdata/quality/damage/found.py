"""Damage of a symbol's bars and actions as a table, and as findings. Pure."""

from collections.abc import Iterator

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.quality.damage.history import History
from bcdata.quality.damage.jumps import MISSING_SPLIT, UNIT_JUMP, jumps, levels
from bcdata.quality.damage.payments import DIVIDEND_SIZE, DOUBLE_COUNT, Book, Told
from bcdata.quality.damage.repeats import told_twice
from bcdata.quality.damage.sizes import odd_sizes
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity
from bcdata.windows import Window

DAMAGE = pl.Schema({"rule": pl.String(), "row": pl.Int64(), "session": pl.Date(), "words": pl.String()})
"""What is found: the rule, the bar's place in the frame that was given, its session, and why."""
_WORDS = {
    UNIT_JUMP: "prices leap by a power of ten, or far and back: another unit, or no price",
    MISSING_SPLIT: "prices leap by the ratio of a split: it is not taken out of all of them",
    DIVIDEND_SIZE: "payments and adjusted closes, or prices, contradict each other",
    DOUBLE_COUNT: "capital gains are taken off twice, as dividends and as capital gains",
}


def damage(bars: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """What contradicts itself in bars and actions of one symbol, adjusted for splits.

    Args:
        bars: `at`, which they are in order of, `day` (the session's date), `open`, `high`, `low`, `close`, `volume`,
            and `adjusted_close` where the provider has one; prices and volumes adjusted for all splits.
        actions: `kind`, `ex_session`, `ratio`, `amount`; amounts in the shares and the unit of prices.

    Returns:
        `DAMAGE`, by row and rule, each pair once.
    """
    history = History.of(bars, actions)
    if history.close.size < 2:  # noqa: PLR2004 (one price contradicts nothing)
        return pl.DataFrame(schema=DAMAGE)
    told = {(one.row, one.rule): one for one in _told(history)}
    rows = [(rule, int(history.rows[row]), history.days[row].item(), one.words) for (row, rule), one in told.items()]
    return pl.DataFrame(rows, DAMAGE, orient="row").sort("row", "rule")


def findings(found: pl.DataFrame | None, window: Window) -> list[Finding]:
    """A warning for each rule that something in a partition's time breaks (`DAMAGED`); answers reach beyond it."""
    if found is None or found.is_empty():
        return []
    own = found.filter(pl.col("open_time").cast(TIME).is_between(window.start, window.end, closed="left"))
    return [
        Finding(str(rule), Severity.WARN, rows.height, _WORDS[str(rule)], sample(rows.select("session", "words")))
        for (rule,), rows in own.group_by("rule", maintain_order=True)
    ]


def _told(history: History) -> Iterator[Told]:
    leaps = jumps(history)
    level = levels(history, leaps)
    for one in leaps:
        if one.is_traded:
            yield Told(one.row, one.rule, one.words)
    book = Book(history, level, leaps)
    if history.is_long:  # what is paid within them cannot be told from what else moved
        yield from (one for one in book.told if one.rule == UNIT_JUMP)
        return
    yield from book.told
    yield from odd_sizes(history, level, leaps, book.sound)
    yield from told_twice(history, level)
