"""Holes cut into real data heal under the real daemon, killed with all its children in the middle and started again.

The archive has holes; REST serves the truth. After the sensors have ticked, merged equals what the uncut archive gives,
bar for bar, the ledger explains the rest as it does there, and no run was asked for twice.
"""

import os
import shutil
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import dagster as dg
import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.dagster.assets.heal import healed_by
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata_tests.e2e.api import wait
from bcdata_tests.e2e.platform import PROJECT
from bcdata_tests.e2e.processes import ProcessGroup
from bcdata_tests.mirror import Mirror, csv_of, day_key, zipped
from bcdata_tests.run import Lake, pointed_at, utc

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

D = "spot_klines_1m"
SYMBOLS = ("ARBUSDT", "BTCUSDT", "ETHUSDT")
FIRST, LAST = "2023-03-23", "2023-03-30"
OUTAGE = "2023-03-24"
"""The exchange stood still: REST has a hole there as well, which it is asked about once."""
NOW = utc("2023-06-30T12:00")
CATALOG = f"""
datasets:
  {D}:
    grain: day
    start: {FIRST}
    symbols: [{", ".join(SYMBOLS)}]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1, log_ret_60]}}
"""
SENSORS = ("refill", "stale", "freshness")


@dataclass
class Hospital:
    """The cut archive and what REST knows, the lake that is healed, and the daemon's surroundings."""

    exchange: LoopbackExchange
    folder: Path
    truth: Lake
    cut: set[tuple[str, str]]

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake", NOW, self.truth.catalog)

    def daemon(self, now: datetime, *, name: str) -> ProcessGroup:
        """The real daemon with its code server, at an instant."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("BCDATA_", "DAGSTER_"))}
        environment = {
            **inherited,
            **self.exchange.environment(),
            "BCDATA_ROOT": str(self.lake.root),
            "BCDATA_CATALOG": str(self.folder / "catalog.yaml"),
            "BCDATA_STATE": str(self.folder / "state"),
            "BCDATA_NOW": now.isoformat(),
            "BCDATA_HEAL_EVERY": "2",
            "BCDATA_HTTP_RATE_WAIT": "2",
            "DAGSTER_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(PROJECT),
        }
        command = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-w", "workspace.yaml"]
        return ProcessGroup(
            command, environment=environment, folder=self.folder / "home", log=self.folder / f"{name}.log"
        )

    def asked(self) -> int:
        """How often REST was asked for bars so far."""
        return sum("/spot/api/v3/klines" in one.path for one in self.exchange.requests)

    def sick(self) -> set[tuple[str, str]]:
        """The partitions whose bars differ from the truth."""
        return {one for one in self.cut if not _same(self.lake, self.truth, one)}

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's own records of it all."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", str(self.folder / "home"))
            with dg.DagsterInstance.get() as instance:
                yield instance

    def runs(self) -> list[dg.DagsterRun]:
        """All healing runs that there were."""
        with self.instance() as instance:
            return [run for run in instance.get_runs() if run.job_name == "heal_spot_day"]


def _same(lake: Lake, truth: Lake, one: tuple[str, str]) -> bool:
    found, expected = (some.bars(D, *one) for some in (lake, truth))
    assert expected is not None
    return found is not None and found.drop("source").equals(expected.drop("source"))


def _cut(mirror: Mirror, vision: Path) -> set[tuple[str, str]]:
    """Minutes, hours, days and whole files are taken out; two partitions in three stay whole."""
    random, cut = Random(7), set()
    for symbol in SYMBOLS:
        for path in sorted((vision / "data/spot/daily/klines" / symbol / "1m").glob(f"{symbol}-1m-2023-03-*.zip")):
            day = path.stem[-10:]
            if not FIRST <= day <= LAST:
                continue
            mirror.copy(vision, f"{day_key(symbol, day)}*")
            if random.random() < 0.4:
                _hole(mirror, symbol, day, random)
                cut.add((symbol, day))
    return cut


def _hole(mirror: Mirror, symbol: str, day: str, random: Random) -> None:
    key = day_key(symbol, day)
    length = random.choice([1, 3, 60, 300, 1440])
    if length == 1440:
        mirror.remove(key)
        return
    rows = _rows(mirror.root / key)
    start = random.randrange(1, len(rows) - length)
    mirror.put(key, zipped(f"{symbol}-1m-{day}.csv", csv_of([*rows[:start], *rows[start + length :]])))


def _rows(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return [line.split(",") for line in text.splitlines()]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Hospital]:
    """A lake materialized from the cut archive without REST, and one from the whole."""
    folder, vision = tmp_path_factory.mktemp("healing"), shared_data / "binance_vision"
    (folder / "home").mkdir()
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder / "home" / name)
    (folder / "catalog.yaml").write_text(CATALOG)
    catalog = load_catalog(folder / "catalog.yaml")
    mirror = Mirror(folder / "archive")
    cut = _cut(mirror, vision)
    whole, holed = FolderMarket(vision), FolderMarket(mirror.root, rest_source=vision)
    truth = Lake(folder / "truth", NOW, catalog)
    symbols = ",".join(SYMBOLS)
    with LoopbackExchange(whole, now=NOW) as exchange, pointed_at(exchange.environment(), folder / "state"):
        assert truth.materialize(D, symbols, FIRST, LAST).ok
    with LoopbackExchange(holed, now=NOW) as exchange:
        with pointed_at(exchange.environment(), folder / "state"):
            assert Lake(folder / "lake", NOW, catalog).materialize(D, symbols, FIRST, LAST, refill=False).ok
        yield Hospital(exchange, folder, truth, cut)


def test_holes_heal_under_a_daemon_that_is_killed_in_the_middle(hospital: Hospital) -> None:
    sick = hospital.sick()
    assert len(sick) == len(hospital.cut) > 6, "the cuts were seen"
    slow = Fault("/spot/api/v3/klines", "latency", seconds=1.5)
    hospital.exchange.add(slow)
    with hospital.daemon(NOW, name="first") as daemon:
        wait("the run", lambda: hospital.asked() > 1, seconds=120)
        del daemon  # killed with its code server and its run, in the middle of their questions
    hospital.exchange.remove(slow)
    assert hospital.sick(), "killed too late to show anything"
    with hospital.daemon(NOW + timedelta(hours=2), name="second") as daemon:
        wait("whole bars", lambda: not hospital.sick() or not daemon.is_running, seconds=240, every=1)
        wait("the end of all runs", lambda: all(run.is_finished for run in hospital.runs()), seconds=60, every=1)
        assert daemon.is_running, daemon.output
    assert hospital.sick() == set()


def test_the_ledger_explains_what_is_left_as_it_does_for_the_uncut_data(hospital: Hospital) -> None:
    days = hospital.truth.catalog[D].grain.keys(FIRST, LAST)
    for symbol in SYMBOLS:
        ledgers = [one.ledger(D, symbol, *days) for one in (hospital.lake, hospital.truth)]
        left, expected = (
            one.filter(pl.col("status") != "refilled").select("start", "end", "bars", "status") for one in ledgers
        )
        assert left.equals(expected), symbol


def _asks(assets: list[str]) -> bool:
    """Whether REST is asked; what was left stale by the kill is rebuilt from what is there."""
    return any(asset.startswith("raw/") for asset in assets)


def test_no_run_was_asked_for_twice(hospital: Hospital) -> None:
    runs = [run for run in hospital.runs() if run.parent_run_id is None]
    assert len(runs) > 0
    keys = Counter(run.tags["dagster/run_key"] for run in runs)
    assert set(keys.values()) == {1}
    asked = [cell for run in runs for assets, cells in healed_by(run.run_config) if _asks(assets) for cell in cells]
    assert set(asked) == hospital.cut | {(symbol, OUTAGE) for symbol in SYMBOLS}, "just the partitions with holes"
    assert set(Counter(asked).values()) == {1}
    [killed] = [run for run in hospital.runs() if not run.is_success]
    [retried] = [run for run in hospital.runs() if run.parent_run_id]
    assert retried.parent_run_id == killed.run_id, "what was killed was told of and started again"


def test_every_tick_was_short_and_none_failed(hospital: Hospital) -> None:
    """On a busy machine a bound of 30 s is a long one."""
    with hospital.instance() as instance:
        ticks = [
            tick
            for state in instance.all_instigator_state()
            if state.instigator_name.startswith(SENSORS)
            for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
        ]
    assert len(ticks) > 3
    assert [tick.error for tick in ticks if tick.error] == []
    assert all(tick.end_timestamp - tick.timestamp < 30 for tick in ticks if tick.end_timestamp)
