"""A lake with holes, lost objects and old features, and the real daemon that heals it, life after life."""

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from bcdata.catalog import load_catalog
from bcdata.dagster.partitions import symbol_set
from bcdata.store.objects import STATE
from bcdata_tests.command import Command, materialize
from bcdata_tests.e2e.platform import PROJECT
from bcdata_tests.e2e.processes import ProcessGroup
from bcdata_tests.mirror import coarse, made_day
from bcdata_tests.run import utc
from bcdata_tests.scenarios.power import files_of
from bcdata_tests.world import World

D = "spot_klines_1m"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
DAYS = tuple(f"2025-01-{day:02d}" for day in range(1, 9))
NOW = utc("2025-03-01")
WORDS = materialize(D, ",".join(SYMBOLS), DAYS[0], DAYS[-1])
ZONES = ("raw", "parsed", "merged", "gaps", "features", "seasonality", "reports")
_EARLIER, _LATER = "log_ret_1", "log_ret_1, log_ret_60"
_CATALOG = f"""
datasets:
  {D}:
    grain: day
    start: {DAYS[0]}
    symbols: [{", ".join(SYMBOLS)}]
    sources: [binance_archive, binance_rest]
    features: {{select: [%s]}}
"""
_OWN = {
    "BCDATA_HEAL_EVERY": "1",
    "BCDATA_HALTS_AT": "* * * * *",
    "BCDATA_HTTP_READ_TIMEOUT": "10",
    "PYTHONPATH": str(PROJECT),
}
_SOONER = {
    "start_timeout_seconds: 300": "start_timeout_seconds: 30",
    "poll_interval_seconds: 60": "poll_interval_seconds: 2",
}
_AT_WORK, _WAITING = {"STARTED", "CANCELING"}, {"QUEUED", "NOT_STARTED"}


def put(world: World) -> None:
    """Two symbols in the archive, with holes in the minutes of half of their days, and whole hours; REST has them all.

    Without the hours, REST would be asked for days, of all partitions of a run at once: other runs, other bytes.
    """
    for at, (symbol, price) in enumerate(zip(SYMBOLS, (100, 50), strict=True)):
        for number, day in enumerate(DAYS):
            rows = made_day(day, price=price)
            world.truth.put_day(symbol, day, rows)
            world.mirror.put_day(symbol, day, coarse(rows), interval="1h")
            hole = slice(300 + 60 * number, 360 + 60 * number + number)
            world.mirror.put_day(symbol, day, [*rows[: hole.start], *rows[hole.stop :]] if (number + at) % 2 else rows)


def make_ill(world: World) -> Path:
    """A lake made without REST, for other features than the catalog has by now, of which raw objects are lost."""
    command, refused = Command.of(world, _CATALOG % _EARLIER, "ill"), world.add("/api/v3", "status", status=451)
    ended = command.run(WORDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    world.exchange.remove(refused)
    for symbol, day in zip(SYMBOLS, (DAYS[2], DAYS[5]), strict=True):
        [lost] = command.root.glob(f"raw/binance_archive/{D}/symbol={symbol}/date={day}/{symbol}-1m-*.zip")
        lost.unlink()
    ended = command.run(["verify"])
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return command.root


def zones_of(root: Path) -> dict[str, bytes]:
    """The files of all zones, by their keys."""
    return {key: body for key, body in files_of(root).items() if key.startswith(ZONES)}


@dataclass
class Patient:
    """A copy of the ill lake with a home of its own, in which one daemon after the other lives."""

    command: Command
    listing_spans: int = 0
    lost: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, world: World, ill: Path, name: str) -> "Patient":
        command = Command.of(world, _CATALOG % _LATER, name, **_OWN)
        home = Path(command.variables["DAGSTER_HOME"])
        home.mkdir()
        settings = (PROJECT / "dagster.yaml").read_text()
        for before, after in _SOONER.items():
            assert before in settings
            settings = settings.replace(before, after)
        (home / "dagster.yaml").write_text(settings)
        shutil.copy(PROJECT / "workspace.yaml", home)
        shutil.copytree(ill, command.root)
        return cls(command)

    @property
    def home(self) -> Path:
        """Dagster's."""
        return Path(self.command.variables["DAGSTER_HOME"])

    @property
    def root(self) -> Path:
        """The lake."""
        return self.command.root

    def daemon(self) -> ProcessGroup:
        """The next one, weeks after the one before: whatever was asked for in vain is due again."""
        self.listing_spans += 1
        now = NOW + timedelta(days=8 * self.listing_spans)
        words = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-w", "workspace.yaml"]
        environment = {**self.command.variables, "BCDATA_NOW": now.isoformat()}
        log = self.command.folder / f"life-{self.listing_spans}.log"
        return ProcessGroup(words, environment=environment, folder=self.home, log=log)

    def shown(self) -> set[str]:
        """The runs that have shown that they live, and were not forgotten since."""
        folder = self.root / STATE / "runs"
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def died_while(self, born: float) -> str:
        """What the last daemon was doing when it died, by what it wrote down."""
        runs = dict(self._rows("history/runs.db", "SELECT run_id, status FROM runs"))
        at_work = {run for run, status in runs.items() if status in _AT_WORK} - self.lost
        starting = {run for run, status in runs.items() if status == "STARTING"} - self.lost
        self.lost |= at_work | starting
        ticking = "SELECT status FROM job_ticks WHERE timestamp >= datetime(?, 'unixepoch')"
        ticks = self._rows("schedules/schedules.db", ticking, born)
        if at_work:
            return "a run at work"
        if starting:
            return "a run starting"
        if _WAITING & set(runs.values()):
            return "a run waiting"
        if not ticks:
            return "starting"
        return "ticking" if ("STARTED",) in ticks else "idle"

    def _rows(self, name: str, question: str, *given: float) -> list[tuple[str, ...]]:
        """Of a copy: nobody but the next daemon mends what the last one left."""
        path = self.home / "data/dagster" / name
        with tempfile.TemporaryDirectory() as folder:
            for one in path.parent.glob(f"{path.name}*"):
                shutil.copy(one, folder)
            with closing(sqlite3.connect(Path(folder, path.name))) as database:
                try:
                    return database.execute(question, given).fetchall()
                except sqlite3.OperationalError:
                    return []  # not made yet

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's own records."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", str(self.home))
            with dg.DagsterInstance.get() as instance:
                yield instance

    def discover(self) -> bool:
        """Adds the symbols as the command does, where a tick that comes once an hour was lost; whether it was."""
        dataset = load_catalog(self.command.folder / "catalog.yaml")[D]
        name = symbol_set(dataset.market, dataset.grain)
        with self.instance() as instance:
            if set(SYMBOLS) <= set(instance.get_dynamic_partitions(name)):
                return False
            instance.add_dynamic_partitions(name, list(SYMBOLS))
            return True
