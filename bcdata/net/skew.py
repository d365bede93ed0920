"""How far this machine's clock is from those of the servers that it asks, by their `Date` headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from bcdata.net.answers import count, http_date

_OLDEST_SECONDS = 366 * 86_400
"""An answer that says it is older does not know."""


@dataclass(frozen=True, slots=True)
class Skew:
    """What one server said last of the time.

    `ahead` is by how much this clock is ahead of the server's, negative where it is behind.
    """

    provider: str
    ahead: timedelta


@dataclass
class ClockSkews:
    """What is known of the clocks of all providers, for all clients and threads of a process.

    Caches may answer with an old `Date`, and answers take time to come; both make this clock look as if it were ahead.
    So of each provider the answer counts by which it is ahead the least.
    """

    _least: dict[str, timedelta] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def observe(self, provider: str, headers: Mapping[str, str], now: datetime) -> None:
        """Takes note of an answer that was received at this instant (UTC) of the own clock."""
        sent = http_date(headers.get("Date", ""))
        if sent is None:
            return
        age = timedelta(seconds=count(headers.get("Age", ""), most=_OLDEST_SECONDS) or 0)
        with self._lock:
            before = self._least.get(provider)
            ahead = now - sent - age
            self._least[provider] = ahead if before is None else min(before, ahead)

    def nearest(self) -> Skew | None:
        """The provider whose clock is closest to this one; None where none has said the time.

        One that agrees is enough: the others are wrong then, not this machine.
        """
        with self._lock:
            known = [Skew(provider, ahead) for provider, ahead in self._least.items()]
        return min(known, key=lambda one: abs(one.ahead), default=None)

    def forget(self) -> None:
        """Starts over, as after the clock was set."""
        with self._lock:
            self._least.clear()


SKEWS = ClockSkews()
"""Those of this process: one step's client learns them, and the steps after it need them."""
