"""Which never-materialized part of a dataset to do next: one rectangle at a time, until nothing is left. Pure."""

from collections.abc import Collection, Sequence

from bcdata.runs.plan import RangeRun


def next_rectangle(
    symbols: Sequence[str], dates: Sequence[str], done: Collection[tuple[str, str]], *, most: int
) -> RangeRun | None:
    """The next rectangle of (symbol, date) that are not done, of at most `most` partitions; None when all are.

    Starts at the earliest lacking date of the first symbol that lacks one, takes neighbouring symbols that lack
    it too, then as many further dates as all of these lack.

    Args:
        symbols: in the order in which Dagster keeps them, so that a stretch of them is one range.
        dates: ascending date keys.
        done: what is there already, or was tried lately.
        most: the bound on symbols × dates.
    """
    lacking = {symbol: [date for date in dates if (symbol, date) not in done] for symbol in symbols}
    first = next((symbol for symbol in symbols if lacking[symbol]), None)
    if first is None:
        return None
    start = lacking[first][0]
    at = symbols.index(first)
    group = [first]
    for symbol in symbols[at + 1 : at + most]:
        if (symbol, start) in done:
            break
        group.append(symbol)
    chosen = [start]
    for date in dates[dates.index(start) + 1 :]:
        if (len(chosen) + 1) * len(group) > most or any((symbol, date) in done for symbol in group):
            break
        chosen.append(date)
    return RangeRun(tuple(group), tuple(chosen))
