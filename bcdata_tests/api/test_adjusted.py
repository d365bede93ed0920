"""`load(adjusted=...)`: what was traded on the day, as it looks after the splits and dividends known at an instant."""

import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import MissingDataError, MissingDataWarning, UsageError
from bcdata.frames.schema import LEDGER, MERGED_ACTION, conform, merged_bar
from bcdata.interval import Interval
from bcdata.pipeline.publish import Draft
from bcdata.quality.verdict import Verdict
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.run import utc

if TYPE_CHECKING:
    from bcdata.pipeline.records.in_footers import MergedRecord

TEXT = """
datasets:
  us_equity_klines_1d: {grain: month, start: 2024-03, symbols: [AAPL, MSFT], sources: [yahoo], features: false}
  us_equity_klines_1w: {grain: month, start: 2024-03, symbols: [AAPL], sources: [polygon], features: false}
  us_equity_klines_1m: {grain: month, start: 2024-03, symbols: [AAPL], sources: [polygon], features: false}
  us_equity_actions: {grain: month, start: 2024-03, symbols: [AAPL, MSFT], sources: [yahoo]}
  um_klines_1m: {grain: month, start: 2024-03, symbols: [BTCUSDT], sources: [binance_rest]}
"""
MONTHS = ("2024-03", "2024-04", "2024-05")
NOW = "2024-06-01T00:00:00Z"
Action = dict[str, Any]


class World:
    """A lake with closes of 100 + n on the n-th session, volumes of 1,000, and the actions that it is given."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
        path = folder / "catalog.yaml"
        path.write_text(TEXT)
        self.catalog: Catalog = load_catalog(path)
        self.store = Store(folder / "lake")
        self.root = folder / "lake"
        self.labels: list[date] = []
        daily = self.catalog["us_equity_klines_1d"].bar_interval
        opens = pl.concat([pl.Series(daily.opens(self.window(key))) for key in MONTHS]).cast(pl.Datetime("us", "UTC"))
        self.bars = pl.DataFrame({"open_time": opens}).with_columns(
            session=pl.col("open_time").dt.date(), close=100.0 + pl.int_range(pl.len()), volume=pl.lit(1000.0)
        )
        self.labels = self.bars["session"].to_list()
        for key in MONTHS:
            inside = self.bars.filter(pl.col("open_time").dt.strftime("%Y-%m") == key)
            whole = inside.with_columns(
                open=pl.col("close"), high=pl.col("close"), low=pl.col("close"), source=pl.lit("yahoo"),
                known_at=pl.col("open_time") + timedelta(hours=6.5),
            )  # fmt: skip
            self.publish("us_equity_klines_1d", key, conform(whole, merged_bar(funding=False, sessions=True)))

    def window(self, key: str) -> Any:
        return self.catalog["us_equity_klines_1d"].grain.window(key)

    def publish(self, dataset: str, key: str, rows: pl.DataFrame, symbol: str = "AAPL") -> None:
        record: MergedRecord = {"closed": self.window(key).end.isoformat()}
        draft = Draft(rows, Verdict(rows.height), record, ledger=pl.DataFrame(schema=LEDGER))
        made_of = f"made of {dataset} {key} {rows.height}"
        assert draft.publish(self.store, Partition("merged", dataset, symbol, key), made_of).ok

    def tell(self, *actions: Action, months: tuple[str, ...] = MONTHS) -> None:
        told = pl.DataFrame(list(actions), schema_overrides={"ex_session": pl.Date}) if actions else pl.DataFrame()
        for key in months:
            rows = pl.DataFrame(schema=MERGED_ACTION)
            if actions:
                own = told.filter(pl.col("ex_session").dt.strftime("%Y-%m") == key)
                at = pl.col("ex_session").cast(pl.Datetime("us", "UTC"))
                rows = conform(
                    own.with_columns(time=at, source=pl.lit("yahoo"), known_at=at + pl.duration(hours=14)),
                    MERGED_ACTION,
                )
            self.publish("us_equity_actions", key, rows.sort("time", "kind"))

    def load(self, **options: Any) -> pl.DataFrame:
        return load("us_equity_klines_1d", "AAPL", root=self.root, catalog=self.catalog, **options)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("BCDATA_NOW", NOW)
    return World(tmp_path)


def split(label: date, ratio: float) -> Action:
    return {"kind": "split", "ex_session": label, "ratio": ratio, "amount": None}


def cash(label: date, amount: float) -> Action:
    return {"kind": "cash", "ex_session": label, "ratio": None, "amount": amount}


def test_a_split_and_a_dividend_after_it(world: World) -> None:
    world.tell(split(world.labels[20], 4.0), cash(world.labels[30], 1.0))
    raw = world.load()
    splits, both = world.load(adjusted="splits"), world.load(adjusted="all")
    paid = 1 - 1.0 / raw["close"][29]
    assert splits["close"][:20].to_list() == pytest.approx((raw["close"][:20] / 4).to_list(), rel=1e-15)
    assert splits["close"][20:].equals(raw["close"][20:])
    assert splits["volume"].to_list() == [4000.0] * 20 + [1000.0] * (raw.height - 20)
    assert both["close"][0] == pytest.approx(raw["close"][0] / 4 * paid, rel=1e-15)
    assert both["close"][25] == pytest.approx(raw["close"][25] * paid, rel=1e-15)
    assert both["volume"].equals(splits["volume"])
    assert both.columns == raw.columns


def test_a_dividend_on_the_day_of_a_split_is_of_a_new_share(world: World) -> None:
    world.tell(split(world.labels[20], 2.0), cash(world.labels[20], 1.0))
    raw, both = world.load(), world.load(adjusted="all")
    assert both["close"][19] == pytest.approx(raw["close"][19] / 2 * (1 - 2.0 / raw["close"][19]), rel=1e-15)


def test_a_reverse_split(world: World) -> None:
    world.tell(split(world.labels[10], 0.1))
    raw, splits = world.load(), world.load(adjusted="splits")
    assert splits["close"][9] == pytest.approx(raw["close"][9] * 10, rel=1e-15)
    assert splits["volume"][9] == pytest.approx(100.0)


def test_a_payment_of_more_than_the_price_is_refused_and_told(world: World) -> None:
    world.tell(cash(world.labels[20], 500.0))
    with pytest.warns(MissingDataWarning, match="the cash of 2024-04-01 pays the whole price or more"):
        both = world.load(adjusted="all")
    assert both.equals(world.load())


def test_a_view_as_of_an_instant_stays_as_it_was(world: World) -> None:
    """What is learnt later changes nothing of it, however often it is asked for."""
    world.tell(split(world.labels[20], 4.0))
    as_of = world.labels[25]
    before = world.load(adjusted="all", adjusted_as_of=as_of)
    assert not before.equals(world.load())
    world.tell(split(world.labels[20], 4.0), split(world.labels[40], 3.0), cash(world.labels[35], 1.0))
    assert world.load(adjusted="all", adjusted_as_of=as_of).equals(before)
    assert not world.load(adjusted="all").equals(before)
    assert world.load(adjusted="all", adjusted_as_of=world.labels[19]).equals(world.load())


def test_a_column_alone_and_a_lazy_frame_are_adjusted_alike(world: World) -> None:
    world.tell(split(world.labels[20], 4.0))
    whole = world.load(adjusted="splits")
    assert world.load(adjusted="splits", columns=["close"])["close"].equals(whole["close"])
    lazy: Any = world.load(adjusted="splits", lazy=True)
    assert lazy.select("close").collect()["close"].equals(whole["close"])
    part = world.load(adjusted="splits", start="2024-03-11", end="2024-03-16")
    assert (
        part["close"].to_list()
        == whole.filter(pl.col("open_time").is_in(part["open_time"].implode()))["close"].to_list()
    )


def weeks_of(days: pl.DataFrame) -> pl.DataFrame:
    """Weeks out of bars of days, by another road; the first one opened before the lake does."""
    week = pl.col("session").dt.truncate("1w").alias("week")
    return days.group_by(week, maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("volume").sum(),
    )[1:]  # fmt: skip


@pytest.mark.parametrize("adjusted", ["splits", "all"])
def test_adjusted_weeks_are_made_of_adjusted_days(world: World, adjusted: str) -> None:
    world.tell(split(world.labels[22], 4.0), cash(world.labels[33], 1.0))  # both in the middle of a week
    expected = weeks_of(world.load(adjusted=adjusted))
    found = world.load(adjusted=adjusted, interval="1w")
    assert found.height == expected.height > 10
    for name in ("open", "high", "low", "close", "volume"):
        assert found[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-12)


def test_a_week_with_a_split_is_in_the_shares_of_its_end(world: World) -> None:
    world.tell(split(world.labels[22], 4.0))
    days = world.load()
    is_old = (days["session"] >= world.labels[20]) & (days["session"] < world.labels[22])  # from its Monday on
    assert is_old.sum() == 2
    ratio = pl.when(is_old).then(4.0).otherwise(1.0)
    prices = [pl.col(name) / ratio for name in ("open", "high", "low", "close")]
    expected = weeks_of(days.with_columns(*prices, volume=pl.col("volume") * ratio))
    found = world.load(interval="1w")
    for name in ("open", "high", "low", "close", "volume"):
        assert found[name].equals(expected[name]), name


def test_actions_that_were_never_fetched_are_told_of(world: World) -> None:
    world.tell(months=("2024-03", "2024-05"))
    words = "us_equity_actions of AAPL is not published of 2024-04 to 2024-04.*materialize --dataset us_equity_actions"
    with pytest.warns(MissingDataWarning, match=words):
        world.load(adjusted="splits")
    with pytest.raises(MissingDataError, match="2024-04"):
        world.load(adjusted="splits", missing="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world.load(adjusted="splits", missing="ignore")


@pytest.mark.parametrize(
    ("dataset", "options", "complaint"),
    [
        ("us_equity_klines_1d", {"adjusted": "most"}, "'most' is no way to adjust; it is one of none, splits, all"),
        ("us_equity_klines_1d", {"adjusted_as_of": "2024-04-01"}, "is of adjusted bars"),
        ("us_equity_klines_1w", {"adjusted": "all"}, "are as their source sent them.*interval='1w'"),
        ("us_equity_klines_1d", {"adjusted": "all", "adjusted_as_of": "soon"}, "is not an instant"),
        ("um_klines_1m", {"adjusted": "all"}, "no splits and dividends of um to adjust for; leave `adjusted` out"),
        ("us_equity_actions", {"adjusted": "all"}, "only bars are adjusted"),
    ],
)
def test_what_cannot_be_meant(world: World, dataset: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load(dataset, root=world.root, catalog=world.catalog, **options)


def test_the_interval_of_the_tests_is_a_days(world: World) -> None:
    assert world.catalog["us_equity_klines_1d"].bar_interval.name == Interval.parse("1d").name
    assert world.labels[0] == utc("2024-03-01").date()
