"""Findings on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted

if TYPE_CHECKING:
    from bcdata.pipeline.records.findings import ReportedFinding

_COUNTED, _WHERE = ("severity", "rule", "partitions", "rows"), ("zone", "dataset")


def print_findings(found: "Sequence[ReportedFinding]") -> None:
    """Findings counted by rule, those that cost most first, each with its first text; nothing where there are none."""
    from bcdata.pipeline.records.findings import count

    if not found:
        return
    columns = [*_COUNTED, "text", *_WHERE]
    rows = [[getattr(one, name) for name in columns] for one in count(found)]
    print_table([*_COUNTED, "what it says, the first time", *_WHERE], rows, title=f"{counted(len(found), 'finding')}")
