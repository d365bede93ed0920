"""Progress of a run on the terminal: one bar an asset."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bcdata.cli.show import err
from bcdata.pipeline.zones import Step

if TYPE_CHECKING:
    from bcdata.pipeline.outcome import Outcome
    from bcdata.runs.plan import Plan


class Bars:
    """One progress bar for each asset of a plan, on standard error; silent where that is no terminal."""

    def __init__(self, plan: "Plan", *, quiet: bool) -> None:
        self._total = len(plan.symbols) * len(plan.dates)
        self._done = dict.fromkeys(plan.steps, 0)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            disable=quiet or not err.is_terminal,
        )
        self._tasks = {step: self._progress.add_task("/".join(step.key), total=self._total) for step in plan.steps}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, step: Step, _outcome: "Outcome") -> None:
        """Counts an outcome."""
        self._done[step] += 1
        self._progress.update(self._tasks[step], advance=1)

    def summary(self) -> str:
        """What is done, in words."""
        return ", ".join(f"{'/'.join(step.key)} {done} of {self._total}" for step, done in self._done.items())
