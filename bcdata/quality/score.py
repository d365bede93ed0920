"""How good a partition of merged is, as a number in [0, 1] that is 1 exactly where nothing is wrong. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from typing_extensions import TypedDict

from bcdata.quality.compare.sources import PairOfSources, PairRecord


class QualityRecord(TypedDict):
    """The quality of a partition as plain values."""

    expected: int
    open: int
    duplicates: int
    quarantined: int
    compared: int
    differing: int
    pairs: Sequence[PairRecord]


FACTORS = ("explained", "unique", "sound", "agreed")
"""Of what a score is the product: one less the share of unexplained, refused, quarantined and disputed rows."""
COUNTS = ("expected", "open", "duplicates", "quarantined", "compared", "differing")
"""The numbers of rows that make a quality, in the order of `Quality`."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with the rows of a partition of merged, in numbers of rows.

    Attributes:
        expected: rows that should be there: those of the calendar that have closed, but for those before the listing,
            after its end, or whose file is not due yet.
        open: those of them that are missing without an explanation.
        duplicates: rows that were refused because the same row was there already.
        quarantined: those of the expected of which a row was received and set aside, whoever has another.
        compared: rows that two sources have, at least.
        differing: those of them on which sources disagree.
        pairs: how each two sources compare.
    """

    expected: int
    open: int = 0
    duplicates: int = 0
    quarantined: int = 0
    compared: int = 0
    differing: int = 0
    pairs: tuple[PairOfSources, ...] = ()

    @property
    def factors(self) -> dict[str, float | None]:
        """By name, one less the share of rows with each fault, in [0, 1]; null where nothing is expected."""
        faults = (self.open, self.duplicates, self.quarantined, self.differing)
        of = (self.expected, self.expected, self.expected, self.compared)
        return {name: self._without(*one) for name, *one in zip(FACTORS, faults, of, strict=True)}

    @property
    def score(self) -> float | None:
        """The product of the factors; null where nothing is expected."""
        return prod(one for one in self.factors.values() if one is not None) if self.expected else None

    def _without(self, faulty: int, of: int) -> float | None:
        if not self.expected:
            return None
        return 1 - min(faulty / of, 1.0) if of else 1.0

    def to_json(self) -> QualityRecord:
        """Plain values, the same for the same quality."""
        return {
            "expected": self.expected,
            "open": self.open,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "compared": self.compared,
            "differing": self.differing,
            "pairs": [one.to_json() for one in self.pairs],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Quality":
        """Reads what `to_json` wrote.

        Raises:
            KeyError: something is lacking.
            TypeError: something is of another shape.
            ValueError: a value is none.
        """
        pairs = tuple(PairOfSources.from_json(one) for one in value["pairs"])
        expected, missing, duplicates, quarantined, compared, differing = (int(value[name]) for name in COUNTS)
        return cls(expected, missing, duplicates, quarantined, compared, differing, pairs)


def shown(share: float | None) -> str:
    """A score or a factor for people, four decimals; what is not whole is never called 1. Nothing where it is null."""
    if share is None:
        return ""
    return "1" if share == 1 else f"{min(share, 0.9999):.4f}"
