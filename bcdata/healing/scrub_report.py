"""What a scrub of raw found: plain values."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bcdata.pipeline.records.findings import ReportedFinding
from bcdata.quality.verdict import Severity
from bcdata.store.layout import Partition


class Issue(StrEnum):
    """What can be wrong with a stored object."""

    DAMAGED = "damaged"
    MISSING = "missing"
    SUPERSEDED = "superseded"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    CHANGED = "changed upstream"
    GONE = "gone upstream"
    MISMATCH = "checksum mismatch upstream"


CORRUPTION = frozenset({Issue.DAMAGED, Issue.MISSING, Issue.SUPERSEDED, Issue.UNREADABLE})
"""Troubles of the lake itself; what is unreadable may be whole, and waits for people.

Foreign files are nobody's; the others are the archive's, for which sensors look.
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One object with which something is wrong, and what comes of it, in words.

    `repairable` says that the object can be asked for again.
    """

    object: str
    trouble: Issue
    words: str
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class CheckedPartition:
    """One raw partition: how many objects and bytes were read, and what is wrong.

    `listed` is False where the archive's listing could not be had.
    """

    partition: Partition
    objects: int
    bytes: int
    problems: tuple[Problem, ...]
    listed: bool = True

    @property
    def is_corrupted(self) -> bool:
        """Whether bytes of the lake are damaged or lost."""
        return any(one.trouble in CORRUPTION for one in self.problems)

    @property
    def is_repairable(self) -> bool:
        """Whether the next run over it repairs something."""
        return any(one.repairable and one.trouble in CORRUPTION for one in self.problems)


def unreadable(partition: Partition, object_name: str, words: object) -> CheckedPartition:
    """What could not be looked at, which hides nothing else."""
    return CheckedPartition(partition, 0, 0, (Problem(object_name, Issue.UNREADABLE, str(words)),))


@dataclass(slots=True)
class ScrubReport:
    """All of a dataset: what was read, and every problem with its partition."""

    dataset: str
    partitions: int = 0
    objects: int = 0
    bytes: int = 0
    unlisted: int = 0
    problems: list[tuple[Partition, Problem]] = field(default_factory=list)

    def add(self, one: CheckedPartition) -> None:
        """Counts one partition."""
        self.partitions += 1
        self.objects += one.objects
        self.bytes += one.bytes
        self.unlisted += not one.listed
        self.problems += [(one.partition, problem) for problem in one.problems]

    @property
    def is_corrupted(self) -> bool:
        """Whether bytes of the lake are damaged or lost."""
        return any(problem.trouble in CORRUPTION for _, problem in self.problems)

    @property
    def counts(self) -> dict[str, int]:
        """Objects by what is wrong with them."""
        return dict(sorted(Counter(problem.trouble.value for _, problem in self.problems).items()))

    def findings(self) -> list[ReportedFinding]:
        """The problems as findings of raw; those of the lake itself cost the partition until it is fetched again."""
        return [
            ReportedFinding(
                self.dataset,
                partition.symbol,
                partition.date,
                partition.zone,
                one.trouble.value.replace(" ", "_"),
                1,
                (Severity.PARTITION if one.trouble in CORRUPTION else Severity.WARN).value,
                f"{one.object}: {one.words}",
            )
            for partition, one in self.problems
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The problems as plain values, those of the lake itself first."""
        ordered = sorted(self.problems, key=lambda one: (one[1].trouble not in CORRUPTION, one[0], one[1].object))
        return [
            {
                "zone": partition.zone,
                "provider": partition.provider,
                "symbol": partition.symbol,
                "date": partition.date,
                "object": problem.object,
                "trouble": problem.trouble.value,
                "words": problem.words,
            }
            for partition, problem in ordered
        ]
