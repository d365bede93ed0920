"""A dataset whose sources lack columns: its features are null by nature, which is said once and remarked no more."""

from dataclasses import replace
from pathlib import Path

import pytest

from bcdata.features.proofs.world import SYMBOL, calm
from bcdata.features.registry import all_features
from bcdata.frames.columns import BAR_COLUMNS, in_any
from bcdata.pipeline.context import columns_of, columns_of_all
from bcdata.pipeline.features.feature_set import features_of
from bcdata.pipeline.features.lacking import lack, lacking
from bcdata.pipeline.outcome import State
from bcdata.providers.registry import SOURCES
from bcdata.quality.verdict import Severity
from bcdata.reporting.feature_report import page_of
from bcdata.store.layout import Partition
from bcdata_tests.pipeline.test_feature_quality import report
from bcdata_tests.pipeline.test_features import CATALOG, DAYS, Bench, D, bench

BARE = SOURCES["coinbase_rest"].capabilities.columns
FEW = CATALOG.replace(
    "    features:\n",
    "    features:\n      select: [log_ret_1, rel_volume, volume_z, trade_size_z, taker_imbalance]\n"
    "      normalise: {volume_z: {rank: 60}}\n",
)
NULL = ["volume_z", "volume_z_rank_60", "trade_size_z", "taker_imbalance"]


@pytest.fixture(name="context")
def _context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A lake whose only source fills five columns."""
    source = SOURCES["binance_archive"]
    fewer = replace(source, capabilities=replace(source.capabilities, columns=BARE))
    monkeypatch.setitem(SOURCES, source.name, fewer)
    return bench(tmp_path, calm().null_in(BAR_COLUMNS - BARE | {"vwap"}), FEW)[0]


@pytest.mark.slow
def test_what_is_null_by_nature_is_said_once_and_asks_for_no_look(context: Bench) -> None:
    dataset = context.catalog[D]  # type: ignore[index]
    assert columns_of(dataset) == columns_of_all(dataset) == BARE
    done = context.run(dataset, [(SYMBOL, day) for day in DAYS[:2]])
    for outcome in done.values():
        assert outcome.state is State.PUBLISHED
        (found,) = [one for one in outcome.verdict.findings if one.rule == "lacking_columns"]
        assert (found.severity, found.count) == (Severity.WARN, len(NULL))
        assert found.message == (f"no quote_volume, trades, taker_buy_volume: 4 features are null ({', '.join(NULL)})")
    table = context.store.read(Partition("features", D, SYMBOL, DAYS[1]))
    assert table is not None
    assert [name for name in table.columns if table[name].null_count() == table.height] == NULL
    outcomes = [report(context, SYMBOL, day) for day in DAYS[:2]]
    assert all(one.state is State.PUBLISHED for one in outcomes)
    assert outcomes[1].verdict.findings == ()
    page = page_of(context.store, dataset, SYMBOL, DAYS[:2]).html()
    assert page.count("4 features are null") == 1


def test_nothing_is_said_where_nothing_is_lacking(tmp_path: Path) -> None:
    context, dataset = bench(tmp_path, calm(), FEW)
    (outcome,) = context.run(dataset, [(SYMBOL, DAYS[0])]).values()
    assert "lacking_columns" not in outcome.verdict.counts()
    assert lack(all_features(), columns_of(dataset)) is None
    assert columns_of(dataset) == BAR_COLUMNS | {"vwap"}
    assert len(features_of(dataset)) == 6


def test_one_column_of_one_feature_is_said_in_the_singular() -> None:
    (feature,) = [one for one in all_features() if one.name == "trade_size_z"]
    columns = in_any([BAR_COLUMNS - {"trades"}])
    assert lacking([feature], columns) == {"trade_size_z": {"trades"}}
    assert lack([feature], columns) == "no trades: 1 feature is null (trade_size_z)"
    assert lack(all_features(), columns - {"funding_rate"}) == lack(all_features(), columns)
