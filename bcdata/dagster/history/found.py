"""A run or backfill by what was typed: its ID, or the beginning of it."""

from difflib import get_close_matches
from typing import TypeGuard, TypeVar

import dagster as dg

from bcdata.dagster.history.listing import SHORT
from bcdata.dagster.internals import Backfill, backfill_of, backfills_of
from bcdata.errors import UsageError

_NEWEST = 10_000
"""Runs and backfills whose IDs may be shortened."""
_NAMED = 5
T = TypeVar("T")


def find(instance: dg.DagsterInstance, text: str) -> dg.DagsterRun | Backfill:
    """The one whose ID begins so.

    Raises:
        UsageError: none or several begin so; the text names those that are near.
    """
    wanted = text.strip().lower()
    runs = instance.get_run_ids(limit=_NEWEST)
    backfills = [one.backfill_id for one in backfills_of(instance, _NEWEST)]
    every = [*backfills, *runs]
    found = [one for one in every if one == wanted] or [one for one in every if wanted and one.startswith(wanted)]
    if len(found) == 1:
        if found[0] in backfills:
            return _there(backfill_of(instance, found[0]), text)
        return _there(instance.get_run_by_id(found[0]), text)
    if found:
        named = ", ".join(one[: max(SHORT, len(wanted) + 4)] for one in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise UsageError(f"{len(found)} runs or backfills begin with {text!r}: {named}{more}; write more of it")
    if not every:
        raise UsageError(f"no run or backfill begins with {text!r}: this instance has none yet")
    short = list(dict.fromkeys(one[:SHORT] for one in every))
    near = get_close_matches(wanted[:SHORT], short, n=_NAMED, cutoff=0.7)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the newest are {', '.join(short[:_NAMED])}"
    raise UsageError(f"no run or backfill begins with {text!r}; {hint}")


def is_backfill(one: dg.DagsterRun | Backfill) -> TypeGuard[Backfill]:
    """Whether it is no run, but starts some."""
    return not isinstance(one, dg.DagsterRun)


def _there(one: T | None, text: str) -> T:
    if one is None:
        raise UsageError(f"{text} was deleted meanwhile")
    return one
