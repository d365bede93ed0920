"""Many processes, restarts and kills against a server that counts: a provider's limits hold."""

import asyncio
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from bcdata.net.budgets import Budget
from bcdata_tests.net.fault_server import Reply, Request, serving

DAY = Budget("simulated_day", 12, period="day", zone="America/New_York")
_WORKER = """
import asyncio, sys
from pathlib import Path
from bcdata.errors import QuotaSpentError
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.net.state.sqlite import SqliteState

async def main(url, state):
    day = Budget("simulated_day", 12, period="day", zone="America/New_York")
    budgets = ((day, 1), (Budget("simulated_second", 1, 1), 1))
    http = HttpClient(SqliteState(Path(state)))
    async def one():
        try:
            answer = await http.get(url, provider="simulated", max_bytes=9, budgets=budgets)
            print(answer.body.decode(), flush=True)
        except QuotaSpentError as error:
            print("spent", error.resets_at.isoformat(), flush=True)
    await asyncio.gather(*(one() for _ in range(3)))
    await http.close()

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


class Counting:
    """A server's own count: when each request came."""

    def __init__(self) -> None:
        self.came: list[float] = []
        self.some_came = asyncio.Event()

    def __call__(self, _: Request) -> Reply:
        self.came.append(time.monotonic())
        if len(self.came) == 4:
            self.some_came.set()
        return Reply(b"good")


async def _round(url: str, state: Path, counting: Counting, *, kill: int) -> list[str]:
    """Four processes of three requests each; so many of them are killed in the middle."""
    command = (sys.executable, "-W", "error", "-c", _WORKER, url, str(state))
    pipe = asyncio.subprocess.PIPE
    workers = [await asyncio.create_subprocess_exec(*command, stdout=pipe) for _ in range(4)]
    if kill:
        await counting.some_came.wait()
    for worker in workers[:kill]:
        with suppress(ProcessLookupError):
            worker.kill()
    outputs = [(await worker.communicate())[0].decode().splitlines() for worker in workers]
    assert all(worker.returncode == 0 for worker in workers[kill:])
    return [line for lines in outputs for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_four_processes_and_their_restarts_never_exceed_12_a_day_and_1_a_second(tmp_path: Path) -> None:
    counting, state = Counting(), tmp_path / "budgets.sqlite"

    async def run() -> list[str]:
        async with serving(counting) as server:
            lines = await _round(server.url, state, counting, kill=2)
            for _ in range(2):
                lines += await _round(server.url, state, counting, kill=0)
            began = time.monotonic()
            assert "good" not in await _round(server.url, state, counting, kill=0)
            assert time.monotonic() - began < 30
            return lines

    lines = asyncio.run(run())
    assert 12 - 2 <= len(counting.came) <= 12  # a process that was killed may have paid for one that it did not send
    assert set(lines) == {"good", f"spent {DAY.period_at(datetime.now(UTC))[1].isoformat()}"}
    assert min(later - earlier for earlier, later in pairwise(counting.came)) > 1.0
