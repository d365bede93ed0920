"""What a change reaches: against a slow search over what every partition says that it reads."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.features.labels import label_window
from bcdata.features.seasonality import profile_window
from bcdata.healing.affected import affected
from bcdata.pipeline.agreement import finer_dataset
from bcdata.pipeline.features.inputs import FeatureInputs
from bcdata.pipeline.features.reports import trailing
from bcdata.pipeline.lake import keys_over
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.store import Store
from bcdata.windows import Window

CATALOG = """
datasets:
  spot_klines_1m:
    grain: day
    start: 2023-01-02
    symbols: [AAAUSDT, BBBUSDT, BTCUSDT]
    sources: [binance_archive]
    features: {select: [log_ret_1, log_ret_60, beta_btc_240, xs_rank_60], universe: [AAAUSDT, BTCUSDT]}
    labels: {horizons: [1, 2000]}
  spot_klines_1h:
    {grain: month, start: 2023-01, symbols: [AAAUSDT, BTCUSDT], sources: [binance_archive]}
  um_klines_1h:
    {grain: month, start: 2023-01, symbols: [AAAUSDT, BTCUSDT], sources: [binance_archive]}
  um_funding:
    {grain: month, start: 2023-01, symbols: [AAAUSDT, BTCUSDT], sources: [binance_archive]}
"""
MORE = {"spot_klines_1m": (Zone.SEASONALITY, Zone.LABELS)}
SYMBOLS = ("AAAUSDT", "BBBUSDT", "BTCUSDT")
Found = tuple[Step, str, str]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


@cache
def neighbours(dataset: str, catalog: Catalog) -> FeatureInputs:
    return FeatureInputs(Store(Path("/nowhere")), catalog, catalog[dataset])


def reads(catalog: Catalog, step: Step, symbol: str, date: str) -> set[tuple[str, str, str]]:
    """The merged partitions (dataset, symbol, date) that a partition reads, as its own operation has it."""
    dataset = catalog[step.dataset]
    window = dataset.grain.window(date)
    if step.zone is Zone.MERGED:
        others = [one for one in (catalog.joined(dataset), finer_dataset(catalog, dataset)) if one]
        return {(other.name, symbol, key) for other in others for key in keys_over(other, window)}
    if step.zone is Zone.SEASONALITY:
        reach = profile_window(window, dataset.bar_interval)
        return {(dataset.name, symbol, key) for key in keys_over(dataset, reach)}
    if step.zone is Zone.LABELS:
        reach = label_window(window, dataset.bar_interval, [1, 2000])
        return {(dataset.name, symbol, key) for key in keys_over(dataset, reach)}
    near = neighbours(dataset.name, catalog)
    if step.zone is Zone.REPORTS:
        window = Window(trailing(window).start, window.end)
    return {one[:3] for one in (*near.own(symbol, window), *near.reads(symbol, window))}


def search(catalog: Catalog, changed: tuple[str, str, str]) -> set[Found]:
    """Everything within some months that reads the changed partition, or one that does: looked at one by one."""
    around = catalog[changed[0]].grain.window(changed[2])
    near = Window(around.start - timedelta(days=31), around.end + timedelta(days=160))
    cells = [
        (Step(zone, one.name), symbol, key)
        for one in catalog
        if one.frame_type.rows == "bars"
        for key in keys_over(one, near)
        if key >= one.start
        for zone in (Zone.MERGED, Zone.FEATURES, Zone.REPORTS, *MORE.get(one.name, ()))
        for symbol in SYMBOLS
    ]
    read = {cell: reads(catalog, *cell) for cell in cells}
    found: set[Found] = set()
    while True:
        sources = {changed, *((step.dataset, *rest) for step, *rest in found if step.zone is Zone.MERGED)}
        more = {cell for cell in cells if read[cell] & sources}
        if more == found:
            return found
        found = more


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        ("spot_klines_1m", "AAAUSDT", "2023-03-30"),
        ("spot_klines_1m", "BBBUSDT", "2023-03-30"),
        ("spot_klines_1m", "BTCUSDT", "2023-01-02"),
        ("spot_klines_1h", "BTCUSDT", "2023-03"),
        ("spot_klines_1h", "AAAUSDT", "2023-02"),
        ("um_klines_1h", "AAAUSDT", "2023-03"),
        ("um_funding", "AAAUSDT", "2023-03"),
        ("um_funding", "BTCUSDT", "2023-03"),
    ],
    ids=" ".join,
)
def test_it_is_what_a_search_over_all_partitions_finds(catalog: Catalog, changed: tuple[str, str, str]) -> None:
    found = affected(catalog, *changed, symbols=SYMBOLS)
    assert len(found) == len(set(found))
    assert {tuple(one) for one in found} == search(catalog, changed)


def test_partitions_come_in_the_order_of_their_making(catalog: Catalog) -> None:
    zones = [one.step.zone for one in affected(catalog, "um_funding", "AAAUSDT", "2023-03")]
    assert zones == sorted(zones, key=list(Zone).index)
    assert set(zones) == {Zone.MERGED, Zone.FEATURES, Zone.REPORTS}


def test_a_symbol_that_nobody_looks_at_reaches_its_own_partitions_alone(catalog: Catalog) -> None:
    found = affected(catalog, "spot_klines_1m", "BBBUSDT", "2023-03-30", symbols=SYMBOLS)
    assert {one.symbol for one in found} == {"BBBUSDT"}


def test_actions_reach_what_is_made_of_the_bars_that_they_adjust(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(
        """
datasets:
  us_equity_klines_1d:
    {grain: month, start: 2024-01, symbols: [AAPL], sources: [yahoo], resample: [1w], labels: {horizons: [5]},
     features: {select: [log_ret_5]}}
  us_equity_klines_1m: {grain: month, start: 2024-01, symbols: [AAPL], sources: [polygon], resample: [15m]}
  us_equity_actions: {grain: month, start: 2024-01, symbols: [AAPL], sources: [yahoo]}
  um_klines_1m: {grain: month, start: 2024-01, symbols: [BTCUSDT], sources: [binance_rest]}
"""
    )
    pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    found = affected(load_catalog(path), "us_equity_actions", "AAPL", "2024-03")
    cells = {(str(one.step.zone), one.step.asset, one.date) for one in found}
    assert {("features", "us_equity_klines_1d", "2024-03"), ("features", "us_equity_klines_1d", "2024-04")} <= cells
    assert {("labels", "us_equity_klines_1d", "2024-02"), ("labels", "us_equity_klines_1d", "2024-03")} <= cells
    assert ("resampled", "us_equity_klines_1w", "2024-03") in cells
    assert ("features", "us_equity_klines_1m", "2024-03") in cells
    assert not [one for one in cells if one[1] in {"us_equity_klines_15m", "um_klines_1m"}], (
        "no split is inside of them"
    )
