"""Thousands of files of four datasets, one in a hundred broken, names twisted, folders nested; killed, resumed.

`make campaign` takes eleven thousand.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from bcdata_tests.adoption.folders import put
from bcdata_tests.command import Command
from bcdata_tests.mirror import zipped
from bcdata_tests.pseudo_terminal import typing
from bcdata_tests.run import tree
from bcdata_tests.world import World, world_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SHARE = 1 if os.environ.get("BCDATA_CAMPAIGN_CASES") == "all" else 5
FILES, BROKEN_EVERY = 11_000 // SHARE, 100
LEAST = 10
CATALOG = """
datasets:
  spot_klines_1h: {grain: month, start: 2020-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}
  um_klines_1d: {grain: month, start: 2020-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}
  um_funding: {grain: month, start: 2020-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_metrics: {grain: month, start: 2020-01, symbols: [BTCUSDT], sources: [binance_archive]}
"""
DAYS = [(date(2020, 1, 1) + timedelta(days=at)).isoformat() for at in range(700 // SHARE)]
MONTHS = [f"{year}-{month:02}" for year in range(2020, 2025) for month in range(1, 10 // SHARE + 1)]
UM = "data/futures/um"


def keys() -> Iterator[str]:
    """Of the archive: days of hours, months of days, settlements and metrics."""
    for symbol in (f"S{at}USDT" for at in range(10)):
        yield from (f"data/spot/daily/klines/{symbol}/1h/{symbol}-1h-{day}.zip" for day in DAYS)
    for symbol in (f"U{at}USDT" for at in range(40)):
        yield from (f"{UM}/monthly/klines/{symbol}/1d/{symbol}-1d-{month}.zip" for month in MONTHS)
    for symbol in (f"F{at}USDT" for at in range(20)):
        yield from (f"{UM}/monthly/fundingRate/{symbol}/{symbol}-fundingRate-{month}.zip" for month in MONTHS)
    for symbol in ("M0USDT", "M1USDT"):
        yield from (f"{UM}/daily/metrics/{symbol}/{symbol}-metrics-{day}.zip" for day in DAYS[: 500 // SHARE])


TWISTS: tuple[Callable[[str], str], ...] = (
    lambda key: key,
    lambda key: f"old disk/{key}",
    lambda key: key.lower(),
    lambda key: key.removeprefix("data/"),
    lambda key: f"a/b/c/d/e/f/{key}",
    lambda key: f"{key.rpartition('/')[0]}/2020-01-01_2024-12-31/{key.rpartition('/')[2]}",
    lambda key: key.replace(".zip", " (1).zip"),
)


def cut(path: Path, _member: str) -> str:
    path.write_bytes(path.read_bytes()[:-5])
    return "unreadable"


def other_sum(path: Path, member: str) -> str:
    path.with_name(f"{path.name}.CHECKSUM").write_text(f"{'b' * 64}  {member.removesuffix('.csv')}.zip\n")
    return "checksum_mismatch"


def other_symbol(path: Path, member: str) -> str:
    put(path, zipped(f"X{member}", b"1,2\n"), checksum=None)
    return "content_matches_name"


def empty(path: Path, _member: str) -> str:
    path.write_bytes(b"")
    return "unreadable"


BREAKAGES = (cut, other_sum, other_symbol, empty)


@dataclass
class Heap:
    """The folder, with what is broken in it by path."""

    folder: Path
    broken: dict[str, str] = field(default_factory=dict)
    good: Counter[str] = field(default_factory=Counter)


def fill(folder: Path) -> Heap:
    heap = Heap(folder.resolve())
    for at, key in enumerate(keys()):
        name = key.rpartition("/")[2]
        member = name.replace(".zip", ".csv")
        body = zipped(member, f"{at},1\n".encode())
        path = put(heap.folder / TWISTS[at % len(TWISTS)](key), body)
        checksum = path.with_name(f"{path.name}.CHECKSUM")
        checksum.write_text(checksum.read_text().replace(path.name, name))
        if at % BROKEN_EVERY == BROKEN_EVERY // 2:
            heap.broken[str(path)] = BREAKAGES[at // BROKEN_EVERY % len(BREAKAGES)](path, member)
        else:
            heap.good[key.split("/")[-2 if "fundingRate" in key or "metrics" in key else -3][:1]] += 1
    return heap


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_at(tmp_path_factory.mktemp("many")) as world:
        yield world


@pytest.fixture(scope="module")
def heap(world: World) -> Heap:
    return fill(world.folder / "mine")


@pytest.fixture(scope="module")
def undisturbed(world: World, heap: Heap) -> Command:
    """A lake with all good files, out of one import."""
    command = Command.of(world, CATALOG, "undisturbed")
    done = command.here(["import", str(heap.folder), "--json"])
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["errors"] == []
    assert {one["path"]: one["reason"] for one in told["misfits"]} == heap.broken
    assert sum(one["files"] for one in told["datasets"]) == FILES - len(heap.broken)
    assert {one["dataset"]: one["files"] for one in told["datasets"]} == {
        "spot_klines_1h": heap.good["S"],
        "um_funding": heap.good["F"],
        "um_klines_1d": heap.good["U"],
        "um_metrics": heap.good["M"],
    }
    return command


def test_all_good_files_are_adopted_and_each_bad_one_is_named(world: World, heap: Heap, undisturbed: Command) -> None:
    assert len(heap.broken) == FILES // BROKEN_EVERY
    raw = {path.name for path in (undisturbed.root / "raw").rglob("*.zip")}  # months of settlements serve the next, too
    assert len(raw) == FILES - len(heap.broken)
    assert world.asked() == [], "checksums lie beside all of them"


def test_the_second_time_changes_nothing(heap: Heap, undisturbed: Command) -> None:
    before = tree(undisturbed.root)
    done = undisturbed.here(["import", str(heap.folder), "--json"])
    told = json.loads(done.stdout)
    assert (done.returncode, told["runs"]) == (1, [])
    assert sum(one["known"] for one in told["datasets"]) == FILES - len(heap.broken)
    assert len(told["misfits"]) == len(heap.broken)
    assert tree(undisturbed.root) == before


def manifests(root: Path) -> int:
    return sum("manifest.json" in names for _, _, names in os.walk(root / "raw"))


def test_killed_in_the_middle_and_resumed_it_ends_in_the_same_lake(
    world: World, heap: Heap, undisturbed: Command
) -> None:
    command, total = Command.of(world, CATALOG, "killed"), manifests(undisturbed.root)
    for share in (0.1, 0.5):
        with command.start(["import", str(heap.folder)]) as process:
            while process.poll() is None and manifests(command.root) < share * total:
                time.sleep(0.05)
            assert process.poll() is None, "it dies at work"
            process.send_signal(signal.SIGKILL)
            process.communicate()
        left = manifests(command.root)
        assert share * total <= left < total
        whole = tree(undisturbed.root)
        there = {name: one for name, one in tree(command.root).items() if not name.startswith(".staging")}
        assert there.items() <= whole.items(), "what is there is whole"
    [*_, first] = json.loads(command.here(["jobs", "--json"]).stdout)
    again = command.here(["jobs", "retry", first["id"]])
    assert (again.returncode, "bcdata import" in again.stderr) == (2, True), again.stderr
    done = command.here(["import", str(heap.folder), "--json"])
    told = json.loads(done.stdout)
    assert sum(one["known"] + one["files"] for one in told["datasets"]) == FILES - len(heap.broken)
    assert {one["path"]: one["reason"] for one in told["misfits"]} == heap.broken
    assert tree(command.root) == whole
    assert [path.name for path in command.root.iterdir() if path.name.startswith(".")] == [".state"]


def test_it_shows_how_far_it_is_and_an_interrupt_says_how_to_go_on(
    world: World, heap: Heap, undisturbed: Command
) -> None:
    command = Command.of(world, CATALOG, "interrupted")
    words = [sys.executable, "-m", "bcdata", "import", str(heap.folder / UM / "monthly")]
    with typing(words, command.variables, columns=100) as (process, terminal):
        terminal.wait(" files")
        while manifests(command.root) < LEAST:
            terminal.type("", until=" partitions")
        process.send_signal(signal.SIGINT)
        terminal.wait("Run the same command again to go on from here.")
        assert process.wait(60) == 130
    there = {name: one for name, one in tree(command.root).items() if not name.startswith(".")}
    names = {name.rpartition("/")[2] for name in there if name.endswith(".zip")}
    assert len(names) >= LEAST
    assert names <= {name.rpartition("/")[2] for name in tree(undisturbed.root)}
    assert "Traceback" not in terminal.shown
