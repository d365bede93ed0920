"""What the page of an asset says of its columns."""

from pathlib import Path

import dagster as dg
import polars as pl

from bcdata.dagster.assets.preview import preview
from bcdata.features.registry import all_features
from bcdata.features.schema import table_schema
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.layout import Partition


def test_every_feature_says_what_it_is_and_what_it_reads(tmp_path: Path) -> None:
    place = Partition("features", "spot_klines_1m", "BTCUSDT", "2025-01")
    file = tmp_path / place.key()
    file.parent.mkdir(parents=True)
    pl.DataFrame(schema=table_schema()).write_parquet(file)
    shown = preview(tmp_path, Step(Zone.FEATURES, "spot_klines_1m"), place)["dagster/column_schema"]
    assert isinstance(shown, dg.TableSchema)
    told = {one.name: one.description for one in shown.columns}
    assert all(told.values())
    for feature in all_features():
        assert feature.description in str(told[feature.name])
        assert str(told[feature.name]).endswith(f"; reads {', '.join(feature.inputs)}")
