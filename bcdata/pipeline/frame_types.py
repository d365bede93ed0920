"""The functions of each row of the table of frame types (`bcdata.frames.types`), by what rows are.

Zones do for every type what is the same (`raw/`, `parsed/`, `merged.py`), and call these for the rest.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bcdata.catalog import Dataset, rows_of
from bcdata.errors import UsageError
from bcdata.frames.types import Rows
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.actions.merge import ActionMerge
from bcdata.pipeline.actions.parse import parse as parse_actions
from bcdata.pipeline.bars.answers import BarAnswers
from bcdata.pipeline.bars.files import parse_files as bar_files
from bcdata.pipeline.bars.merge import BarMerge
from bcdata.pipeline.bars.refill import asking as ask_for_bars
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.funding.answers import SettlementAnswers
from bcdata.pipeline.funding.ask import asking as ask_for_settlements
from bcdata.pipeline.funding.evidence import settlement_evidence
from bcdata.pipeline.funding.files import parse_files as settlement_files
from bcdata.pipeline.funding.merge import SettlementMerge
from bcdata.pipeline.metrics.evidence import metric_evidence
from bcdata.pipeline.metrics.files import parse_files as metric_files
from bcdata.pipeline.metrics.merge import MetricMerge
from bcdata.pipeline.missing.evidence import bar_evidence
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.parsed.window_bars import parse as parse_bars
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.pipeline.records.shapes import ArchiveManifest, Manifest, WindowsManifest
from bcdata.providers.base import BulkObject, RawActions, RawBars, Series
from bcdata.providers.guarded import GuardedSource
from bcdata.quality import actions, metrics, rules, settlements
from bcdata.store.layout import Partition
from bcdata.store.store import Store

Ask = Callable[[RunContext, Partition], Awaitable[Outcome]]
"""Asks about one partition of raw, at the instant that the workbench has for it, and keeps what is answered."""
Tell = Callable[
    [RunContext, Dataset, Partition, Sequence[BulkObject], Sequence[ObjectRecord]], Awaitable[EvidenceRecord]
]
"""What other files tell of missing rows of a partition of raw, by the objects in force and by those that are read."""


class Answers(Protocol):
    """What a source that repairs has answered about a partition, and what other sources have."""

    @property
    def weighed_against(self) -> Mapping[str, object]:
        """What else the rows are made of, as plain values for the fingerprint."""

    def weigh(self) -> Draft | None:
        """The rows that are believed, and what the answers prove; None where a page of raw is lost."""


class Merge(Protocol):
    """One partition of merged, by what its sources have."""

    @property
    def made_of(self) -> Mapping[str, object]:
        """All that it is made of, the rules left out, as plain values for the fingerprint."""

    def draft(self) -> Draft:
        """One truth per row, with the ledger of those that are missing."""


@dataclass(frozen=True, slots=True)
class Repair:
    """How a source that repairs is asked about rows of a type, and its answers are read.

    Attributes:
        asking: asks it about the rows that files lack; what partitions of a run share is made once.
        read_answers: the answers that a partition of raw has; None where parsed of the archive is not published.
    """

    asking: Callable[[RunContext, Dataset, Sequence[Partition]], Ask]
    read_answers: Callable[[Store, Dataset, Partition, Manifest], Answers | None]


@dataclass(frozen=True, slots=True)
class PagesOf:
    """How pages of sources that are asked by windows are read.

    Attributes:
        read: what pages hold; a BadAnswerError where one is none.
        parse: parses and audits the pages of a partition of raw, and publishes what they have.
    """

    read: Callable[[GuardedSource, Series, Sequence[bytes]], RawBars | RawActions]
    parse: Callable[[RunContext, Dataset, Partition, WindowsManifest, str], Outcome]


_BARS = PagesOf(GuardedSource.read, parse_bars)


@dataclass(frozen=True, slots=True)
class FilesOf:
    """How published files of rows of a type are looked at.

    Attributes:
        evidence: what other files tell of rows that are missing.
        parse: reads and audits the objects that a partition of raw has.
    """

    evidence: Tell
    parse: Callable[[Store, Dataset, Partition, ArchiveManifest], Draft]


@dataclass(frozen=True, slots=True)
class Functions:
    """What is particular to a type of rows.

    Attributes:
        rules: the version of its rules: what was parsed by another is parsed again.
        merge: what the sources of a partition come to.
        pages: how pages of sources are read that are asked by windows.
        files: how published files are looked at; None where no source has files of rows of the type.
        repair: how a source that repairs is asked; None where none has rows of the type.
    """

    rules: str
    merge: Callable[[RunContext, Parts], Merge]
    pages: PagesOf
    files: "FilesOf | None" = None
    repair: Repair | None = None


_FUNCTIONS: dict[Rows, Functions] = {
    "bars": Functions(
        rules=rules.VERSION,
        merge=BarMerge.of,
        pages=_BARS,
        files=FilesOf(bar_evidence, bar_files),
        repair=Repair(ask_for_bars, BarAnswers.read),
    ),
    "settlements": Functions(
        rules=settlements.VERSION,
        merge=SettlementMerge,
        pages=_BARS,
        files=FilesOf(settlement_evidence, settlement_files),
        repair=Repair(ask_for_settlements, SettlementAnswers.read),
    ),
    "metrics": Functions(
        rules=metrics.VERSION,
        merge=MetricMerge.of,
        pages=_BARS,
        files=FilesOf(metric_evidence, metric_files),
    ),
    "actions": Functions(
        rules=actions.VERSION,
        merge=ActionMerge,
        pages=PagesOf(GuardedSource.read_actions, parse_actions),
    ),
}


def functions_of(dataset: Dataset) -> Functions:
    """What is particular to the rows of a dataset.

    Raises:
        UsageError: it has none, as nothing parses its type.
    """
    return _FUNCTIONS[rows_of(dataset.name)]


def files_of(dataset: Dataset) -> FilesOf:
    """How published files of a dataset are looked at.

    Raises:
        UsageError: there are none of its type.
    """
    found = functions_of(dataset).files
    if found is None:
        raise UsageError(f"no source publishes files of {dataset.kind}")
    return found


def repair_of(dataset: Dataset) -> Repair:
    """How a source that repairs is asked about the rows of a dataset.

    Raises:
        UsageError: none has rows of its type.
    """
    found = functions_of(dataset).repair
    if found is None:
        raise UsageError(
            f"no source repairs {dataset.kind}; take {dataset.repair} out of the sources of {dataset.name}"
        )
    return found
