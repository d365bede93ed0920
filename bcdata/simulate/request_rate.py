"""A limit on requests, as venues keep it that count requests alone."""

import time
from collections import deque
from collections.abc import Callable


class RequestRate:
    """At most `limit` requests in any `seconds`; None allows all. A refused request counts too.

    A tenth of the time is forgiven: two requests may take different times on their way.
    """

    def __init__(self, limit: int | None, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = 0.9 * seconds
        self._clock = clock
        self._recent: deque[float] = deque()

    def allows(self) -> bool:
        """Counts a request, and says whether it is within the limit."""
        now = self._clock()
        while self._recent and now - self._recent[0] >= self._seconds:
            self._recent.popleft()
        self._recent.append(now)
        return self._limit is None or len(self._recent) <= self._limit
