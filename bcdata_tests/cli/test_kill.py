"""Killed at any moment, the same command run again ends in the same bytes, with nothing left behind."""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.scenarios import warm
from bcdata_tests.scenarios.power import files_of
from bcdata_tests.world import BY_MONTH, D, World, world_at

WORDS = materialize(D, "BTCUSDT,ETHUSDT", "2025-01", "2025-01")
SYMBOLS = ("BTCUSDT", "ETHUSDT")
DAYS = [f"2025-01-{at:02}" for at in range(1, 7)]
NOW = "2025-01-07T00:00:00Z"
MOMENTS = 3
"""A campaign of kills (`scenarios/test_kills.py`) tries a thousand."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Six days of two symbols; a day has a bad row that REST fills, another one lacks its second half."""
    with world_at(tmp_path_factory.mktemp("kill")) as world:
        for day in DAYS:
            rows = made_day(day)
            for symbol in SYMBOLS:
                world.truth.put_day(symbol, day, rows)
                world.mirror.put_day(symbol, day, _broken(rows) if day == DAYS[4] else rows)
        world.mirror.put_day("BTCUSDT", DAYS[2], made_day(DAYS[2])[:700])
        yield world


def _broken(rows: list[list[str]]) -> list[list[str]]:
    return [[*rows[0][:2], "1.00000000", *rows[0][3:]], *rows[1:]]


@pytest.fixture(scope="module")
def undisturbed(filled: World) -> dict[str, bytes]:
    """The files of a run that nobody killed."""
    command = Command.of(filled, BY_MONTH, "undisturbed", BCDATA_NOW=NOW)
    done = command.run(WORDS)
    assert done.returncode == 0, done.stderr
    assert (command.root / "quarantine").exists()
    return files_of(command.root)


def kill_at(command: Command, files: int, delay: float) -> bool:
    """Starts the command and kills it once so many files are published; whether it was still alive."""
    process = warm.start(WORDS, command.variables, command.folder)
    while process.is_alive() and _published(command.root) < files:
        time.sleep(0.01)
    return warm.kill_after(process, delay)


def in_zones(files: dict[str, bytes]) -> int:
    """How many of the files `_published` counts."""
    return sum(not path.startswith(".") for path in files)


def _published(root: Path) -> int:
    folders = (names for path, _, names in os.walk(root) if "/." not in path.removeprefix(str(root)))
    return sum(map(len, folders))


def assert_whole(command: Command, undisturbed: dict[str, bytes]) -> None:
    """Whatever is published is a file of the undisturbed run, byte for byte."""
    held = {path: body for path, body in files_of(command.root).items() if not path.startswith(".")}
    assert held.items() <= undisturbed.items()


def assert_ends_alike(command: Command, undisturbed: dict[str, bytes]) -> None:
    status, printed = warm.finish(warm.start(WORDS, command.variables, command.folder), command.folder)
    assert status == 0, printed
    assert files_of(command.root) == undisturbed
    assert {path.name for path in command.root.iterdir() if path.name.startswith(".")} == {".lake", ".state"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_again_and_again(filled: World, undisturbed: dict[str, bytes]) -> None:
    chance = random.Random(7)
    command = Command.of(filled, BY_MONTH, "killed", BCDATA_NOW=NOW)
    total = in_zones(undisturbed)
    killed = 0
    for share in (0.02, 0.3, 0.6, 0.8, 0.9, 0.97):
        killed += kill_at(command, int(total * share), chance.uniform(0, 0.02))
        assert_whole(command, undisturbed)
    assert killed >= 4, "most of them died at work"
    assert_ends_alike(command, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_several_moments(filled: World, undisturbed: dict[str, bytes]) -> None:
    chance = random.Random(20)
    moments = [(chance.randrange(in_zones(undisturbed)), chance.uniform(0, 0.2)) for _ in range(MOMENTS)]

    def die_and_go_on(number: int) -> bool:
        command = Command.of(filled, BY_MONTH, f"killed-{number}", BCDATA_NOW=NOW)
        alive = kill_at(command, *moments[number])
        assert_whole(command, undisturbed)
        assert_ends_alike(command, undisturbed)
        return alive

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(die_and_go_on, range(MOMENTS))) >= MOMENTS * 3 // 4, "most of them died at work"
