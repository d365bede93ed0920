"""What all callers share about the servers that they ask, whoever keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bcdata.net.budgets import Budget
from bcdata.net.state.breakers import Breaker
from bcdata.net.state.outcomes import Batch

HoldKind = Literal["slow", "banned", "quota"]
HOLD_KINDS: tuple[HoldKind, ...] = ("slow", "banned", "quota")
"""By the number under which they are kept."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A host must not be asked for another `seconds`.

    `slow` after a rate limit, `banned` where it shut us out (418), `quota` where it says that a quota is spent.
    """

    seconds: float
    kind: HoldKind


class NetState(Protocol):
    """The shared state of all callers: weights spent, hosts that are to be left alone for a while, how asking went.

    SQLite stands behind it for all processes of a machine; another store may for many machines.
    """

    async def try_acquire(self, budgets: Sequence[tuple[Budget, int]], *, patience: float) -> datetime | None:
        """Spends each weight from its budget, all of them or none. Who asks first goes first.

        What is a pace is waited for, however long that takes; nothing is dropped. A quota (`Budget.is_quota`) is waited
        for no longer than `patience` seconds.

        Returns:
            None once they are spent; else the instant (UTC) until which a quota is spent, at once, and nothing is.

        Raises:
            UsageError: a weight is above a whole budget, so that it would wait for ever.
        """

    async def observe(self, budget: Budget, used: int) -> None:
        """Takes note of the weight that the provider says was used: what others spent counts as spent."""

    async def learn(self, budget: Budget, limit: int) -> None:
        """Takes note, for all callers, of the limit that the provider states."""

    async def hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        """Has all callers leave the host alone for that long; the longer of two holds stands."""

    def held(self, host: str, key: str = "") -> Hold | None:
        """The longest hold on the host, or on the place of a key there. Cheap: it is asked before each request."""

    async def may_ask(self, host: str, breaker: Breaker) -> bool:
        """Whether the host's breaker lets a request through: it is closed, or this is the trial. Cheap if closed."""

    async def went(self, host: str, breaker: Breaker, *, answered: bool) -> None:
        """Takes note of how a request ended. Cheap where there was an answer, and before it too."""

    def record(self, batch: Batch) -> None:
        """Adds to the counts of how requests went."""

    def close(self) -> None:
        """Lets go of connections. The object may be used again afterwards."""
