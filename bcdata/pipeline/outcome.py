"""What became of one partition in one zone."""

from dataclasses import dataclass
from enum import StrEnum

from bcdata.quality.score import Quality
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition


class State(StrEnum):
    """The four ends of a partition's work."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    HELD_BACK = "held back"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one partition's work, with its verdict and what it cost.

    `quality` is that of published rows of merged; None where it is not known, as where an earlier release published.
    `held back`: the content did not pass, and is in quarantine. `failed`: it could not be got or written at all.
    """

    partition: Partition
    state: State
    verdict: Verdict
    fingerprint: str = ""
    rows: int = 0
    written: int = 0
    fetched: int = 0
    requests: int = 0
    quality: Quality | None = None

    @property
    def ok(self) -> bool:
        """Whether the partition is there, published now or before."""
        return self.state in (State.PUBLISHED, State.UNCHANGED)


def failure(partition: Partition, error: Exception) -> Outcome:
    """The outcome of a partition whose work ended in an error that names its cause."""
    return Outcome(partition, State.FAILED, failed("error", str(error)))
