"""The real command, end to end: exit statuses, reports for machines, symbols that are not ASCII."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from bcdata.simulate import FolderMarket, GeneratedMarket, LoopbackExchange
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import Mirror, csv_of, day_key, made_day, zipped
from bcdata_tests.run import pointed_at, tree, utc
from bcdata_tests.world import BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
ASTRAL = "币安人生USDT"


@pytest.mark.slow
def test_a_symbol_that_is_not_ascii(tmp_path: Path) -> None:
    with (
        LoopbackExchange(GeneratedMarket.demo(), now=utc("2023-07-04")) as exchange,
        pointed_at(exchange.environment(), tmp_path / "state") as variables,
    ):
        mirror = Mirror(tmp_path / "none")
        catalog = BY_DAY.replace("2025-01-01", "2023-01-01")
        world = World(mirror, mirror, FolderMarket(mirror.root), exchange, tmp_path, variables)
        command = Command.of(world, catalog, "cli", BCDATA_NOW="2023-07-04T00:00:00Z")
        done = command.run(materialize(D, ASTRAL, "2023-06-05", "2023-06-06", "--json"))
        assert done.returncode == 0, done.stderr
        assert {one["symbol"] for one in json.loads(done.stdout)["partitions"]} == {ASTRAL}
        folders = list((command.root / "merged" / D).iterdir())
        assert [folder.name for folder in folders] == [
            "symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT",
        ]
        asked = command.run(["query", f"SELECT symbol, count(*) AS bars FROM {D} GROUP BY 1", "--json"])  # noqa: S608
        assert json.loads(asked.stdout) == [{"symbol": ASTRAL, "bars": 1440 + 14 * 60 + 30}]


@pytest.fixture
def command(world: World) -> Command:
    """Three days, the middle one broken."""
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    body = zipped(f"BTCUSDT-1m-{DAYS[1]}.csv", csv_of(made_day(DAYS[1])))
    world.mirror.put(day_key("BTCUSDT", DAYS[1]), body[: len(body) // 2])
    return Command.of(world, BY_DAY, "cli")


@pytest.mark.slow
def test_a_held_back_partition_is_status_1_and_the_rest_is_done_and_said(world: World, command: Command) -> None:
    """The only object of the day cannot be read, and REST has nothing of that day either."""
    done = command.run(materialize(D, "BTCUSDT", DAYS[0], DAYS[2], "--json"))
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    states = {(one["asset"][0], one["date"]): one["state"] for one in report["partitions"] if len(one["asset"]) == 2}
    for zone in ("merged", "features"):
        assert states[zone, DAYS[0]] == states[zone, DAYS[2]] == "published"
        assert states[zone, DAYS[1]] == "held back"

    status = command.here(["status", "--json"])
    assert status.returncode == 0, status.stderr
    (dataset,) = json.loads(status.stdout)["datasets"]
    assert [(one["zone"], one["date"], one["state"]) for one in dataset["held_back"]] == [
        ("parsed/binance_archive", DAYS[1], "rows set aside"),
        ("merged", DAYS[1], "held back"),
    ]

    again = command.here(materialize(D, "BTCUSDT", DAYS[0], DAYS[2]))
    assert again.returncode == 1, "it is still held back"
    assert "nothing_sound" in again.stderr

    world.mirror.put_day("BTCUSDT", DAYS[1], made_day(DAYS[1]))
    mended = command.here(materialize(D, "BTCUSDT", DAYS[0], DAYS[2], "--json"))
    assert mended.returncode == 0, mended.stderr
    assert json.loads(mended.stdout)["ok"] is True


def test_a_dry_run_counts_and_touches_nothing(command: Command) -> None:
    done = command.here(materialize(D, "BTCUSDT", DAYS[0], DAYS[2], "--dry-run", "--json"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["objects"], found["partitions"]) == (3, 24)
    assert found["disk_bytes"] == sum(found["disk"].values()) > found["bytes"]
    assert found["minutes"] >= 0
    assert found["rate"] == "a default"
    shown = command.here(materialize(D, "BTCUSDT", DAYS[0], DAYS[2], "--dry-run")).stdout
    assert "on the disk afterwards: " in shown
    assert "bars only: --until merged" in shown
    assert not command.root.exists()


@pytest.mark.parametrize("more", [["--dry-run"], ["--dry-run", "--json"], []])
def test_symbols_that_are_not_listed_have_no_estimate(command: Command, more: list[str]) -> None:
    names = ",".join(["BTCUSDT", "BTCUSD", *(f"NO{at}USDT" for at in range(10_000))])
    done = command.here(["materialize", D, "--symbols", names, "--last", "60d", *more])
    assert done.returncode == 2
    told = (
        "the archive lists no BTCUSD, NO0USDT, NO1USDT, NO2USDT, NO3USDT and 9,996 more in spot; did you mean BTCUSDT?"
    )
    assert told in done.stderr
    assert "what a run would do" not in done.stdout
    assert not command.root.exists()


@pytest.mark.slow
def test_what_was_not_spelt_out_is_said_and_needs_a_yes(command: Command) -> None:
    asked = command.here(["materialize", D, "--last", "60d"])
    assert asked.returncode == 2
    assert "what a run would do" in asked.stdout
    assert "--yes" in asked.stderr
    machine = command.here(["materialize", D, "--last", "60d", "--json"])
    told = json.loads(machine.stdout)  # one document, of the error
    assert (machine.returncode, told["status"]) == (2, 2)
    assert "--yes for it all: 1 symbols, " in told["error"]
    assert " 3 objects, " in told["error"]
    assert not command.root.exists()
    agreed = command.here(["materialize", D, "--symbols", "btc/usdt", "--last", "60d", "--until", "raw", "--yes"])
    assert agreed.returncode == 0, agreed.stderr


def test_the_version(command: Command) -> None:
    done = command.run(["--version"])
    assert (done.returncode, done.stdout) == (0, f"bcdata {version('bcdata')}\n")
    assert command.here(["materialize", "-h"]).stdout == command.here(["materialize", "--help"]).stdout


@pytest.mark.slow
def test_two_commands_on_one_lake_at_once_end_in_the_bytes_of_one(world: World) -> None:
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    alone = world.lake(BY_DAY, name="alone")
    assert alone.materialize(D, "BTCUSDT", DAYS[0], DAYS[2]).troubles == []
    first = Command.of(world, BY_DAY, "first")
    second = Command.of(world, BY_DAY, "second", BCDATA_ROOT=str(first.root))
    words = materialize(D, "BTCUSDT", DAYS[0], DAYS[2])
    with first.start(words) as one, second.start(words) as other:
        for process in (one, other):
            _, err = process.communicate(timeout=100)
            assert process.returncode == 0, err
    assert tree(first.root) == tree(alone.root)
