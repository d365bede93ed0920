"""Catalogs and an instance that lives in memory."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED

SMALL = """\
datasets:
  spot_klines_1m:
    {grain: month, start: 2023-01, symbols: [AAAUSDT, BBBUSDT, CCCUSDT], sources: [binance_archive, binance_rest]}
  spot_klines_1h:
    {grain: month, start: 2023-03, symbols: [AAAUSDT, CCCUSDT], sources: [binance_archive]}
  um_klines_1d:
    {grain: day, start: 2023-06-01, symbols: [AAAUSDT], sources: [binance_rest]}
  um_klines_5m:
    {grain: month, start: 2023-01, universe: {contracts: [perpetual]}, sources: [binance_archive]}
  um_funding:
    {grain: month, start: 2023-01, universe: {contracts: [perpetual]}, sources: [binance_archive]}
"""


@pytest.fixture(scope="session")
def packaged() -> Catalog:
    """The catalog that comes with the project."""
    return load_catalog(PACKAGED)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Several grains, starts and sources that differ between datasets of one market."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(SMALL)
    return load_catalog(path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that leaves nothing behind."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root and a state directory of the test's own, empty."""
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("BCDATA_STATE", str(tmp_path / "state"))
    return tmp_path / "lake"
