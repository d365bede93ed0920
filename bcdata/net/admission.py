"""Whether a request may be sent now: holds, budgets and keys, all shared with other callers."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bcdata.errors import ProviderError
from bcdata.net.answers import count
from bcdata.net.budgets import Budget
from bcdata.net.keys import read, tag, under
from bcdata.net.refused import quota_spent, rate_limited
from bcdata.net.request import Request
from bcdata.net.state.base import Hold, NetState

_BANNED, _TOO_MANY = 418, 429
_log = logging.getLogger(__name__)


class Admission:
    """Lets requests through when it is time for them; waits no longer than `patience` seconds for a host or a quota."""

    def __init__(self, state: NetState, *, patience: float) -> None:
        self._state = state
        self._patience = patience
        self._keys: dict[str, str] = {}

    async def admit(self, question: Request) -> None:
        """Waits for the host to be free to ask and for the budgets, both shared with all other callers.

        Raises:
            BadKeyError: a key is missing, or is none.
            RateLimitedError: the host is held for longer than one is patient.
            QuotaSpentError: a quota is spent for longer than that.
            UsageError: the weight is above a whole budget.
        """
        self._say_keys(question)
        while True:
            await self._out_of_hold(question)
            if not question.budgets:
                return
            budgets = _budgets(question)
            resets_at = await self._state.try_acquire(budgets, patience=self._patience)
            if resets_at is not None:
                raise quota_spent(question, resets_at, "it was not asked, as all that may be asked has been")
            if self._state.held(question.host, key_place(question)) is None:
                return

    def _say_keys(self, question: Request) -> None:
        """Says in the log, by their names, which keys are used; again when one changes.

        Raises:
            BadKeyError: one is missing, or is none.
        """
        read(question.keys, provider=question.provider)
        for key in question.keys:
            now = tag([key.variable])
            if self._keys.get(key.variable) != now:
                words = "is another from now on" if key.variable in self._keys else "is used"
                _log.info("%s: the key in %s %s", question.provider, key.variable, words)
                self._keys[key.variable] = now

    async def _out_of_hold(self, question: Request) -> None:
        while hold := self._state.held(question.host, key_place(question)):
            if hold.kind != "slow" or hold.seconds > self._patience:
                raise held_error(question, hold)
            await asyncio.sleep(hold.seconds)

    async def heard(self, question: Request, headers: Mapping[str, str]) -> None:
        """Takes note of what a reply says was used."""
        for budget, _ in _budgets(question):
            used = count(headers.get(budget.used_header, ""))
            if used is not None:
                await self._state.observe(budget, used)


def held_error(question: Request, hold: Hold) -> ProviderError:
    """The error for a host that is held."""
    if hold.kind == "quota":
        resets_at = datetime.now(UTC) + timedelta(seconds=hold.seconds)
        return quota_spent(question, resets_at, f"{question.host} was not asked")
    if hold.kind == "banned":
        return rate_limited(question, hold.seconds, _BANNED, f"{question.host} has banned us (418)")
    return rate_limited(question, hold.seconds, _TOO_MANY, f"{question.host} asks us to slow down (429)")


def key_place(question: Request) -> str:
    """What quotas are held under: the host, for the keys that are used now."""
    return under(question.host, tag(key.variable for key in question.keys))


def _budgets(question: Request) -> tuple[tuple[Budget, int], ...]:
    """The budgets, counted for the keys that are used now."""
    now = tag(key.variable for key in question.keys)
    if not now:
        return question.budgets
    return tuple((replace(budget, name=under(budget.name, now)), weight) for budget, weight in question.budgets)
