"""What there is to ask for: datasets of the catalog, symbols of the lake."""

import json

import pytest

from bcdata_tests.command import Command
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02")


@pytest.fixture
def command(world: World) -> Command:
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    return Command.of(world, BARS_BY_DAY, "lists")


def test_datasets(command: Command) -> None:
    (found,) = json.loads(command.here(["datasets", "--json"]).stdout)
    assert (found["dataset"], found["type"], found["market"], found["interval"]) == (D, "klines", "spot", "1m")
    assert (found["grain"], found["features"]) == ("day", False)
    shown = command.run(["datasets"])
    assert shown.returncode == 0
    assert D in shown.stdout


def test_symbols(world: World, command: Command) -> None:
    none = command.here(["symbols", D])
    assert none.returncode == 0
    assert "there is no lake" in none.stderr
    assert world.lake(BARS_BY_DAY, name="lists/lake").materialize(D, "BTCUSDT", *DAYS).ok
    found = json.loads(command.here(["symbols", D, "--json"]).stdout)
    assert found == [{"symbol": "BTCUSDT", "first": DAYS[0], "last": DAYS[1], "partitions": 2}]
    assert "1 symbol\n" in command.here(["symbols", D]).stdout


def test_an_unknown_dataset_is_a_mistake(command: Command) -> None:
    done = command.here(["symbols", "spot_klines_1x"])
    assert done.returncode == 2
    assert D in done.stderr
