"""The functions of each row of the table of frame types (`bcdata.frames.types`), by what rows are.

Zones do for every type what is the same (`raw/`, `parsed/`, `merged.py`), and call these for the rest.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bcdata.catalog import Dataset, rows_of
from bcdata.frames.types import Rows
from bcdata.pipeline.bars.answers import BarAnswers
from bcdata.pipeline.bars.files import parse_files as bar_files
from bcdata.pipeline.bars.merge import BarMerge
from bcdata.pipeline.bars.refill import asking as ask_for_bars
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.funding.answers import SettlementAnswers
from bcdata.pipeline.funding.ask import asking as ask_for_settlements
from bcdata.pipeline.funding.files import parse_files as settlement_files
from bcdata.pipeline.funding.merge import SettlementMerge
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.shapes import ArchiveManifest, Manifest
from bcdata.quality import rules, settlements
from bcdata.store.layout import Partition
from bcdata.store.store import Store

Ask = Callable[[RunContext, Partition], Awaitable[Outcome]]
"""Asks about one partition of raw, at the instant that the workbench has for it, and keeps what is answered."""


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
class Functions:
    """What is particular to a type of rows.

    Attributes:
        rules: the version of its rules: what was parsed by another is parsed again.
        asking: asks a source that repairs about the rows that files lack; what partitions of a run share is made once.
        parse_files: reads and audits the objects that a partition of raw has.
        read_answers: the answers that a partition of raw has; None where parsed of the archive is not published.
        merge: what the sources of a partition come to.
    """

    rules: str
    asking: Callable[[RunContext, Dataset, Sequence[Partition]], Ask]
    parse_files: Callable[[Store, Dataset, Partition, ArchiveManifest], Draft]
    read_answers: Callable[[Store, Dataset, Partition, Manifest], Answers | None]
    merge: Callable[[RunContext, Parts], Merge]


_FUNCTIONS: dict[Rows, Functions] = {
    "bars": Functions(
        rules=rules.VERSION,
        asking=ask_for_bars,
        parse_files=bar_files,
        read_answers=BarAnswers.read,
        merge=BarMerge.of,
    ),
    "settlements": Functions(
        rules=settlements.VERSION,
        asking=ask_for_settlements,
        parse_files=settlement_files,
        read_answers=SettlementAnswers.read,
        merge=SettlementMerge,
    ),
}


def functions_of(dataset: Dataset) -> Functions:
    """What is particular to the rows of a dataset.

    Raises:
        UsageError: it has none, as nothing parses its type.
    """
    return _FUNCTIONS[rows_of(dataset.name)]
