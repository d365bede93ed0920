"""The report's zone: one row a feature, made again when features change, and warnings where a look is due."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.features.proofs.bars import START
from bcdata.features.proofs.world import REFERENCE, SYMBOL, calm
from bcdata.features.report import REPORT, feature_report
from bcdata.healing.stale import CurrentInputs, stale
from bcdata.pipeline.features.feature_set import features_of, version_of
from bcdata.pipeline.features.reports import materialize
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Step, Zone, upstream
from bcdata.quality.features import attention
from bcdata.quality.verdict import Severity
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata_tests.features.lake import write_bars
from bcdata_tests.pipeline.test_features import CATALOG, DAY, DAYS, Bench, D, bench

FEW = CATALOG.replace(
    "    features:\n",
    "    features:\n      select: [log_ret_1, log_ret_60, rv_60, beta_btc_240, funding_ann]\n"
    "      normalise: {log_ret_60: {z: 60}}\n",
)


def report(context: Bench, symbol: str, date: str) -> Outcome:
    dataset = context.catalog[D]  # type: ignore[index]
    (outcome,) = materialize(context, dataset, [Partition("reports", D, symbol, date)])  # type: ignore[arg-type]
    return outcome


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Bench:
    context, dataset = bench(tmp_path, calm(), FEW)
    context.run(dataset, [(symbol, day) for symbol in (SYMBOL, REFERENCE) for day in DAYS[:5]])
    return context


def test_a_report_is_what_the_pure_one_is_of_the_days_before(context: Bench) -> None:
    dataset = context.catalog[D]  # type: ignore[index]
    tables = [context.store.read(Partition("features", D, SYMBOL, day)) for day in DAYS[:5]]
    frames = [table for table in tables if table is not None]
    own = context.store.published(Partition("features", D, SYMBOL, DAYS[4]))
    assert own is not None
    expected = feature_report(
        frames[4],
        pl.concat(frames[:4]),
        features=features_of(dataset),
        config=version_of(dataset),
        clipped=own.record["verdict"]["facts"]["clipped"],
    )
    outcome = report(context, SYMBOL, DAYS[4])
    found = context.store.read(Partition("reports", D, SYMBOL, DAYS[4]))
    assert found is not None
    assert outcome.state is State.PUBLISHED
    assert found.schema == REPORT
    assert found.equals(expected)
    assert found["feature"].to_list() == [one.name for one in features_of(dataset)]
    assert found.filter(pl.col("feature") == "log_ret_60_z_60")["clipped"].item() > 0
    assert found["psi"].null_count() == 0
    assert outcome.verdict.facts["compared_with"] == DAYS[:4]
    assert upstream(Step(Zone.REPORTS, D), dataset, None) == [Step(Zone.FEATURES, D)]


def test_the_same_features_give_the_same_bytes_and_no_second_report(context: Bench) -> None:
    key = Partition("reports", D, SYMBOL, DAYS[3]).key()
    report(context, SYMBOL, DAYS[3])
    first = context.store.objects.get(key)
    assert report(context, SYMBOL, DAYS[3]).state is State.UNCHANGED
    context.store.objects.delete(key)
    assert report(context, SYMBOL, DAYS[3]).state is State.PUBLISHED
    assert context.store.objects.get(key) == first


def test_other_features_in_the_days_before_make_it_stale(context: Bench) -> None:
    dataset = context.catalog[D]  # type: ignore[index]
    report(context, SYMBOL, DAYS[2])
    report(context, SYMBOL, DAYS[4])

    def late() -> list[str]:
        with open_footer_cache(context.store) as footers:
            found = stale(CurrentInputs(footers), context.catalog, dataset, SYMBOL)  # type: ignore[arg-type]
            return [date for step, date, _ in found if step.zone is Zone.REPORTS]

    assert late() == []
    write_bars(context.store, dataset, SYMBOL, calm(seed=3).bars.filter(pl.col("open_time") >= START + 3 * DAY))
    assert late() == [DAYS[4]], "its features are stale, and will be made first"
    context.run(dataset, [(SYMBOL, day) for day in DAYS[3:5]])
    assert late() == [DAYS[4]]
    assert report(context, SYMBOL, DAYS[4]).state is State.PUBLISHED
    assert late() == []


def test_without_features_there_is_no_report(context: Bench) -> None:
    outcome = report(context, "CUSDT", DAYS[0])
    assert outcome.state is State.HELD_BACK
    assert outcome.verdict.summary() == "upstream: features are not published"


def test_features_of_another_set_are_no_yardstick(context: Bench, tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(FEW.replace("z: 60", "z: 120"))
    other = Bench(context.store, load_catalog(tmp_path / "catalog.yaml"))
    other.run(other.catalog[D], [(SYMBOL, day) for day in DAYS[3:5]])  # type: ignore[index]
    assert report(other, SYMBOL, DAYS[4]).verdict.facts["compared_with"] == DAYS[3:4]


def test_what_is_null_by_nature_is_not_remarked(context: Bench) -> None:
    outcome = report(context, REFERENCE, DAYS[4])
    found = context.store.read(Partition("reports", D, REFERENCE, DAYS[4]))
    assert found is not None
    assert found.filter(pl.col("feature") == "beta_btc_240")["nulls"].item() == 1440
    assert "empty" not in outcome.verdict.counts()


def test_what_asks_for_a_look_is_named_worst_first() -> None:
    rng = np.random.default_rng(0)
    fine, row = rng.normal(size=2000), np.arange(2000)
    columns = {
        "fine": fine,
        "empty": np.full(2000, np.nan),
        "natural": np.full(2000, np.nan),
        "holes": np.where((row < 100) | (row % 4 == 0), np.nan, fine),
        "stuck": np.where(row < 1500, 1.0, fine),
        "moved": fine + 3,
        "moved_more": fine + 4,
    }
    table = pl.DataFrame({name: pl.Series(values).fill_nan(None) for name, values in columns.items()})
    before = pl.DataFrame({name: rng.normal(size=3000) for name in ("fine", "moved", "moved_more")})
    found = {one.rule: one for one in attention(feature_report(table, before), absent={"natural"}, day=1440)}
    assert {rule: one.count for rule, one in found.items()} == {"empty": 1, "null_share": 1, "constant": 1, "drift": 2}
    assert {one.severity for one in found.values()} == {Severity.WARN}
    assert found["empty"].message == "without any value: empty"
    assert "holes (0.25)" in found["null_share"].message
    assert found["drift"].message.index("moved_more") < found["drift"].message.index("moved (")
    assert not list(attention(feature_report(table.select("fine"), before), absent=(), day=1440))


def test_a_partition_without_bars_asks_for_no_look() -> None:
    nothing = feature_report(pl.DataFrame(schema={"gap": pl.Float64(), "body": pl.Float64()}))
    assert nothing["rows"].to_list() == [0, 0]
    assert not list(attention(nothing, absent=(), day=1440)), "before a listing there is nothing to remark"


def test_reports_can_be_asked_in_sql(context: Bench) -> None:
    sql = "SELECT count(*), max(nulls), min(date) FROM reports.um_klines_1m"
    assert query(context.store, context.catalog, sql).row(0)[0] == 0  # type: ignore[arg-type]
    report(context, SYMBOL, DAYS[4])
    assert query(context.store, context.catalog, sql).row(0) == (6, 0, DAYS[4])  # type: ignore[arg-type]
