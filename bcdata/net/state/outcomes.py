"""How asking went: by provider and hour, the failures and a histogram of the time until whole answers came.

A row per provider, hour and step of the histogram, each a quarter of a power of two wide: a median of it is right
within 10 %, and a provider has 24 × 82 rows at most.
"""

import math
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bcdata.errors import NoDataError, NotFoundError

HOURS = 24
_HOUR = 3600 * 1_000_000
_FAILED = -1
_LEAST, _STEPS, _MOST = 0.001, 4, 80
_SECONDS_BETWEEN = 5.0

Batch = Mapping[tuple[str, int], int]
"""Counts by provider and step; step -1 are failures."""


@dataclass(frozen=True, slots=True)
class RequestOutcomes:
    """What the requests of 24 hours came to.

    `success` is the share that was answered, and `latency` the median of seconds until the whole answer was there; None
    where nothing was asked, or answered.
    """

    requests: int = 0
    success: float | None = None
    latency: float | None = None


class RequestCounter:
    """Counts requests in memory, so that a transaction every few seconds is enough."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._due = 0.0

    @contextmanager
    def timed(self, provider: str) -> Iterator[None]:
        """Counts the block as a request. That there is no such thing, or no data, is an answer too."""
        began = time.monotonic()
        try:
            yield
        except (NotFoundError, NoDataError):
            self.note(provider, time.monotonic() - began)
            raise
        except Exception:
            self.note(provider, None)
            raise
        self.note(provider, time.monotonic() - began)

    def note(self, provider: str, seconds: float | None) -> None:
        """Counts a request: the seconds until its answer; None where it failed."""
        if not self._counts:
            self._due = time.monotonic() + _SECONDS_BETWEEN
        self._counts[provider, _FAILED if seconds is None else _step(seconds)] += 1

    def take(self, *, at_once: bool = False) -> Batch:
        """What has been counted and is due to be written down; it is counted from nothing after that."""
        if not at_once and time.monotonic() < self._due:
            return {}
        taken, self._counts = self._counts, Counter()
        return taken


def record(table: sqlite3.Connection, batch: Batch, *, now: int) -> None:
    """Adds counts to those of the hour, and drops what is older than a day."""
    hour = now // _HOUR
    table.execute("DELETE FROM outcomes WHERE hour <= ? OR hour > ?", (hour - HOURS, hour))
    sql = "INSERT INTO outcomes VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests"
    table.executemany(sql, [(provider, hour, step, count) for (provider, step), count in batch.items()])


def summed(rows: Iterable[tuple[str, int, int, int]], *, now: int) -> dict[str, RequestOutcomes]:
    """The outcomes of the 24 hours up to now (µs), by provider, out of rows (provider, hour, step, requests)."""
    hour = now // _HOUR
    counts: dict[str, Counter[int]] = {}
    for provider, at, step, requests in rows:
        if hour - HOURS < at <= hour:
            counts.setdefault(provider, Counter())[step] += requests
    return {provider: _outcomes(steps) for provider, steps in counts.items()}


def _outcomes(steps: Counter[int]) -> RequestOutcomes:
    requests = steps.total()
    answered = requests - steps[_FAILED]
    seen, latency = 0, None
    for step in sorted(step for step in steps if step != _FAILED):
        seen += steps[step]
        if latency is None and 2 * seen >= answered:
            latency = round(_LEAST * 2 ** (step / _STEPS), 4)
    return RequestOutcomes(requests, answered / requests, latency)


def _step(seconds: float) -> int:
    return min(max(0, round(_STEPS * math.log2(max(seconds, _LEAST) / _LEAST))), _MOST)
