"""Pictures in the metadata of a run: maps once, over all its symbols; the curve of a day with each partition."""

import base64
from pathlib import Path
from types import SimpleNamespace

import dagster as dg

from bcdata.catalog import load_catalog
from bcdata.dagster.assets.pictures import pictures
from bcdata.dagster.partitions import RANGE_END, RANGE_START
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.dagster.healing import MATERIALIZE, QUIET, WITH_FEATURES, D, warded
from bcdata_tests.mirror import made_day
from bcdata_tests.pipeline import test_seasonality as daily

DAYS = ("2025-01-01", "2025-01-02")
SYMBOLS = ("AAAUSDT", "BBBUSDT")


def svg(shown: dg.MetadataValue) -> str:
    """The image in the Markdown that Dagster shows."""
    assert isinstance(shown, dg.MarkdownMetadataValue)
    head, _, body = (shown.md_str or "").partition("base64,")
    assert head.endswith("](data:image/svg+xml;")
    return base64.b64decode(body.removesuffix(")")).decode()


def test_the_map_of_a_run_is_where_its_page_looks_and_shows_all_symbols(tmp_path: Path) -> None:
    with warded(tmp_path, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        for symbol in SYMBOLS:
            for day in DAYS:
                ward.mirror.put_day(symbol, day, made_day(day))
        ends = (f"{DAYS[0]}|{SYMBOLS[0]}", f"{DAYS[1]}|{SYMBOLS[1]}")
        result = ward.defs.resolve_job_def(MATERIALIZE).execute_in_process(
            instance=ward.instance,
            run_config=QUIET,
            tags=dict(zip((RANGE_START, RANGE_END), ends, strict=True)),
        )
        assert result.success
        for zone, what in (("reports", "features"), ("merged", "coverage")):
            events = result.asset_materializations_for_node(f"{zone}__{D}")
            assert len(events) == len(SYMBOLS) * len(DAYS)
            name = f"{what} of the run"
            [latest] = ward.instance.fetch_materializations(dg.AssetKey([zone, D]), limit=1).records
            [shown] = [event.partition for event in events if name in event.metadata]
            assert shown == latest.partition_key, "the page of an asset shows what was told last"
            [picture] = [svg(event.metadata[name]) for event in events if name in event.metadata]
            assert all(f">{symbol}</text>" in picture for symbol in SYMBOLS)
        days = result.asset_materializations_for_node(f"seasonality__{D}")
        assert {event.metadata["state"].value for event in days} == {"published"}
        assert not any("day" in event.metadata for event in days), "two days are no profile"


def test_every_profile_has_its_own_curve(tmp_path: Path) -> None:
    work = daily.bench(tmp_path, daily.CATALOG)
    daily.made(work, "2023-02", "2023-03", "2023-04")
    dataset = load_catalog(tmp_path / "catalog.yaml")[daily.D]
    wanted = [Partition("seasonality", daily.D, daily.SYMBOL, date) for date in ("2023-02", "2023-03", "2023-04")]
    bench = SimpleNamespace(store=Store(tmp_path / "lake"))
    shown = list(pictures(bench, dataset, Step(Zone.SEASONALITY, daily.D), wanted))  # type: ignore[arg-type]
    assert [(one.date, name) for one, name, _ in shown] == [("2023-03", "day"), ("2023-04", "day")], "February is null"
    for one, _, image in shown:
        assert f"{daily.D} {daily.SYMBOL} {one.date}" in svg(image)
        assert len(image.md_str or "") < 10_000
