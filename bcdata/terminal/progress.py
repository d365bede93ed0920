"""Progress of a run on the terminal: a bar for the whole, and a line for the asset that is at work."""

from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from bcdata.pipeline.zones import Step
from bcdata.sizes import counted, size
from bcdata.terminal.console import err, notes

if TYPE_CHECKING:
    from bcdata.pipeline.outcome import Outcome
    from bcdata.runs.plan import Plan


class RunProgress:
    """Progress of a plan, on standard error.

    Args:
        plan: what is run.
        quiet: shows nothing.
        in_lines: where there is no terminal, which gets nothing otherwise: a line whenever another tenth is done.
    """

    def __init__(self, plan: "Plan", *, quiet: bool, in_lines: bool = False) -> None:
        each = len(plan.symbols) * len(plan.dates)
        self._in_lines, self._tenths = in_lines and not err.is_terminal, 0
        self._done = Counter[Step]()
        self._objects, self._bytes = Counter[Step](), 0
        self._progress = _Shown(
            TextColumn("{task.description}", table_column=Column(overflow="ellipsis", no_wrap=True, ratio=1)),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[more]}"),
            TimeRemainingColumn(),
            console=err,
            expand=True,
            transient=True,
            disable=quiet or notes.quiet or not err.is_terminal,
        )
        self._total = self._progress.add_task("total", total=each * len(plan.steps), more="")
        self._tasks = {
            step: self._progress.add_task("/".join(step.key), total=each, visible=False, start=False, more="")
            for step in plan.steps
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def fetched(self, step: Step, count: int) -> None:
        """Counts an object or page."""
        self._objects[step] += 1
        self._bytes += count
        self._show(step)

    def ended(self, step: Step, _outcome: "Outcome") -> None:
        """Counts a partition."""
        self._done[step] += 1
        self._progress.advance(self._total)
        self._progress.advance(self._tasks[step])
        self._show(step)
        total = self._progress.task(self._total).total or 1
        if self._in_lines and (tenths := int(10 * self._done.total() / total)) > self._tenths:
            self._tenths = tenths
            err.print(self.summary(), highlight=False)

    def summary(self) -> str:
        """What is done, in words."""
        total = self._progress.task(self._total)
        return f"{self._done.total():,} of {total.total or 0:,.0f} partitions are done"

    def _show(self, step: Step) -> None:
        shown, whole = self._progress.task(self._tasks[step]), self._progress.task(self._total)
        if not shown.started:
            self._progress.start_task(shown.id)
        objects = self._objects[step]
        self._progress.update(shown.id, visible=not shown.finished, more=counted(objects, "object") if objects else "")
        self._progress.update(whole.id, more=_rates(whole, self._bytes))


class _Shown(Progress):
    """Progress whose tasks can be looked up."""

    def task(self, number: TaskID) -> Task:
        """A task by its number."""
        return next(one for one in self.tasks if one.id == number)


def _rates(whole: Task, fetched: int) -> str:
    """Partitions and bytes a second, since the run began."""
    seconds = whole.elapsed or 0.0
    if not seconds:
        return ""
    partitions = f"{whole.completed / seconds:,.1f}/s"
    return f"{partitions} {size(int(fetched / seconds))}/s" if fetched else partitions
