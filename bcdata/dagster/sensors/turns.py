"""One sensor over many datasets: each has its turn and its own part of the cursor, in ticks of bounded length.

A dataset that cannot be looked at is noted and passed over. A tick goes on where the last one ran out of time.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

TICK_SECONDS = 15.0
"""No turn begins after so long; Dagster ends a tick at 60 s."""


@dataclass(slots=True)
class Part:
    """What a sensor remembers of one dataset: where to go on, and why its last turn failed."""

    cursor: str = ""
    error: str | None = None


@dataclass(slots=True)
class Progress:
    """What a sensor remembers from tick to tick: whose turn is next, and a part for each dataset."""

    next: str = ""
    parts: dict[str, Part] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None, names: Sequence[str]) -> "Progress":
        """What a cursor holds of these datasets. One of another form, as of earlier releases, counts as none."""
        try:
            given = json.loads(text or "{}")
        except (ValueError, RecursionError):
            return cls()
        parts = given.get("datasets") if isinstance(given, dict) else None
        if not isinstance(parts, dict):
            return cls()
        return cls(str(given.get("next", "")), {name: _part(parts[name]) for name in names if name in parts})

    def write(self) -> str:
        """The cursor."""
        parts = {
            name: {"cursor": part.cursor, **({"error": part.error} if part.error else {})}
            for name, part in self.parts.items()
            if part.cursor or part.error
        }
        return json.dumps({"next": self.next, "datasets": parts}, ensure_ascii=False)


def _part(given: object) -> Part:
    if not isinstance(given, dict):
        return Part()
    error = given.get("error")
    return Part(str(given.get("cursor", "")), None if error is None else str(error))


@dataclass(slots=True)
class Turn:
    """What came of looking at one dataset: what a tick says of it, where to go on, and what is to be done."""

    said: str
    cursor: str = ""
    runs: Sequence[dg.RunRequest] = ()
    events: Sequence[dg.AssetObservation] = ()
    partitions: Sequence[dg.AddDynamicPartitionsRequest] = ()


Look = Callable[[str, str, float], Turn]
"""Looks at a dataset, by its name: from its part of the cursor on, for so many seconds at most."""


def take_turns(
    context: dg.SensorEvaluationContext,
    names: Sequence[str],
    look: Look,
    *,
    seconds: float = TICK_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> dg.SensorResult:
    """One tick: at least one turn, and as many as there is time for, each dataset once at most.

    Raises:
        Exception: no dataset at all could be looked at; the error is that of the first.
    """
    progress, begun = Progress.read(context.cursor, names), clock()
    at = names.index(progress.next) if progress.next in names else 0
    turns: dict[str, Turn] = {}
    errors: dict[str, Exception] = {}
    for name in [*names[at:], *names[:at]]:
        left = seconds - (clock() - begun)
        progress.next = name
        if left <= 0 and (turns or errors):
            break
        part = progress.parts.setdefault(name, Part())
        try:
            turn = look(name, part.cursor, left)
        except Exception as error:
            # Whatever it is, it is this dataset's alone: the others have their turns.
            errors[name], part.error = error, _words(error)
            context.log.warning("%s: %s", name, part.error, exc_info=error)
        else:
            turns[name], part.cursor, part.error = turn, turn.cursor, None
    else:
        progress.next = names[at]  # all had their turn
    if len(errors) == len(names):
        raise next(iter(errors.values()))  # "nothing new" would be a lie
    return _result(context, progress, turns, errors)


def _result(
    context: dg.SensorEvaluationContext,
    progress: Progress,
    turns: Mapping[str, Turn],
    errors: Mapping[str, Exception],
) -> dg.SensorResult:
    said = [f"{name} could not be looked at: {progress.parts[name].error}" for name in errors]
    said += [f"{name}: {turn.said}" for name, turn in turns.items()]
    runs = [run for turn in turns.values() for run in turn.runs]
    if runs:
        context.log.info("%s", " | ".join(said))
    return dg.SensorResult(
        run_requests=runs,
        # A tick that asks for no run is shown as skipped; the reason says what it did instead.
        skip_reason=None if runs else " | ".join(said),
        cursor=progress.write(),
        asset_events=[event for turn in turns.values() for event in turn.events],
        dynamic_partitions_requests=[one for turn in turns.values() for one in turn.partitions],
    )


def _words(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]
