"""Rate budgets: how much may be asked of a provider, counted over everybody who asks from this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

HoldKind = Literal["slow", "banned", "quota"]


@dataclass(frozen=True, slots=True)
class Budget:
    """A provider's limit: at most `limit` weight in any `seconds`.

    `used_header` names the response header by which the provider tells the weight it has counted so far.
    """

    name: str
    limit: int
    seconds: float
    used_header: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A host must not be asked for another `seconds`.

    `slow` after a rate limit, `banned` where it shut us out (418), `quota` where it says that a quota is spent.
    """

    seconds: float
    kind: HoldKind


class Budgets(Protocol):
    """The shared state of all callers: weights spent, and hosts that must be left alone for a while.

    SQLite stands behind it now, for all processes of a machine; Redis may later, for many machines.
    """

    async def acquire(self, budgets: Sequence[tuple[Budget, int]]) -> None:
        """Waits until each weight fits its budget, then spends them. Nothing is dropped; who asks first goes first.

        Raises:
            UsageError: the weight is above the whole budget, so that it would wait for ever.
        """

    async def observe(self, budget: Budget, used: int) -> None:
        """Takes note of the weight that the provider says was used: what others spent counts as spent."""

    async def learn(self, budget: Budget, limit: int) -> None:
        """Takes note, for all callers, of the limit that the provider states."""

    async def hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        """Has all callers leave the host alone for that long; the longer of two holds stands."""

    def held(self, host: str) -> Hold | None:
        """The hold on the host, if there is one. Cheap: it is asked before each request."""

    def close(self) -> None:
        """Lets go of connections. The object may be used again afterwards."""
