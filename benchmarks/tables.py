"""Results: tables for people, JSON for machines, and the page that shows them."""

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("dagster", "polars", "pandera", "pyarrow", "deflate", "duckdb")
_LOAD_AT_START = os.getloadavg()[0]
"""What others did on the machine, as long as nothing is measured when this is imported."""


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "date": datetime.now(UTC).date().isoformat(),
        "load_at_start": _LOAD_AT_START,
    }


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a benchmark: a title, a header, rows of plain values, and what has to be said about it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | float]]
    note: str = ""

    def markdown(self) -> str:
        """The table in Markdown; numbers stand right."""
        sides = ["---" if index == 0 else "---:" for index in range(len(self.header))]
        lines = [_line(self.header), _line(sides), *(_line([_cell(value) for value in row]) for row in self.rows)]
        return f"**{self.title}**\n\n" + "\n".join(lines) + (f"\n\n{self.note}" if self.note else "")


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found: its tables, and every single measurement behind them."""

    name: str
    tables: Sequence[Table]
    measured: dict[str, Any]
    machine: dict[str, Any] = field(default_factory=machine)

    def write(self, folder: Path) -> None:
        """Writes `<folder>/<name>.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")

    def markdown(self) -> str:
        """All tables under the line that names the machine."""
        return "\n\n".join([_machine_line(self.machine), *(table.markdown() for table in self.tables)])


def _machine_line(known: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in known["libraries"].items())
    return (
        f"_{known['date']}: {known['cores']} cores, {known['system']}, Python {known['python']}, {libraries};"
        f" load {known['load_at_start']:.1f} at the start._"
    )


def place(page: Path, result: Result) -> None:
    """Puts a result's tables between its markers on the page.

    Raises:
        ValueError: the page has no such markers.
    """
    text = page.read_text()
    begin, end = f"<!-- {result.name}: begin -->", f"<!-- {result.name}: end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{page} has no markers {begin} ... {end}")
    body = f"{begin}\n{result.markdown()}\n{end}"
    page.write_text(pattern.sub(lambda _: body, text))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
