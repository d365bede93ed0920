"""Everything is cut at an instant, also inside what REST answers: what was known by then was what it is today.

One lake is built long after, others at instants at any microsecond, each from what the exchange had sent until then.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.features.registry import all_features
from bcdata.pipeline.zones import Zone
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata.simulate.binance.market.symbols import GeneratedSymbol
from bcdata_tests.run import Lake, pointed_at, utc

START, AFTERWARDS = utc("2023-01-01"), utc("2023-05-20")
HOUR = timedelta(hours=1)
PACES = ((START, 8), (utc("2023-04-03T08:00"), 4), (utc("2023-04-05T00:00"), 1), (utc("2023-04-06T01:00"), 4),
         (utc("2023-04-08T09:00"), 8))  # fmt: skip
"""The interval changes to shorter and longer ones, on the old spacing and off it."""
MARKET = GeneratedMarket(
    (
        GeneratedSymbol("um", "BTCUSDT", "BTC", "USDT", START, 16_541.0, 1, 200.0, 3, funding=((START, 8),)),
        GeneratedSymbol("um", "ETHUSDT", "ETH", "USDT", START, 1_200.0, 2, 900.0, 2, funding=PACES),
    )
)
D, COARSE = "um_klines_1h", "um_klines_7h"
CATALOG = f"""
datasets:
  um_funding:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    features: false
  {D}:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    resample: [7h]
    features: {{reference: BTCUSDT, universe: [BTCUSDT, ETHUSDT]}}
"""
PATIENT = {"BCDATA_HTTP_READ_TIMEOUT": "30"}
"""A month of hours is made out of its minutes: that takes the exchange a while."""
MONTHS = ("2023-01", "2023-04")
ZONES = (("merged", D), ("features", D), ("resampled", COARSE), ("merged", "um_funding"))
_RNG = np.random.default_rng(9)
PACE_CHANGES = [at + seconds for (at, _), seconds in zip(PACES[1:], (timedelta(seconds=60), timedelta(seconds=59),
                HOUR + timedelta(microseconds=1), 3 * HOUR), strict=True)]  # fmt: skip
ANYWHERE = [utc("2023-04-02") + timedelta(microseconds=int(_RNG.integers(12 * 86_400 * 10**6))) for _ in range(12)]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackExchange]:
    with (
        LoopbackExchange(MARKET, now=AFTERWARDS) as exchange,
        pointed_at({**exchange.environment(), **PATIENT}, tmp_path_factory.mktemp("state")),
    ):
        yield exchange


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


@pytest.fixture(scope="module")
def afterwards(
    exchange: LoopbackExchange, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], pl.DataFrame]:
    return built(exchange, catalog, tmp_path_factory.mktemp("afterwards"), AFTERWARDS)


def built(
    exchange: LoopbackExchange, catalog: Catalog, root: Path, now: datetime
) -> dict[tuple[str, str], pl.DataFrame]:
    """April of ETHUSDT as a lake has it that is built at this instant, by zone and dataset."""
    exchange.now = now
    lake = Lake(root, now, catalog)
    assert lake.materialize(D, "BTCUSDT,ETHUSDT", *MONTHS, until=Zone.MERGED).troubles == []
    assert lake.materialize(D, "ETHUSDT", MONTHS[1]).troubles == []
    frames = {place: lake.bars(place[1], "ETHUSDT", MONTHS[1], place[0]) for place in ZONES}
    return {place: frame for place, frame in frames.items() if frame is not None}


def known(frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The rows that are known at the instant, without what the lake says of itself."""
    at = pl.col("known_at") if "known_at" in frame.columns else pl.col("time") + timedelta(minutes=1)
    own = [name for name in ("source", "file_interval_hours") if name in frame.columns]
    return frame.filter(at <= now).drop(own)


@pytest.mark.slow
@pytest.mark.one_in(40, slow=8)
@pytest.mark.parametrize("now", [*PACE_CHANGES, *ANYWHERE])
def test_what_was_known_at_an_instant_is_what_it_is_afterwards(
    exchange: LoopbackExchange,
    catalog: Catalog,
    afterwards: dict[tuple[str, str], pl.DataFrame],
    tmp_path: Path,
    now: datetime,
) -> None:
    then = built(exchange, catalog, tmp_path / "lake", now)
    assert set(then) == set(ZONES)
    for place in ZONES:
        expected = known(afterwards[place], now)
        assert expected.height > 0
        assert known(then[place], now).equals(expected, null_equal=True), place
        later = then[place].height - known(then[place], now).height
        assert later == 0 or place[0] == "resampled", "a bar that is not over is not published"
    features = known(then["features", D], now)
    values = [one.name for one in all_features() if features[one.name].count()]
    assert len(values) == len(all_features()), "every feature is tried"
