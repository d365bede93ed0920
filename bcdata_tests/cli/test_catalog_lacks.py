"""A lake that has more than the catalog names is never called empty."""

import json

import pytest

from bcdata_tests.command import Command
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World

DAY = "2025-01-01"
OTHER = BARS_BY_DAY.replace(D, "spot_klines_1h")


@pytest.fixture
def command(world: World) -> Command:
    world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    command = Command.of(world, OTHER, "other")
    assert world.lake(BARS_BY_DAY, name="other/lake").materialize(D, "BTCUSDT", DAY, DAY).ok
    return command


@pytest.mark.one_in(3)
@pytest.mark.parametrize("words", [["status"], ["gaps"], ["verify"]])
def test_what_the_catalog_lacks_is_named(command: Command, words: list[str]) -> None:
    done = command.run(words) if words == ["status"] else command.here(words)
    assert done.returncode == 0
    assert f"the lake has {D} too, which {command.folder}/catalog.yaml has not" in done.stderr
    assert "holds nothing yet" not in done.stdout
    (command.folder / "catalog.yaml").write_text(BARS_BY_DAY)
    assert "has not" not in command.here(words).stderr


def test_status_as_json_has_it(command: Command) -> None:
    assert json.loads(command.here(["status", "--json"]).stdout)["not_in_catalog"] == [D]
    (command.folder / "catalog.yaml").write_text(BARS_BY_DAY)
    assert json.loads(command.here(["status", "--json"]).stdout)["not_in_catalog"] == []


def test_a_range_without_a_ledger_is_no_empty_lake(command: Command) -> None:
    (command.folder / "catalog.yaml").write_text(BARS_BY_DAY)
    assert "no ledger yet: nothing that was asked for" in command.here(["gaps", "--from", "2025-02"]).stdout
    assert D in command.here(["gaps", "--from", "2025", "--to", "2025-01"]).stdout
