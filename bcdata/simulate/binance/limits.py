"""Rate limits as Binance keeps them: weight by the minute, 429 above the limit, 418 for those who go on."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WEIGHT_A_MINUTE: Mapping[str, int] = {"spot": 6000, "um": 2400, "cm": 2400}
FUNDING_CALLS = 500
"""um: calls of fundingRate and fundingInfo together in five minutes, beside the weight."""
_FUNDING_WINDOWS = 5
_CALLS_UNTIL_BAN = 10
_BAN_SECONDS = 120.0


@dataclass(slots=True)
class _Window:
    """What was used of one limit since the window began."""

    limit: int
    seconds: float
    began: float = 0.0
    used: int = 0

    def add(self, cost: int, now: float) -> float:
        """Counts the cost; the seconds until the window ends if that is above the limit, else 0."""
        if now - self.began >= self.seconds:
            self.began, self.used = now - now % self.seconds, 0
        self.used += cost
        return self.began + self.seconds - now if self.used > self.limit else 0.0


@dataclass(slots=True)
class _Venue:
    weight: _Window
    funding: _Window
    refused: int = 0
    banned_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits say to a call: 200, 429 or 418; seconds to wait; weight used in this minute."""

    status: int
    retry_after: int
    used: int


@dataclass(slots=True)
class RateLimits:
    """Counts the calls of all clients, market by market, as one address.

    Args:
        weight: Weight a minute by venue; those left out have Binance's own.
        minute: How many seconds a minute has; tests have short ones.
        clock: Seconds since some instant.
    """

    weight: Mapping[str, int] = field(default_factory=dict)
    minute: float = 60.0
    clock: Callable[[], float] = time.time
    _venues: dict[str, _Venue] = field(default_factory=dict)

    def limit(self, venue: str) -> int:
        """The weight that a minute has."""
        return self.weight.get(venue, WEIGHT_A_MINUTE[venue])

    def forgive(self) -> None:
        """Forgets what was used, and lifts all bans."""
        self._venues.clear()

    def judge(self, venue: str, weight: int, funding_calls: int) -> Verdict:
        """Counts a call. Ten refused ones in a row are a ban, which lasts two minutes."""
        now = self.clock()
        state = self._venues.setdefault(venue, self._fresh(venue))
        if now < state.banned_until:
            return self._verdict(418, state.banned_until - now, state)
        wait = max(state.weight.add(weight, now), state.funding.add(funding_calls, now))
        if not wait:
            state.refused = 0
            return self._verdict(200, 0.0, state)
        state.refused += 1
        if state.refused >= _CALLS_UNTIL_BAN:
            state.refused = 0
            state.banned_until = now + _BAN_SECONDS / 60 * self.minute
            return self._verdict(418, state.banned_until - now, state)
        return self._verdict(429, wait, state)

    def _fresh(self, venue: str) -> _Venue:
        return _Venue(_Window(self.limit(venue), self.minute), _Window(FUNDING_CALLS, _FUNDING_WINDOWS * self.minute))

    @staticmethod
    def _verdict(status: int, seconds: float, state: _Venue) -> Verdict:
        return Verdict(status, math.ceil(seconds), state.weight.used)
