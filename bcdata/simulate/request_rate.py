"""A limit on requests, as venues keep it that count requests alone."""

import time
from collections import deque
from collections.abc import Callable


class RequestRate:
    """At most `limit` requests in any `seconds`; None allows all. Refused ones do not count."""

    def __init__(self, limit: int | None, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._recent: deque[float] = deque()

    def allows(self) -> bool:
        """Whether one more request is within the limit; if so it counts."""
        now = self._clock()
        while self._recent and now - self._recent[0] >= self._seconds:
            self._recent.popleft()
        is_allowed = self._limit is None or len(self._recent) < self._limit
        if is_allowed:
            self._recent.append(now)
        return is_allowed
