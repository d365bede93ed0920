"""Which sensors and schedules serve a dataset."""

import pytest

from bcdata.catalog import Automation
from bcdata.errors import CatalogError
from bcdata_tests.catalog.conftest import Load

HEAD = "datasets:\n  {name}: {{grain: month, start: 2023-01, symbols: [{symbol}], sources: [{sources}]{more}}}\n"
ALL = set(Automation)


@pytest.mark.parametrize(
    ("name", "sources", "more", "misfits"),
    [
        ("um_klines_1m", "binance_archive", "", {"monthly"}),
        ("um_klines_1m", "binance_archive", ", monthly_replaces_daily: true", set()),
        ("um_klines_4h", "binance_rest", "", {"monthly", "find_halts", "republished"}),
        ("um_funding", "binance_archive", "", {"monthly", "find_halts", "stale", "freshness"}),
        ("kraken_klines_1h", "kraken_rest", "", {"monthly", "republished", "discover_symbols", "universe"}),
    ],
)
def test_a_dataset_without_the_key_takes_part_in_all_that_fit_it(
    load: Load, name: str, sources: str, more: str, misfits: set[str]
) -> None:
    [dataset] = load(HEAD.format(name=name, symbol="BTCUSD", sources=sources, more=more))
    assert {kind for kind in Automation if dataset.takes_part(kind)} == ALL - misfits


@pytest.mark.parametrize("chosen", [[], ["refill"], ["refill", "daily"]])
def test_a_dataset_with_the_key_takes_part_in_just_these(load: Load, chosen: list[str]) -> None:
    more = f", automation: [{', '.join(chosen)}]"
    catalog = load(HEAD.format(name="um_klines_1m", symbol="BTCUSDT", sources="binance_archive", more=more))
    assert {kind.value for kind in Automation if catalog.served_by(kind)} == set(chosen)


def test_what_does_nothing_for_a_dataset_is_refused_with_the_reason(load: Load) -> None:
    text = HEAD.format(name="um_funding", symbol="BTCUSDT", sources="binance_rest", more=", automation: [daily, stale]")
    with pytest.raises(
        CatalogError, match=r"catalog\.yaml:2: .*stale does nothing for um_funding: nothing is computed"
    ):
        load(text)
