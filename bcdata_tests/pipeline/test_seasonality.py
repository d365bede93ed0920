"""The zone of daily profiles: the bits of the whole history, made again when any of the 20 days before has changed."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import UsageError
from bcdata.features.proofs.bars import complete
from bcdata.features.seasonality import SCHEMA, profile_window, volatility_profile
from bcdata.healing.affected import affected
from bcdata.healing.stale import CurrentInputs, stale
from bcdata.interval import Interval
from bcdata.pipeline.features.seasonality import materialize
from bcdata.pipeline.lake import keys_over
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Step, Zone, closure, steps, upstream
from bcdata.quality.models import audit, profile_model
from bcdata.reporting.day_curve import curve
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window
from bcdata_tests.features.lake import write_bars
from bcdata_tests.pipeline.test_features import Bench

D, SYMBOL = "spot_klines_5m", "AUSDT"
FIVE = Interval.parse("5m")
CATALOG = f"""\
datasets:
  {D}:
    {{grain: month, start: 2023-02, symbols: [{SYMBOL}], sources: [binance_archive], features: {{select: [gap]}}}}
"""
BY_DAY = CATALOG.replace("grain: month, start: 2023-02", "grain: day, start: 2023-02-10")
DAY = timedelta(days=1)
FIRST = datetime(2023, 2, 10, tzinfo=UTC)
SILENT = datetime(2023, 3, 15, tzinfo=UTC)
DAYS = 53
"""The last of them is the third of April: a month that is not over."""


@cache
def history() -> pl.DataFrame:
    """A hole here and there, a noon that is missing on three days in a row, and a day without any bar."""
    bars = complete(DAYS, start=FIRST, interval="5m")
    time, kept = pl.col("open_time"), np.random.default_rng(0).random(bars.height) > 0.005
    noons = time.is_between(FIRST + 2 * DAY, FIRST + 5 * DAY) & (time.dt.hour() == 12)
    return bars.filter(pl.Series(kept) & ~noons & (time.dt.date() != SILENT.date()))


@cache
def whole() -> pl.DataFrame:
    """The profiles of the whole history at once."""
    bars = history()
    table = volatility_profile(bars, window=Window(FIRST, FIRST + DAYS * DAY), interval=FIVE)
    return table.filter(pl.col("known_at") != SILENT)


def bench(folder: Path, text: str, bars: pl.DataFrame | None = None) -> Bench:
    folder.mkdir(exist_ok=True)
    (folder / "catalog.yaml").write_text(text)
    catalog = load_catalog(folder / "catalog.yaml")
    context = Bench(Store(folder / "lake"), catalog)
    write_bars(context.store, catalog[D], SYMBOL, history() if bars is None else bars)
    return context


def catalog_of(context: Bench) -> Catalog:
    assert isinstance(context.catalog, Catalog)
    return context.catalog


def made(context: Bench, *dates: str) -> list[Outcome]:
    partitions = [Partition("seasonality", D, SYMBOL, date) for date in dates]
    return list(materialize(context, catalog_of(context)[D], partitions))  # type: ignore[arg-type]


def table(context: Bench, date: str) -> pl.DataFrame:
    found = context.store.read(Partition("seasonality", D, SYMBOL, date))
    assert found is not None
    return found


def late(context: Bench) -> list[str]:
    with open_footer_cache(context.store) as footers:
        found = stale(CurrentInputs(footers), catalog_of(context), catalog_of(context)[D], SYMBOL)
        return [date for step, date, _ in found if step.zone is Zone.SEASONALITY]


def test_bars_with_features_that_fill_a_quarter_have_it_and_no_others(tmp_path: Path) -> None:
    entry = "{grain: month, start: 2023-02, symbols: [AUSDT], sources: [binance_archive]"
    names = ("spot_klines_1s", D, "spot_klines_15m", "spot_klines_1h", "um_klines_1m", "um_funding")
    lines = [f"  {name}: {entry}{', features: false' if name == D else ''}}}" for name in names]
    (tmp_path / "catalog.yaml").write_text("\n".join(["datasets:", *lines]))
    catalog = load_catalog(tmp_path / "catalog.yaml")
    found = [step for dataset in catalog for step in steps(dataset) if step.zone is Zone.SEASONALITY]
    assert [step.key for step in found] == [
        ("seasonality", name) for name in ("spot_klines_1s", "spot_klines_15m", "um_klines_1m")
    ]
    minutes, funding = catalog["um_klines_1m"], catalog["um_funding"]
    assert upstream(found[2], minutes, funding) == [Step(Zone.MERGED, "um_klines_1m")]
    assert found[2] in closure(minutes, funding)


def test_until_goes_there_and_says_why_where_it_cannot(tmp_path: Path) -> None:
    text = CATALOG + CATALOG.splitlines()[1].replace("5m", "1h") + "\n" + CATALOG.splitlines()[2]
    (tmp_path / "catalog.yaml").write_text(text)
    catalog = load_catalog(tmp_path / "catalog.yaml")

    def zones(dataset: str) -> list[Zone]:
        request = MaterializeRequest(dataset, (SYMBOL,), "2023-03", "2023-03", Zone.SEASONALITY)
        return [step.zone for step in make_plan(catalog, request, FIRST + DAYS * DAY).steps]

    assert zones(D) == [Zone.RAW, Zone.PARSED, Zone.MERGED, Zone.SEASONALITY]
    with pytest.raises(UsageError, match="spot_klines_1h has no zone seasonality: that needs features, and bars that"):
        zones("spot_klines_1h")


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        (CATALOG, ["2023-02", "2023-03", "2023-04"]),
        (BY_DAY, ["2023-02-10", "2023-03-01", "2023-03-02", "2023-03-16", "2023-04-03"]),
    ],
    ids=["month", "day"],
)
def test_a_partition_alone_has_the_bits_of_the_whole_history(tmp_path: Path, text: str, dates: list[str]) -> None:
    for date in dates:
        folder = tmp_path / date
        dataset = bench(folder, text, history().clear()).catalog[D]  # type: ignore[index]
        window = dataset.grain.window(date)
        keys = keys_over(dataset, profile_window(window, FIVE))
        reach = Window(dataset.grain.window(keys[0]).start, window.end)
        context = bench(folder, text, _within(history(), "open_time", reach))
        (outcome,) = made(context, date)
        expected = _within(whole(), "open_time", window)
        assert outcome.state is State.PUBLISHED
        assert outcome.verdict.rows == expected.height > 0
        assert table(context, date).schema == SCHEMA
        assert_frame_equal(table(context, date), expected, check_exact=True)
    assert whole()["sigma"].count() > whole()["relative"].count() > 10 * 96


def _within(frame: pl.DataFrame, time: str, window: Window) -> pl.DataFrame:
    return frame.filter(pl.col(time).is_between(window.start, window.end, closed="left"))


def test_days_that_have_not_begun_have_no_profile_and_silent_days_neither(tmp_path: Path) -> None:
    context = bench(tmp_path, CATALOG)
    march, april = made(context, "2023-03", "2023-04")
    assert (march.verdict.rows, april.verdict.rows) == (30 * 96, 3 * 96)
    assert table(context, "2023-04")["known_at"].max() == FIRST + (DAYS - 1) * DAY
    assert SILENT not in table(context, "2023-03")["known_at"]


def test_a_second_run_does_nothing_and_a_lost_file_comes_back(tmp_path: Path) -> None:
    context, key = bench(tmp_path, CATALOG), Partition("seasonality", D, SYMBOL, "2023-03").key()
    assert [one.state for one in made(context, "2023-03")] == [State.PUBLISHED]
    first = context.store.objects.get(key)
    assert [one.state for one in made(context, "2023-03")] == [State.UNCHANGED]
    context.store.objects.delete(key)
    made(context, "2023-03")
    assert context.store.objects.get(key) == first


def test_missing_days_before_leave_nulls_and_a_warning(tmp_path: Path) -> None:
    context = bench(tmp_path, BY_DAY, history().filter(pl.col("open_time") >= SILENT + DAY))
    (lacking,) = made(context, "2023-03-20")
    assert lacking.state is State.PUBLISHED
    assert lacking.verdict.counts() == {"warm_up": 17}
    assert "no merged bars of 2023-02-27, 2023-02-28, 2023-03-01, " in lacking.verdict.summary()
    assert "profiles that need them are null" in lacking.verdict.summary()
    assert lacking.verdict.facts == {"nulls": {"sigma": 96, "relative": 96}}
    assert curve(context.store, lacking.partition) is None
    (held,) = made(context, "2023-03-10")
    assert (held.state, held.verdict.summary()) == (State.HELD_BACK, "upstream: merged is not published")


def test_days_before_the_start_of_the_dataset_are_not_missed(tmp_path: Path) -> None:
    (outcome,) = made(bench(tmp_path, CATALOG), "2023-02")
    assert outcome.verdict.counts() == {}
    assert outcome.verdict.facts["nulls"]["sigma"] >= 17 * 96


@pytest.mark.slow
def test_a_changed_day_makes_the_twenty_after_it_stale_and_no_other(tmp_path: Path) -> None:
    context = bench(tmp_path, BY_DAY)
    dates = [f"{FIRST + n * DAY:%Y-%m-%d}" for n in range(DAYS) if FIRST + n * DAY != SILENT]
    made(context, *dates)
    assert late(context) == []
    other = history().filter(pl.col("open_time").dt.date() == datetime(2023, 3, 1, tzinfo=UTC).date())
    write_bars(context.store, catalog_of(context)[D], SYMBOL, other.with_columns(close=pl.col("close") * 1.01))
    reached = affected(catalog_of(context), D, SYMBOL, "2023-03-01")
    expected = [one.date for one in reached if one.step.zone is Zone.SEASONALITY and one.date != f"{SILENT:%Y-%m-%d}"]
    assert sorted(late(context)) == expected
    assert expected[0] == "2023-03-01"
    # A day reads the close before its 20 days, too.
    assert expected[-1] == "2023-03-22"
    states = {one.partition.date: one.state for one in made(context, *dates)}
    assert [date for date, state in states.items() if state is State.PUBLISHED] == expected
    assert late(context) == []


def test_sql_and_load_see_it(tmp_path: Path) -> None:
    context = bench(tmp_path, CATALOG)
    empty = query(context.store, catalog_of(context), "SELECT * FROM seasonality.spot_klines_5m")
    assert (empty.height, empty.columns) == (0, [*SCHEMA.names(), "symbol", "date"])
    made(context, "2023-03", "2023-04")
    sql = "SELECT date, count(*), count(sigma) FROM seasonality.spot_klines_5m GROUP BY ALL ORDER BY ALL"
    april = table(context, "2023-04")
    assert query(context.store, catalog_of(context), sql).row(1) == ("2023-04", april.height, april["sigma"].count())
    loaded = load(
        D, SYMBOL, "2023-04-02", "2023-04-03", zone="seasonality", root=context.store.root, catalog=context.catalog
    )  # type: ignore[arg-type]
    assert_frame_equal(loaded.drop("symbol"), april[96:192], check_exact=True)


def test_the_gate_refuses_what_is_no_profile() -> None:
    good = _within(whole(), "open_time", Window(SILENT + 15 * DAY, SILENT + 17 * DAY))
    assert good["relative"].null_count() == 0
    assert audit(good, profile_model(Interval.parse("1m"))) == []
    first = pl.int_range(pl.len()) == 0
    bad = {
        "whole_days": good.tail(96 + 1),
        "known_at": good.with_columns(known_at=pl.col("known_at") + DAY),
        "quarters": good.with_columns(open_time=pl.col("open_time") + timedelta(minutes=1)),
        "ascending": good.reverse(),
        "sigma": good.with_columns(sigma=pl.when(first).then(float("inf")).otherwise(pl.col("sigma"))),
        "relative": good.with_columns(sigma=pl.when(first).then(None).otherwise(pl.col("sigma"))),
    }
    for rule, frame in bad.items():
        findings = audit(frame, profile_model(Interval.parse("1m")))
        assert any(rule in one.message for one in findings), rule
        assert all(one.severity.value == "partition" for one in findings)
