"""Every genuine archive of klines at hand passes the gate's row rules, row for row."""

from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.frames.schema import BAR, TIME
from bcdata.interval import Interval
from bcdata.pipeline.zones import Zone
from bcdata.providers.base import PERIODS
from bcdata.providers.binance.files.peek import content_bound, member_name
from bcdata.providers.binance.files.unzip import unzip
from bcdata.providers.binance.klines import check_columns, read_csv
from bcdata.providers.binance.names import ObjectName, parse_key
from bcdata.quality.audit import Audited, audit_bars
from bcdata_tests.golden import reader
from bcdata_tests.run import ARCHIVE, Lake, utc

Objects = list[tuple[ObjectName, Path]]


def genuine(mirror: Path) -> dict[tuple[str, str, str], Objects]:
    """The zips of klines by market, interval and symbol."""
    found: dict[tuple[str, str, str], Objects] = defaultdict(list)
    for path in sorted(mirror.rglob("*.zip")):
        name = parse_key(path.relative_to(mirror).as_posix())
        if name is not None and name.series.kind == "klines":
            found[name.series.market, name.series.interval or "", name.series.symbol].append((name, path))
    return found


def audited(interval: Interval, objects: Objects) -> Audited:
    """The verdict on some objects as one frame, daily ones before monthly ones."""
    windows = [PERIODS[name.period].window(name.date_key) for name, _ in objects]
    contents = [
        check_columns(
            unzip(path.read_bytes(), member=member_name(path.name), max_bytes=content_bound(window, interval))
        )
        for window, (_, path) in zip(windows, objects, strict=True)
    ]
    rows = read_csv(contents)
    assert rows.bad_lines.is_empty()
    table = pl.DataFrame(
        {
            "object": pl.Series(range(len(objects)), dtype=pl.Int64),
            "from_us": pl.Series([window.start for window in windows], dtype=TIME).cast(pl.Int64),
            "to_us": pl.Series([window.end for window in windows], dtype=TIME).cast(pl.Int64),
            "rank": pl.Series([int(name.period == "monthly") for name, _ in objects], dtype=pl.Int64),
        }
    )
    framed = rows.rows.join(table, on="object", how="left", maintain_order="left")
    return audit_bars(framed, interval=interval, max_bad_share=0)


@pytest.mark.slow
def test_every_genuine_row_passes(mirror: Path) -> None:
    found = genuine(mirror)
    assert sum(len(objects) for objects in found.values()) > 3000
    for (market, interval, symbol), objects in found.items():
        result = audited(Interval.parse(interval), objects)
        costly = {one.rule: one.count for one in result.verdict.findings if one.severity != "warn"}
        assert costly == {}, f"{market} {interval} {symbol}"
        assert result.rejected.is_empty()
        opens = {reader.instant(row[0]) for _, path in objects for row in reader.fields(path)}
        assert set(result.bars["open_time"]) == opens, f"{market} {interval} {symbol}"


@pytest.mark.parametrize(("dataset", "symbol"), [("spot_klines_15m", "ARBUSDT"), ("um_klines_5m", "SOLUSDT")])
def test_other_intervals_go_through_by_catalog_alone(
    mirror: Path, real: dict[str, str], tmp_path: Path, dataset: str, symbol: str
) -> None:
    assert real
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(
        f"datasets: {{{dataset}: {{grain: month, start: 2023-01, symbols: [{symbol}], sources: [{ARCHIVE}]}}}}"
    )
    market, _, interval = dataset.split("_")
    objects = genuine(mirror)[market, interval, symbol]
    month = sorted({name.date_key[:7] for name, _ in objects})[1]
    lake = Lake(tmp_path / "lake", utc("2026-12-31"), load_catalog(catalog))
    assert lake.materialize(dataset, symbol, month, until=Zone.MERGED).troubles == []
    bars = lake.bars(dataset, symbol, month)
    assert bars is not None
    paths = [path for name, path in objects if name.date_key.startswith(month)]
    assert bars.select(BAR.names()).rows() == reader.klines(paths)
