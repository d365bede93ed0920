"""Quality scores on a terminal: of each dataset how its partitions stand, and the lowest of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bcdata.cli.output.tables import print_table
from bcdata.reporting.scores import COLUMNS, Scores

_LOWEST = 5
"""Partitions of a dataset that are named."""


def print_scores(datasets: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> None:
    """Of each dataset how many partitions are whole, and the lowest scores with their factors.

    Args:
        datasets: names and rows of `PartitionQuality.to_json`.
    """
    told = [(name, Scores.of(rows)) for name, rows in datasets if rows]
    if not told:
        return
    head = ["dataset", "partitions", "score 1", "below 1", "nothing expected", "unknown", "lowest score"]
    print_table(
        head, [[name, one.partitions, one.whole, len(one.below), one.empty, one.unknown, one.lowest]
               for name, one in told],
    )  # fmt: skip
    if low := [[name, *row] for name, one in told for row in one.table(_LOWEST)]:
        print_table(["dataset", *COLUMNS], low)
