"""An import on the terminal: how far it is, and what came of it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bcdata.cli.output.show import print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import size
from bcdata.terminal.console import err, notes, out

if TYPE_CHECKING:
    from bcdata.adoption.lake import Lake
    from bcdata.adoption.misfits import Misfit
    from bcdata.adoption.result import DatasetResult
    from bcdata.adoption.survey import Survey
    from bcdata.dagster.launch import Report
    from bcdata.pipeline.outcome import Outcome
    from bcdata.pipeline.zones import Step

_SHOWN = 20


class ImportProgress:
    """A bar for the stage that is at work, on standard error; silent where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[of]}"),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=quiet or notes.quiet or not err.is_terminal,
        )
        self._units = {"verify": "files", "adopt": "partitions"}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, stage: str, total: int) -> None:
        """Goes on to a stage of so many steps."""
        for one in self._progress.tasks:
            self._progress.update(one.id, visible=False)
        self._task = self._progress.add_task(stage, total=total, of=self._units[stage])

    def advance(self) -> None:
        """A step is done."""
        self._progress.advance(self._task)

    def fetched(self, _step: "Step", _size: int) -> None:
        """Partitions are counted, and not their files."""

    def ended(self, _step: "Step", _outcome: "Outcome") -> None:
        """Counts a partition."""
        self.advance()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    folder: Path
    datasets: "list[DatasetResult]"
    misfits: "list[Misfit]"
    survey: "Survey"
    next: list[str]
    runs: list[str]
    errors: list[str]
    dry_run: bool

    @classmethod
    def of(
        cls, folder: Path, survey: "Survey", lake: "Lake", report: "Report | None", *, dry_run: bool
    ) -> "ImportReport":
        """What a survey and the runs after it came to."""
        from bcdata.adoption.result import results

        failures = None
        if report is not None:
            failures = {one.partition: one.verdict.summary() for _, one in report.outcomes if not one.ok}
        datasets, misfits = results(survey, lake, failures)
        then = (
            [] if dry_run else [one.next_command(lake) for one in datasets if one.there and not one.dataset.ends_at_raw]
        )
        runs, errors = (report.runs, report.errors) if report else ([], [])
        return cls(folder, datasets, misfits, survey, then, runs, errors, dry_run)

    @property
    def ok(self) -> bool:
        """Whether all files fit."""
        return not (self.misfits or self.errors)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        from bcdata.adoption.misfits import counted, shown

        return {
            "folder": shown(self.folder),
            "dry_run": self.dry_run,
            "ok": self.ok,
            "datasets": [one.to_json() for one in self.datasets],
            "reasons": counted(self.misfits),
            "misfits": [one.to_json() for one in self.misfits],
            "copies": self.survey.copies,
            "links": self.survey.links,
            "others": self.survey.others,
            "runs": self.runs,
            "errors": self.errors,
            "next": self.next,
        }


def conclude(report: ImportReport, *, as_json: bool) -> None:
    """Shows what was adopted, what does not fit, and the commands that come next."""
    if as_json:
        print_json(report.to_json())
        return
    if report.datasets:
        done = "would be adopted" if report.dry_run else "adopted"
        columns = ["dataset", done, "symbols", "size", "first", "last", "known", "not needed"]
        print_table(columns, [_row(one) for one in report.datasets])
    for line in _asides(report.survey):
        out.print(line, highlight=False, markup=False)
    _show_misfits(report)
    for message in report.errors:
        err.print(f"error: {message}", highlight=False, markup=False)
    for command in report.next:
        out.print(f"next: {command}", highlight=False, markup=False, soft_wrap=True)


def _row(one: "DatasetResult") -> list[Any]:
    told = one.to_json()
    named = ("dataset", "files", "symbols", "bytes", "first", "last", "known", "not_needed")
    return [size(one.bytes) if name == "bytes" else told[name] for name in named]


def _asides(survey: "Survey") -> list[str]:
    counts = (
        (survey.copies, "the same object in the same bytes as another"),
        (survey.links, "a link to what is in the folder anyway"),
        (survey.others, "no zip"),
    )
    return [f"{_files(count)} passed over: {what}" for count, what in counts if count]


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"


def _show_misfits(report: ImportReport) -> None:
    """Reasons with their counts, and the first files of each."""
    some = report.misfits
    if not some:
        return
    alike = Counter((one.reason, one.text) for one in some).most_common()
    rows = [[reason.replace("_", " "), count, text] for (reason, text), count in alike[:_SHOWN]]
    more = f", {_SHOWN} of {len(alike):,} causes" if len(alike) > _SHOWN else ""
    print_table(["reason", "files", "how"], rows, title=f"{_files(len(some))} not adopted{more}")
    seen: Counter[tuple[str, str]] = Counter()
    ranks = []
    for one in some:
        ranks.append(seen[one.reason, one.text])
        seen[one.reason, one.text] += 1
    first = [one for _, one in sorted(zip(ranks, some, strict=True))[:_SHOWN]]
    title = "the files" + (f": {_SHOWN} of {len(some):,}" if len(some) > _SHOWN else "")
    print_table(
        ["file", "reason"],
        [[_below(one.path, report.folder), one.reason.replace("_", " ")] for one in first],
        title=title,
    )


def _below(path: Path, folder: Path) -> str:
    from bcdata.adoption.misfits import shown

    return shown(path.relative_to(folder) if path.is_relative_to(folder) else path).replace("\n", "\\n")
