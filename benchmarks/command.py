"""`bcdata materialize` in this process: the real command, recorded; or the same command with empty assets.

Empty assets are the same definitions whose body reports what was recorded (the same metadata, the same check
evaluations, in the same order) and does no work. What is left is orchestration.
"""

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from bcdata.cli import app
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.zones import Step, operation
from bcdata.runs import progress
from bcdata.store.layout import Partition
from benchmarks.measure import BenchmarkError, Clock, answer

Recorded = dict[Partition, Outcome]


@contextmanager
def replayed(kept: Recorded) -> Iterator[None]:
    """Has the assets report what was recorded instead of working."""
    from bcdata.dagster.assets import body

    def empty(step: Step) -> Callable[..., Iterator[Outcome]]:
        operation(step)  # imports what the real body imports

        def replay(_context: Any, _dataset: Any, partitions: Sequence[Partition]) -> Iterator[Outcome]:
            return (kept[partition] for partition in partitions)

        return replay

    with mock.patch.object(body, "operation", empty):
        yield


class _Seen:
    """Every outcome of the run, by its partition."""

    def __init__(self) -> None:
        self.outcomes: Recorded = {}

    def fetched(self, _step: Step, _size: int) -> None:
        """Outcomes have their bytes."""

    def ended(self, _step: Step, outcome: Outcome) -> None:
        """Keeps an outcome."""
        self.outcomes[outcome.partition] = outcome


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Runs the `words` of a command, as it is or with empty assets (`empty`); `outcomes` is the recording's file."""
    clock = Clock.start()
    file = Path(job["outcomes"])
    seen = _Seen()

    with ExitStack() as stack:
        if job["empty"]:
            stack.enter_context(replayed(pickle.loads(file.read_bytes())))  # noqa: S301 - written just below
        stack.enter_context(progress.listening(seen))
        status = app(job["words"], standalone_mode=False)
    if status:
        raise BenchmarkError(f"bcdata {' '.join(job['words'][:2])} ended with status {status}")
    if not job["empty"]:
        file.write_bytes(pickle.dumps(seen.outcomes))
    published = sum(outcome.state is State.PUBLISHED for outcome in seen.outcomes.values())
    return {"all": clock.read(), "partitions": len(seen.outcomes), "published": published}


if __name__ == "__main__":
    answer(context)
