"""Faults to order: what a server, a network or a provider can do wrong, on the requests that match."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from threading import Lock
from typing import Literal

Kind = Literal[
    "latency",
    "reset",
    "stall",
    "truncate",
    "truncate_silently",
    "garbage",
    "wrong_checksum",
    "status",
    "republish",
    "half_day",
    "missing",
    "empty",
    "wrong_range",
    "duplicate_rows",
    "unfinished_rows",
    "unsorted_rows",
    "extra_rows",
    "html",
    "clock",
]
CONTENT_KINDS = ("republish", "half_day")
"""Kinds that change what an archive object is, so that its CHECKSUM and its listing follow."""
ROW_KINDS = ("empty", "wrong_range", "duplicate_rows", "unfinished_rows", "unsorted_rows", "extra_rows")
"""Kinds that change the rows of a REST answer."""
TRANSPORT_KINDS = ("reset", "stall", "truncate")
"""Kinds that cut the body off on the wire."""
_CONCERNS: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(CONTENT_KINDS, re.compile(r"^\S+ /archive/.*\.zip$")),
    **dict.fromkeys(ROW_KINDS, re.compile(r"^\S+ [^?]*/(klines|\w+Klines|fundingRate)(\?|$)")),
    "wrong_checksum": re.compile(r"^\S+ /archive/.*\.CHECKSUM$"),
}
_ALL = re.compile("")


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One fault, on requests whose `METHOD path?query` (decoded) the regex `match` is found in.

    The first `after` matching requests are spared, the next `times` are struck (None: all of them). Only
    requests that the kind can concern are matched: `republish` and `half_day` concern zips, `wrong_checksum`
    CHECKSUMs, row faults klines and fundingRate. A zip's CHECKSUM and listing show what the next request for
    it would get.

    Attributes:
        kind: `latency` (`seconds`), `reset` (RST after half the body), `stall` (half the body, then silence),
            `truncate` (half the body under a full Content-Length), `truncate_silently` (half the body and a
            Content-Length that agrees), `garbage` (`flips` bytes changed), `wrong_checksum` (a CHECKSUM that
            lies), `status` (`status`, with `retry_after`), `republish` (`body` instead, since
            `last_modified`), `half_day` (rows up to the middle of the object's window), `missing` (404; gone
            from listings too if `unlisted`), and for REST rows `empty`, `wrong_range` (moved by a day),
            `duplicate_rows` (each row twice), `unfinished_rows` (one more bar, still open), `unsorted_rows`
            (the latest first), `extra_rows` (an hour before the range as well); `html` (a page for people, status 200);
            `clock` (a `Date` header that is `seconds` off, behind the true time where they are negative).
        seed: Which bytes `garbage` changes.
    """

    match: str
    kind: Kind
    times: int | None = None
    after: int = 0
    seconds: float = 1.0
    status: int = 503
    retry_after: int | None = None
    body: bytes = b""
    last_modified: datetime | None = None
    unlisted: bool = True
    flips: int = 8
    seed: int = 0
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.match))

    def random(self, line: str) -> Random:
        """Random numbers of this fault on this request, the same every time."""
        return Random(f"{self.seed}/{line}")  # noqa: S311 # nosec B311 # not for secrets


class FaultPlan:
    """The faults in force, and how often each has met its match. Safe between threads."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._seen: dict[Fault, int] = dict.fromkeys(faults, 0)
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Puts a fault in force."""
        with self._lock:
            self._seen.setdefault(fault, 0)

    def remove(self, fault: Fault) -> None:
        """Takes a fault back; it is no error if it is not there."""
        with self._lock:
            self._seen.pop(fault, None)

    def strike(self, line: str) -> list[Fault]:
        """Counts the request, and returns the faults that strike it, in the order in which they were added."""
        with self._lock:
            struck = []
            for fault in self._matching(line):
                if self._active(fault):
                    struck.append(fault)
                self._seen[fault] += 1
            return struck

    def pending(self, line: str) -> list[Fault]:
        """The faults that the next such request would meet; nothing is counted."""
        with self._lock:
            return [fault for fault in self._matching(line) if self._active(fault)]

    def __bool__(self) -> bool:
        """Whether there is any fault."""
        return bool(self._seen)

    def _matching(self, line: str) -> Iterator[Fault]:
        return (
            fault for fault in self._seen if fault.pattern.search(line) and _CONCERNS.get(fault.kind, _ALL).search(line)
        )

    def _active(self, fault: Fault) -> bool:
        seen = self._seen[fault]
        return seen >= fault.after and (fault.times is None or seen < fault.after + fault.times)
