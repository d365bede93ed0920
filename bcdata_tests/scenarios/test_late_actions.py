"""Actions that are known up to a day only, beside bars of later sessions: no jump goes untold."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.api.stats import stats
from bcdata.errors import MissingDataError, MissingDataWarning
from bcdata.pipeline.zones import Zone
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

CATALOG = """
providers: {polygon: {plan: advanced}}
datasets:
  us_equity_klines_1d:
    {grain: month, start: 2024-10, symbols: [AAPL], sources: [polygon], features: {select: [log_ret_1, log_ret_5]},
     labels: {horizons: [1, 5]}}
  us_equity_klines_1w: {grain: month, start: 2024-10, symbols: [AAPL], sources: [polygon], features: false}
  us_equity_actions: {grain: month, start: 2024-10, symbols: [AAPL], sources: [polygon]}
"""
BARS, WEEKS, ACTIONS = "us_equity_klines_1d", "us_equity_klines_1w", "us_equity_actions"
SPLIT = date(2024, 11, 18)
BEFORE, THAT_EVENING = "2024-11-13T12:00", "2024-11-18T22:00"
AFTER, WEEKS_AFTER = "2024-11-20T12:00", "2024-12-03T12:00"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POLYGON_API_KEY", "abcdefgh1234")
    return tmp_path


@contextmanager
def at(now: str, folder: Path, idle: frozenset[date] = frozenset(), paid: tuple[Dividend, ...] = ()) -> Iterator[Lake]:
    """The lake in the folder at an instant, and the provider with it."""
    hours = hours_of("XNYS", date(2024, 6, 3), date(2024, 12, 31))
    listed = ListedSymbol("AAPL", hours, date(2024, 6, 3), 400.0, splits=(Split(SPLIT, 4),), dividends=paid, idle=idle)
    market = SessionMarket([listed])
    with (
        LoopbackPolygon(market, plan="advanced", now=utc(now)) as venue,
        pointed_at(venue.environment() | {"BCDATA_NOW": now}, folder / "state"),
    ):
        yield lake_at(folder, CATALOG, utc(now))


def materialize(lake: Lake, dataset: str) -> list[dict[str, int]]:
    """Makes the months, and returns the rules of the zones in which splits are undone."""
    ran = lake.materialize(dataset, "AAPL", "2024-10", "2024-11")
    assert ran.ok, ran.troubles
    zones = (Zone.FEATURES, Zone.LABELS) if dataset == BARS else ()
    return [ran.rules(zone, "AAPL", "2024-11") for zone in zones]


@pytest.mark.parametrize("now", [THAT_EVENING, AFTER])
def test_actions_of_an_earlier_day_are_told_of(now: str, folder: Path) -> None:
    with at(BEFORE, folder) as lake:
        materialize(lake, ACTIONS)
        assert not any("unadjusted" in rules for rules in materialize(lake, BARS))
    with at(now, folder) as lake:
        found = materialize(lake, BARS)
        assert [rules.get("unadjusted") for rules in found] == [1, 1]
        with pytest.warns(MissingDataWarning, match=r"us_equity_actions of AAPL is known up to 2024-11-13 only"):
            load(BARS, "AAPL", adjusted="splits", root=lake.root, catalog=lake.catalog)
        with pytest.raises(MissingDataError, match="known up to"):
            load(BARS, "AAPL", adjusted="splits", missing="raise", root=lake.root, catalog=lake.catalog)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of the time up to the 13th all is known
            load(
                BARS, "AAPL", end="2024-11-13", adjusted="splits", adjusted_as_of="2024-11-13",
                root=lake.root, catalog=lake.catalog,
            )  # fmt: skip


def test_once_they_are_known_nothing_is_told_and_nothing_jumps(folder: Path) -> None:
    with at(BEFORE, folder) as lake:
        materialize(lake, ACTIONS)
    with at(AFTER, folder) as lake:
        materialize(lake, BARS)
        materialize(lake, ACTIONS)
        assert not any("unadjusted" in rules for rules in materialize(lake, BARS))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            bars = load(BARS, "AAPL", adjusted="splits", root=lake.root, catalog=lake.catalog)
        assert (bars["close"].pct_change().abs() < 0.1).sum() == bars.height - 1
        features = lake.bars(BARS, "AAPL", "2024-11", "features")
        assert features is not None
        assert features.select((pl.col("log_ret_1").abs() < 0.1).all()).item()


def test_returns_over_days_are_those_of_bars_adjusted_for_all(folder: Path) -> None:
    paid = (Dividend(date(2024, 11, 8), 8.0), Dividend(SPLIT, 1.0), Dividend(date(2024, 11, 25), 3.0))
    with at(WEEKS_AFTER, folder, paid=paid) as lake:
        for name in (ACTIONS, BARS):
            materialize(lake, name)
        where = {"root": lake.root, "catalog": lake.catalog}
        both, splits = (
            load(BARS, "AAPL", adjusted=way, adjusted_as_of="2024-12-01", **where) for way in ("all", "splits")
        )
        features = load(BARS, "AAPL", zone="features", **where)
        labels = load(BARS, "AAPL", zone="labels", **where)
    one, five = splits["close"].log().diff(), both["close"].log().diff(5)
    assert (five - splits["close"].log().diff(5)).abs().max() > 0.01  # type: ignore[operator]
    for found, name, expected in (
        (features, "log_ret_1", one),
        (features, "log_ret_5", five),
        (labels, "fwd_ret_1", one.shift(-1)),
        (labels, "fwd_ret_5", five.shift(-5)),
    ):
        assert found["session"].equals(both["session"])
        assert found[name].null_count() == expected.null_count()
        assert (found[name] - expected).abs().max() < 1e-12, name  # type: ignore[operator]


@pytest.mark.parametrize("dataset", [BARS, WEEKS])
def test_returns_over_a_split_are_those_of_the_same_shares(dataset: str, folder: Path) -> None:
    with at(WEEKS_AFTER, folder) as lake:
        for name in (ACTIONS, BARS):
            materialize(lake, name)
        assert lake.materialize(WEEKS, "AAPL", "2024-10", "2024-11").ok
        found = stats(dataset, "AAPL", root=lake.root, catalog=lake.catalog)
        bars = load(dataset, "AAPL", root=lake.root, catalog=lake.catalog)
    assert bars["close"].max() > 3 * bars["close"].min()  # type: ignore[operator]
    closes = bars["close"] / pl.select(pl.when(bars["session"] < date(2024, 11, 18)).then(4).otherwise(1)).to_series()
    changes = closes.pct_change().drop_nulls()
    assert found["mean_return"].item() == pytest.approx(changes.mean(), rel=1e-9)
    assert found["std_return"].item() == pytest.approx(changes.std(), rel=1e-9)
    assert found["maximum"].item() == bars["high"].max(), "as traded"


def test_returns_over_a_time_without_actions_are_told_of(folder: Path) -> None:
    with at(AFTER, folder) as lake:
        materialize(lake, BARS)
        with pytest.warns(MissingDataWarning, match="AAPL: no merged us_equity_actions of 2024-10, 2024-11"):
            stats(BARS, "AAPL", root=lake.root, catalog=lake.catalog)


def test_a_flat_bar_after_a_split_is_in_its_own_shares(folder: Path) -> None:
    idle = frozenset({date(2024, 11, 12), date(2024, 11, 18)})
    with at(AFTER, folder, idle) as lake:
        for name in (ACTIONS, BARS):
            materialize(lake, name)
        bars = load(BARS, "AAPL", fill="flat", root=lake.root, catalog=lake.catalog)
    filled = bars.filter("filled")
    assert set(filled["session"]) == idle
    before = bars["close"].shift(1).filter(bars["filled"]).to_list()
    assert filled["close"].to_list() == [before[0], before[1] / 4]
    assert (filled["open"] == filled["close"]).all()
    around = bars.filter(pl.col("session") >= SPLIT)["close"]
    assert around.max() < 1.2 * around.min()  # type: ignore[operator]
