"""What a feature set's version follows from, and what `bcdata status` says of it."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from bcdata.catalog import load_catalog
from bcdata.features.registry import all_features
from bcdata.pipeline.features.feature_set import identity, version_of
from bcdata.reporting.status import status
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.run import utc

D = "spot_klines_1m"
CATALOG = f"""\
datasets:
  {D}:
    grain: day
    start: 2023-01-01
    symbols: [BTCUSDT, ETHUSDT, ARBUSDT, OLDUSDT]
    sources: [binance_archive]
    features: {{select: SELECT}}
"""


def catalog(folder: Path, select: str) -> Path:
    path = folder / "catalog.yaml"
    path.write_text(CATALOG.replace("SELECT", select))
    return path


def test_a_columns_identity_follows_version_parameters_and_whom_it_looks_at_and_nothing_else() -> None:
    by_name = {one.name: one for one in all_features()}
    alone, compared = by_name["rv_60"], by_name["beta_btc_240"]
    own = identity(alone, "BTCUSDT", ())
    assert len(own) == 12
    assert identity(replace(alone, formula="?", source="?", description="?"), "ETHUSDT", ("AUSDT",)) == own
    assert identity(replace(alone, version=alone.version + 1), "BTCUSDT", ()) != own
    assert identity(alone.with_parameters({"n": 120}), "BTCUSDT", ()) != own
    assert identity(compared, "BTCUSDT", ()) != identity(compared, "ETHUSDT", ())


def test_a_sets_version_follows_its_columns_and_their_order(tmp_path: Path) -> None:
    selections = ("[rv_60]", "[rv_60, rsi_14]", "[rv_60, rsi_14, natr_14]")
    versions = [version_of(load_catalog(catalog(tmp_path, one))[D]) for one in selections]
    assert len(set(versions)) == len(selections)
    assert version_of(load_catalog(catalog(tmp_path, selections[0]))[D]) == versions[0]


def test_status_tells_which_set_the_newest_partitions_have(tmp_path: Path) -> None:
    found = load_catalog(catalog(tmp_path, "[rv_60]"))
    store = Store(tmp_path / "lake")
    ours, rows = version_of(found[D]), pl.DataFrame({"open_time": [utc("2023-01-01")], "rv_60": [0.5]})
    for symbol, date, made_with in (
        ("BTCUSDT", "2023-01-01", "old"),
        ("BTCUSDT", "2023-01-02", ours),
        ("ETHUSDT", "2023-01-02", ours),
        ("ARBUSDT", "2023-01-01", "old"),
    ):
        at = Partition("features", D, symbol, date)
        store.publish(at, rows, fingerprint="f", rules="r", record={"features": made_with})
    store.publish(Partition("features", D, "OLDUSDT", "2023-01-01"), rows, fingerprint="f", rules="r", record={})
    (told,) = status(store, found, now=utc("2023-01-03"))
    assert told.feature_set == ours
    assert told.feature_sets == {ours: 2, "old": 1, "unknown": 1}
