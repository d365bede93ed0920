"""Quality scores of many partitions: how many are whole, and which are the lowest. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bcdata.quality.score import FACTORS, shown

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """How the partitions of a dataset, or of one symbol of it, stand.

    Attributes:
        whole: partitions with the score 1.
        below: those with a lower one, the lowest first (rows of `PartitionQuality.to_json`).
        empty: those of which nothing is expected.
        unknown: those that an earlier release published.
    """

    whole: int = 0
    below: Sequence[Row] = field(default=())
    empty: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Scores":
        """Sorts the rows of `PartitionQuality.to_json`."""
        every = list(rows)
        scored = [one for one in every if one["score"] is not None]
        unknown = sum(one["expected"] is None for one in every)
        below = sorted((one for one in scored if one["score"] < 1), key=lambda one: (one["score"], one["date"]))
        return cls(len(scored) - len(below), below, len(every) - len(scored) - unknown, unknown)

    @property
    def partitions(self) -> int:
        """How many there are in all."""
        return self.whole + len(self.below) + self.empty + self.unknown

    @property
    def lowest(self) -> str:
        """The lowest score, for people; nothing where there is none."""
        if self.below:
            return shown(self.below[0]["score"])
        return shown(1.0) if self.whole else ""

    def table(self, most: int) -> list[list[str]]:
        """The lowest, not more than so many: symbol, date, score and factors, for people."""
        return [
            [one["symbol"], one["date"], *(shown(one[name]) for name in ("score", *FACTORS))]
            for one in self.below[:most]
        ]


COLUMNS = ("symbol", "date", "score", *FACTORS)
"""Of `Scores.table`."""
