"""Sensors without the daemon: ticks on an instance on disk, and their runs in this process, as the daemon would."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bcdata.catalog import load_catalog
from bcdata.dagster.assets.heal import healed_by
from bcdata.dagster.build import build_defs
from bcdata.dagster.launch import open_instance
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import build_resources
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata_tests.dagster.home import furnish
from bcdata_tests.mirror import Mirror
from bcdata_tests.run import Lake, pointed_at, utc

D = "spot_klines_1m"
HEAL, MATERIALIZE = "heal_spot_day", "materialize_spot_day"
"""The jobs of the catalog below."""
CATALOG = """
datasets:
  spot_klines_1m:
    grain: day
    start: 2025-01-01
    symbols: [AAAUSDT, BBBUSDT, CCCUSDT]
    sources: [binance_archive, binance_rest]
    features: false
"""
WITH_FEATURES = CATALOG.replace("features: false", "features: {select: [log_ret_1, log_ret_60]}")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Ward:
    """An exchange, a lake and an instance, whose present instant the test moves."""

    mirror: Mirror
    truth: Mirror
    exchange: LoopbackExchange
    instance: dg.DagsterInstance
    lake: Lake
    patch: pytest.MonkeyPatch
    cursors: dict[str, str | None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.defs = build_defs(self.lake.catalog)

    def at(self, instant: str | datetime) -> None:
        """Moves the present instant of all."""
        now = utc(instant) if isinstance(instant, str) else instant
        self.exchange.now = now
        self.lake = Lake(self.lake.root, now, self.lake.catalog)
        self.patch.setenv("BCDATA_NOW", now.isoformat())

    def tick(self, name: str) -> tuple[list[dg.RunRequest], str | None]:
        """One tick of a sensor: what it asks for, or why it asks for nothing."""
        sensor = self.defs.get_repository_def().get_sensor_def(name)
        with dg.build_sensor_context(
            self.instance, cursor=self.cursors.get(name), resources=build_resources()
        ) as context:
            data = sensor.evaluate_tick(context)
        self.cursors[name] = data.cursor
        return list(data.run_requests or []), data.skip_message

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Runs what was asked for, unless its key was run before, as Dagster would."""
        assert request.run_key
        assert request.run_key not in self.keys, "asked for twice"
        self.keys.append(request.run_key)
        assert request.job_name
        return self.defs.resolve_job_def(request.job_name).execute_in_process(
            instance=self.instance,
            run_config={**request.run_config, **QUIET},
            tags=dict(request.tags),
            raise_on_error=False,
        )

    def heal(self, name: str, *, succeeds: bool = True) -> set[tuple[str, str]]:
        """A tick and its runs, which succeed or do not; the partitions that they were to heal."""
        requests, _ = self.tick(name)
        for request in requests:
            assert self.execute(request).success is succeeds
        return {cell for request in requests for cell in cells(request)}

    def asked(self, part: str) -> int:
        """How many requests the exchange has had since its log was cleared whose path holds the text."""
        return sum(part in one.path for one in self.exchange.requests)

    def add(self, match: str, kind: Any, **settings: Any) -> Fault:
        """Puts a fault of the exchange in force."""
        fault = Fault(match, kind, **settings)
        self.exchange.add(fault)
        return fault


def part(ward: Ward, sensor: str, dataset: str = D) -> dict[str, str]:
    """What a sensor remembers of a dataset: where it goes on, and why it could not look."""
    found: dict[str, str] = json.loads(ward.cursors[sensor] or "{}")["datasets"].get(dataset, {})
    return found


def cells(request: dg.RunRequest) -> list[tuple[str, str]]:
    """The (symbol, date) that a request is about."""
    return [cell for _, some in healed_by(request.run_config) for cell in some]


def assets(request: dg.RunRequest) -> list[str]:
    """The assets that a request is about, with slashes."""
    return [asset for names, _ in healed_by(request.run_config) for asset in names]


@contextmanager
def warded(folder: Path, *, now: str, catalog: str = CATALOG) -> Iterator[Ward]:
    """Everything in a folder of its own; all symbols of the catalog are partitions."""
    mirror, truth = Mirror(folder / "archive"), Mirror(folder / "truth")
    for one in (mirror, truth):
        (one.root / "data").mkdir(exist_ok=True)
    (folder / "catalog.yaml").write_text(catalog)
    loaded = load_catalog(folder / "catalog.yaml")
    market = FolderMarket(mirror.root, rest_source=truth.root)
    with (
        LoopbackExchange(market, now=utc(now)) as exchange,
        pointed_at(exchange.environment(), folder / "state", now=now),
        pytest.MonkeyPatch.context() as patch,
        _quiet(),
    ):
        patch.setenv("BCDATA_ROOT", str(folder / "lake"))
        patch.setenv("BCDATA_HTTP_ATTEMPTS", "2")
        patch.setenv("DAGSTER_HOME", str(folder / "dagster"))
        furnish(folder / "dagster")
        with open_instance(folder / "lake") as instance:
            for dataset in loaded:
                name = symbol_set(dataset.market, dataset.grain)
                instance.add_dynamic_partitions(name, list(dataset.symbols or ()))
            yield Ward(mirror, truth, exchange, instance, Lake(folder / "lake", utc(now), loaded), patch)


@contextmanager
def _quiet() -> Iterator[None]:
    """Opening an instance quiets a logger, for good."""
    logger = logging.getLogger("dagster")
    level = logger.level
    yield
    logger.setLevel(level)
