"""The functions of each row of the table of frame types (`bcdata.frames.types`), by what rows are.

Zones do for every type what is the same (`raw/`, `parsed/`, `merged.py`), and call these for the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bcdata.catalog import Dataset
from bcdata.frames.types import Rows
from bcdata.pipeline.bars.answers import BarAnswers
from bcdata.pipeline.bars.files import parse_files as bar_files
from bcdata.pipeline.funding.answers import SettlementAnswers
from bcdata.pipeline.funding.files import parse_files as settlement_files
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.shapes import ArchiveManifest, Manifest
from bcdata.quality import rules, settlements
from bcdata.store.layout import Partition
from bcdata.store.store import Store


class Answers(Protocol):
    """What a source that repairs has answered about a partition, and what other sources have."""

    @property
    def weighed_against(self) -> Mapping[str, object]:
        """What else the rows are made of, as plain values for the fingerprint."""

    def weigh(self) -> Draft | None:
        """The rows that are believed, and what the answers prove; None where a page of raw is lost."""


@dataclass(frozen=True, slots=True)
class Functions:
    """What is particular to a type of rows.

    Attributes:
        rules: the version of its rules: what was parsed by another is parsed again.
        parse_files: reads and audits the objects that a partition of raw has.
        read_answers: the answers that a partition of raw has; None where parsed of the archive is not published.
    """

    rules: str
    parse_files: Callable[[Store, Dataset, Partition, ArchiveManifest], Draft]
    read_answers: Callable[[Store, Dataset, Partition, Manifest], Answers | None]


_FUNCTIONS: dict[Rows, Functions] = {
    "bars": Functions(rules.VERSION, bar_files, BarAnswers.read),
    "settlements": Functions(settlements.VERSION, settlement_files, SettlementAnswers.read),
}


def functions_of(dataset: Dataset) -> Functions:
    """What is particular to the rows of a dataset."""
    return _FUNCTIONS[dataset.frame_type.rows]
