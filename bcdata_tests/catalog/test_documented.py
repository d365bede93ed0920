"""docs/reference/catalog.md names every key with the default that really holds."""

import re
from pathlib import Path

import pytest

from bcdata.catalog import MARKETS, Dataset, FeatureSet, Labels, Market, Publication, Quality, Universe
from bcdata.catalog.around.choice import Rule
from bcdata.catalog.around.instruments import DeclaredSymbol
from bcdata.catalog.around.markets import DeclaredMarket
from bcdata.catalog.around.plans import ProviderEntry
from bcdata.providers.registry import PROVIDERS
from bcdata.venues.currencies import STABLE_ASSETS
from bcdata_tests.catalog.conftest import Load

PAGE = (Path(__file__).parents[2] / "docs/reference/catalog.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+?) \|", PAGE, re.MULTILINE))
KEYS = {key: default for key, default in ROWS.items() if key not in MARKETS}
EXCHANGES = {one.name: one for one in PROVIDERS["ccxt"].markets}
OTHERS = {name: one for name, one in MARKETS.items() if name not in EXCHANGES}
IN_WORDS = {"the market's", "required", "this or `universe`", "this or `symbols`", "any", "see below", "all", "none"}


def test_every_key_is_documented() -> None:
    sections = {
        "universe": Universe.model_fields,
        "publication": Publication.model_fields,
        "quality": Quality.model_fields,
        "features": FeatureSet.model_fields,
        "labels": Labels.model_fields,
        "markets": DeclaredMarket.model_fields,
        "providers": ProviderEntry.model_fields,
        "choice": Rule.model_fields,
    }
    keys = {f"{section}.{key}" for section, fields in sections.items() for key in fields}
    keys |= {f"instruments.{field.alias or name}" for name, field in DeclaredSymbol.model_fields.items()}
    keys |= set(Dataset.model_fields) - {"name", "markets", "plans", "publication", "quality"}
    assert set(KEYS) == keys


@pytest.mark.parametrize(("key", "default"), [(k, d) for k, d in KEYS.items() if d not in IN_WORDS])
def test_the_documented_default_changes_nothing(load: Load, key: str, default: str) -> None:
    head = "datasets:\n  um_klines_1m:\n    grain: month\n    start: 2023-01\n    sources: [binance_rest]\n"
    section, _, name = key.rpartition(".")
    value = default.strip("`")
    written = f"    {section}: {{{name}: {value}}}\n" if section else f"    {name}: {value}\n"
    rest = "" if section == "universe" else "    universe: {}\n"
    assert load(head + written + rest).datasets == load(head + "    universe: {}\n").datasets


def test_the_list_of_stable_assets() -> None:
    listed = PAGE.rpartition("```\n")[0].rpartition("```\n")[2].split()
    assert tuple(listed) == STABLE_ASSETS


@pytest.mark.parametrize("market", OTHERS.values(), ids=OTHERS)
def test_the_table_of_markets(market: Market) -> None:
    kinds, intervals = ", ".join(market.kinds), " ".join(market.intervals) or "none"
    assert re.search(
        rf"^\| `{market.name}` \| .+ \| {kinds} \| `{intervals}` \| {market.since} \|$", PAGE, re.MULTILINE
    )


def test_the_list_of_exchanges() -> None:
    section = PAGE.partition("## Exchanges that ccxt reads\n")[2].partition("\n## ")[0]
    assert section.partition("```\n")[2].partition("```")[0].split() == list(EXCHANGES)
    (market, *_) = EXCHANGES.values()
    assert f"`{' '.join(market.intervals)}`" in section
    assert market.since in section
