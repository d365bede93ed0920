"""Every frame type has its functions, and what zones make of them."""

from pathlib import Path

import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.frames.types import ACTIONS, BARS, FRAME_TYPES, METRICS, SETTLEMENTS
from bcdata.pipeline.frame_types import functions_of
from bcdata.pipeline.parsed.archive import parsed_fingerprint
from bcdata.pipeline.zones import Zone, steps
from bcdata.quality import actions, metrics, rules, settlements

CATALOG = """
datasets:
  um_klines_1h: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive, binance_rest]}
  um_klines_1m: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive]}
  um_mark_klines_1h: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive]}
  um_index_klines_1h: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive]}
  um_premium_klines_1h: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive], resample: [1d]}
  us_equity_actions: {grain: month, start: 2023-02, symbols: [AAPL], sources: [yahoo]}
  um_metrics: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive]}
  um_funding: {grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive, binance_rest]}
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    return load_catalog(tmp_path / "catalog.yaml")


def test_every_type_has_functions_and_the_version_of_its_rules(catalog: Catalog) -> None:
    versions = {one.frame_type.key: functions_of(one).rules for one in catalog}
    bars = dict.fromkeys(("mark_klines", "index_klines", "premium_klines"), rules.VERSION)
    own = {
        BARS.key: rules.VERSION,
        SETTLEMENTS.key: settlements.VERSION,
        METRICS.key: metrics.VERSION,
        ACTIONS.key: actions.VERSION,
    }
    assert versions == {**own, **bars}
    assert versions.keys() == {key for key, one in FRAME_TYPES.items() if one.has_parser}


def test_zones_after_merged_are_those_that_the_type_allows(catalog: Catalog) -> None:
    last = list(Zone).index(Zone.MERGED)
    for one in catalog:
        made = {step.zone.value for step in steps(one) if list(Zone).index(step.zone) > last}
        assert made <= one.frame_type.derived
        assert bool(made) == bool(one.frame_type.derived)


def test_what_is_parsed_depends_on_raw_the_length_of_bars_and_the_rules(catalog: Catalog) -> None:
    parts = {one: (one.interval, functions_of(one).rules) for one in catalog}
    by_parts = {(*parts[one], raw): parsed_fingerprint(one, raw) for one in catalog for raw in ("a", "b")}
    assert len(set(by_parts.values())) == len(by_parts) > 2 * len({rule for _, rule in parts.values()})
    assert all(parsed_fingerprint(one, "a") == by_parts[(*parts[one], "a")] for one in catalog)
