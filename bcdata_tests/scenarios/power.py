"""A small lake that is followed while its archive grows and changes, with every operation on its files recorded."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from bcdata.catalog import load_catalog
from bcdata.instruments.update import update
from bcdata.pipeline.context import RunContext, open_run_context
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import operation
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata.store.layout import universe_table
from bcdata.store.objects import sweep_staging
from bcdata.store.publications import MANIFESTS
from bcdata.store.sealed import unseal
from bcdata_tests.run import utc
from bcdata_tests.scenarios.disk import Cut, Disk
from bcdata_tests.scenarios.recorded import recorded
from bcdata_tests.world import World

SYMBOLS = ("BTCUSDT", "ETHUSDT")
D = "spot_klines_4h"
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: 2025-01
    symbols: [{", ".join(SYMBOLS)}]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1]}}
"""
NOWS = ("2025-01-04", "2025-01-06", "2025-01-08")
UNIVERSE = universe_table("spot")
_SLOT = 4 * 3_600_000_000


def _rows(day: str, *, price: int) -> list[list[str]]:
    start = int((utc(day) - utc("1970-01-01")).total_seconds() * 1_000_000)
    return [_row(start + at * _SLOT, price + at % 3, 100 + at) for at in range(6)]


def _row(start: int, price: int, volume: int) -> list[str]:
    prices = [f"{value}.00000000" for value in (price, price + 2, price - 1, price + 1)]
    quote, taker = price * volume, volume / 2
    flows = [f"{quote}.00000000", "3", f"{taker:.8f}", f"{taker * price:.8f}"]
    return [str(start), *prices, f"{volume}.00000000", str(start + _SLOT - 1), *flows, "0"]


@dataclass
class Followed:
    """The lake, what was done to its disk, and how each stage of it ended."""

    world: World
    disk: Disk
    folder: Path
    stages: list["Stage"] = field(default_factory=list)
    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def frame_of(self, key: str) -> list[pl.DataFrame]:
        """Every frame that was ever published under a key."""
        if key not in self.frames:
            bodies = {one.file.body for one in self.disk.names.get(key, []) if one.file}
            self.frames[key] = [pl.read_parquet(body) for body in sorted(bodies)]
        return self.frames[key]


@dataclass(frozen=True, slots=True)
class Stage:
    """One run: the moments at which it began, had its universe, and ended; and the lake that it left."""

    now: datetime
    begun: int
    learnt: int
    ended: int
    files: dict[str, bytes]


def put(world: World, at: int) -> None:
    """What the archive and REST have from this stage on: new days, one that is published again, holes, a bad row."""
    days = [f"2025-01-{day:02d}" for day in range(2 * at + (2 if at else 1), 2 * at + 4)]
    for symbol, price in zip(SYMBOLS, (100, 50), strict=True):
        for day in days:
            rows = _rows(day, price=price)
            world.truth.put_day(symbol, day, rows, interval="4h")
            world.mirror.put_day(symbol, day, _broken(rows, day), interval="4h")
        if at:
            again = f"2025-01-{at:02d}"
            rows = [[*row[:8], "4", *row[9:]] for row in _rows(again, price=price)]
            world.truth.put_day(symbol, again, rows, interval="4h")
            world.mirror.put_day(symbol, again, rows, interval="4h")
    if at:  # a symbol that is new to the universe
        world.mirror.put_day(f"NEW{at}USDT", days[-1], _rows(days[-1], price=9), interval="4h")


def _broken(rows: list[list[str]], day: str) -> list[list[str]]:
    """A hole in one day, and a bad row in another."""
    if day.endswith("3"):
        return [*rows[:2], *rows[4:]]
    return [[*rows[0][:2], "1.00000000", *rows[0][3:]], *rows[1:]] if day.endswith("5") else rows


@contextmanager
def workbench(world: World, root: Path, now: datetime) -> Iterator[RunContext]:
    """The tools of a run."""
    path = world.folder / "catalog.yaml"
    path.write_text(CATALOG)
    with open_run_context(root, load_catalog(path), now) as context:
        yield context


def materialize(context: RunContext) -> list[Outcome]:
    """All partitions through all zones."""
    plan = make_plan(context.catalog, MaterializeRequest(D, SYMBOLS, "2025-01", "2025-01"), context.now)
    outcomes: list[Outcome] = []
    for step in plan.steps:
        wanted = [step.partition(symbol, date) for symbol in plan.symbols for date in plan.dates]
        dataset = context.catalog[step.dataset]
        outcomes += operation(step)(context, dataset, wanted)
    return outcomes


def run(world: World, root: Path, now: datetime, disk: Disk | None = None) -> int:
    """The universe and the bars at an instant; the moment at which the universe was learnt."""
    sweep_staging(root)
    with workbench(world, root, now) as context:
        update(context, "spot")
        learnt = disk.moment if disk else 0
        troubles = [one for one in materialize(context) if not one.ok]
        assert troubles == [], f"not published: {troubles}"
    return learnt


def files_of(root: Path) -> dict[str, bytes]:
    """The lake's files but for side tables; of manifests of publications what is in force."""
    found = {}
    for path in sorted(root.rglob("*")):
        key = str(path.relative_to(root))
        if path.is_file() and not key.startswith(".state"):
            found[key] = _newest(path) if key.startswith(MANIFESTS) else path.read_bytes()
    return found


def _newest(path: Path) -> bytes:
    """What a manifest says was published last: its count of writes, and what was before, tell how it came about."""
    value = unseal(path.read_bytes())
    assert value is not None, path
    return repr({date: log[-1] for date, log in sorted(value["dates"].items())}).encode()


def follow(world: World, folder: Path, *, one_by_one: bool) -> Iterator[Followed]:
    """Runs stage after stage, and yields after each, while the archive is as that stage saw it."""
    root = folder / "followed"
    disk = Disk(root)
    followed = Followed(world, disk, folder)
    for at, text in enumerate(NOWS):
        put(world, at)
        with recorded(disk, one_by_one=one_by_one):
            begun = disk.moment
            learnt = run(world, root, utc(text), disk)
        followed.stages.append(Stage(utc(text), begun, learnt, disk.moment, files_of(root)))
        followed.frames.clear()
        yield followed


def cuts(followed: Followed, seed: str, count: int) -> Sequence[Cut]:
    """Moments of the last stage, each with dice of its own."""
    dice, stage = random.Random(seed), followed.stages[-1]
    return [Cut(dice.randint(stage.begun, stage.ended), f"{seed}-{at}") for at in range(count)]
