"""Calls of the client, the archive, its listing and REST, to a server that answers in any broken way.

Each ends in time, with what is true or a typed error of one line. `make campaign` does a hundred thousand.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bcdata.errors import BcdataError, ProviderError
from bcdata_tests.net.fault_server import Reply, Request, serving
from bcdata_tests.net.helpers import client
from bcdata_tests.scenarios.faulty import KINDS, Call, Fault

CALLS = int(os.environ.get("BCDATA_CAMPAIGN_CALLS", "400"))
SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
_AT_ONCE = 25
_PATIENCE = 60.0
_LONGEST_MESSAGE = 1000
_NUMBER = re.compile("C([0-9]+)C")
_HASTE = {
    "http_read_timeout": 0.15,
    "http_total_timeout": 1.0,
    "http_backoff": 0.001,
    "http_backoff_max": 0.01,
    "http_rate_wait": 0.05,
    "http_breaker_failures": 1000,
}


@dataclass
class Tally:
    """What came of the calls."""

    ended: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def judge(self, call: Call, found: object) -> None:
        kind = type(call).__name__
        if isinstance(found, BcdataError):
            name, text = type(found).__name__, str(found)
            broken = "\n" in text or not text.isprintable() or len(text) > _LONGEST_MESSAGE
            wrong = "an error that is not one readable line" if broken else None
            wrong = wrong or (None if isinstance(found, ProviderError) else "an error that names no provider")
        elif isinstance(found, BaseException):
            name, wrong = type(found).__name__, f"{type(found).__name__}: {found}"
        else:
            name, wrong = "true", call.lie(found)
        self.ended[name] += 1
        if wrong:
            self.failed.append(f"{kind} {call.number}: {wrong}")


class Script:
    """The server's side: a call's first requests are answered brokenly, or all of them."""

    def __init__(self) -> None:
        self.calls: dict[int, tuple[Call, list[Fault], random.Random]] = {}

    def add(self, call: Call, dice: random.Random) -> None:
        faults = [dice.choice(call.faults) for _ in range(dice.choice([1, 1, 2, 2, 3, 5]))]
        self.calls[call.number] = call, faults, dice

    def __call__(self, request: Request) -> Reply:
        found = _NUMBER.search(request.target)
        if found is None:  # where a redirect led
            return Reply(b"lost", status=404)
        call, faults, dice = self.calls[int(found[1])]
        honest = call.truth(request)
        return faults.pop()(dice, honest) if faults else honest


async def _batch(numbers: range, state: Path, tally: Tally) -> None:
    """A few calls at once, with a client of their own: what one is told to wait for holds for all of them."""
    script, calls = Script(), [KINDS[number % len(KINDS)](number) for number in numbers]
    for call in calls:
        script.add(call, random.Random(f"{SEED}-{call.number}"))
    async with serving(script) as server, client(state, **_HASTE) as asking:
        begun = time.monotonic()
        async with asyncio.timeout(_PATIENCE):
            found = await asyncio.gather(*(call.ask(asking, server.url) for call in calls), return_exceptions=True)
        tally.slowest = max(tally.slowest, time.monotonic() - begun)
    for call, one in zip(calls, found, strict=True):
        tally.judge(call, one)


@pytest.mark.timeout(120 + CALLS // 10)
def test_faulty_calls(tmp_path: Path) -> None:
    tally = Tally()

    async def run() -> None:
        for first in range(0, CALLS, _AT_ONCE):
            await _batch(range(first, min(first + _AT_ONCE, CALLS)), tmp_path / str(first), tally)

    asyncio.run(run())
    told = ", ".join(f"{name} {count:,}" for name, count in tally.ended.most_common())
    print(f"seed {SEED}, {CALLS:,} calls, the slowest {_AT_ONCE} in {tally.slowest:.1f} s: {told}")
    assert not tally.failed, f"{len(tally.failed)} failed, among them:\n" + "\n".join(tally.failed[:20])
    assert tally.ended["true"] > CALLS // 10, told
    assert sum(tally.ended.values()) == CALLS
