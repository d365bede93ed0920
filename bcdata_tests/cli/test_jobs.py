"""`bcdata jobs` as commands: a run that was, its columns, and what is refused."""

import json

import pytest

from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World


@pytest.fixture
def command(world: World) -> Command:
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    return Command.of(world, BARS_BY_DAY, "jobs")


def test_jobs_before_and_after_a_run(command: Command) -> None:
    none = command.here(["jobs"])
    assert (none.returncode, none.stdout) == (0, "")
    assert "there is no lake" in none.stderr
    refused = command.here(["jobs", "retry", "abc"])
    assert refused.returncode == 2
    assert "there are no runs" in refused.stderr
    assert not command.root.exists(), "to ask makes nothing"

    words = materialize(D, "BTCUSDT", "2025-01-01", "2025-01-01", "--until", "raw", "--no-refill", "--json")
    done = command.here(words)
    assert done.returncode == 0, done.stderr
    [number] = json.loads(done.stdout)["runs"]
    shown = command.here(["jobs"])
    assert shown.stdout.splitlines()[0].split() == [
        "id",
        "what",
        "status",
        "progress",
        "started",
        "took",
        "partitions",
        "kind",
    ]
    assert shown.stdout.splitlines()[2].split()[:4] == [number[:8], "raw/binance_archive/spot_klines_1m", "done", "1/1"]
    [one] = json.loads(command.here(["jobs", "--json"]).stdout)
    assert (one["id"], one["done"], one["total"], one["partitions"]) == (number, 1, 1, "BTCUSDT 2025-01-01")
    again = command.here(["jobs", "retry", number[:6], "--json"])
    assert again.returncode == 2
    assert "there is nothing to run again" in json.loads(again.stdout)["error"]
