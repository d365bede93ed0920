"""Funding beside scipy on real settlements, and where settlements change pace, come late or stay away."""

import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from bcdata.features.proofs.bars import ONE_MINUTE, complete, whole_window
from bcdata.features.registry import all_features
from bcdata.features.table.compute import compute
from bcdata.features.table.context import FeatureContext
from bcdata.features.table.reach import settlement_window
from bcdata.interval import Interval
from bcdata.providers.binance.funding import read_funding_csv
from bcdata.quality.settlements import audit_settlements
from bcdata.windows import Grain, Window

FEATURES = [feature for feature in all_features() if feature.name.startswith("funding_")]
START = datetime(2024, 3, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def settled(rates: Sequence[float], *, until: datetime, hours: int = 8) -> pl.DataFrame:
    """Settlements, evenly apart, of which the last one is at `until`."""
    times = [until - (len(rates) - 1 - i) * hours * HOUR for i in range(len(rates))]
    return pl.DataFrame(
        {"time": times, "funding_rate": rates, "interval_hours": [hours] * len(rates)},
        schema={"time": pl.Datetime("us", "UTC"), "funding_rate": pl.Float64, "interval_hours": pl.Int64},
    )


def table(funding: pl.DataFrame | None, reference: pl.DataFrame | None = None, *, days: int = 1) -> pl.DataFrame:
    bars = complete(days, start=START)
    around = FeatureContext(symbol="AUSDT", funding=funding, reference_funding=reference)
    return compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=FEATURES, around=around)


def some(count: int) -> list[float]:
    return [float(rate) for rate in np.random.default_rng(count).normal(1e-4, 1e-4, count)]


@pytest.fixture(scope="module")
def january(shared_data: Path) -> pl.DataFrame:
    """93 settlements of BTCUSDT, USD-M, January 2020."""
    folder = shared_data / "binance_vision/data/futures/um/monthly/fundingRate/BTCUSDT"
    archive = zipfile.ZipFile(folder / "BTCUSDT-fundingRate-2020-01.zip")
    month = Grain.MONTH.window("2020-01")
    return audit_settlements(read_funding_csv(archive.read(archive.namelist()[0]), "", month), max_bad_share=0).settled


@pytest.mark.parametrize("rate", [1e308, -1e200, 1e155])
def test_rates_beyond_all_sense_are_null_or_finite(rate: float) -> None:
    funding = settled([*some(120), rate, 1e-4], until=START + 8 * HOUR)
    found = table(funding, funding)
    values = pl.concat([found[feature.name] for feature in FEATURES])
    assert values.drop_nulls().is_finite().all()
    assert found["funding_z_30d"].null_count() == found.height
    assert found["funding_vs_btc"][-1] == 0


def test_real_settlements_agree_with_scipy(january: pl.DataFrame) -> None:
    bars = complete(1, start=datetime(2020, 1, 31, tzinfo=UTC))
    found = compute(
        bars,
        window=whole_window(bars),
        interval=ONE_MINUTE,
        features=FEATURES,
        around=FeatureContext(funding=january, reference_funding=january),
    )
    rates = january["funding_rate"].to_numpy()
    expected = [stats.zscore(rates[i - 89 : i + 1], ddof=1)[-1] for i in (90, 91, 92)]
    for eight_hours, score in enumerate(expected):
        values = found[eight_hours * 480 : eight_hours * 480 + 480]
        assert values["funding_z_30d"].to_list() == pytest.approx([score] * 480, rel=1e-9)
        assert values["funding_ann"].to_list() == pytest.approx([rates[90 + eight_hours] * 3 * 365] * 480, rel=1e-14)
    assert found["funding_vs_btc"].unique().to_list() == [0.0]


def test_a_settlement_counts_from_the_minute_that_opens_with_it() -> None:
    rate = table(settled([1e-4, 2e-4], until=START + 8 * HOUR))["funding_ann"]
    assert rate[[479, 480]].to_list() == pytest.approx([0.1095, 0.219], rel=1e-12)


def test_rates_are_per_interval_and_intervals_differ() -> None:
    own = settled([1e-4] * 12, until=START + 12 * HOUR, hours=4)
    found = table(own, settled([1e-4] * 12, until=START + 8 * HOUR))
    assert found["funding_ann"][720] == pytest.approx(1e-4 * 6 * 365, rel=1e-12)
    assert found["funding_vs_btc"][720] == pytest.approx(1e-4 * 3 * 365, rel=1e-12)


def test_a_late_settlement_is_waited_for_and_a_missing_one_is_not() -> None:
    rate = table(settled(some(5), until=START - 8 * HOUR + timedelta(minutes=1)))["funding_ann"]
    assert rate.is_null().arg_true().to_list() == list(range(481, 1440))


def test_the_score_needs_thirty_days_and_a_settlement_at_their_beginning() -> None:
    enough, short = (table(settled(some(count), until=START))["funding_z_30d"] for count in (91, 90))
    assert (enough[0] is None, short.count()) == (False, 0)
    assert enough[0] == pytest.approx(stats.zscore(some(91)[1:], ddof=1)[-1], rel=1e-9)
    assert enough[479] == enough[0]


def test_the_score_bears_a_tenth_of_missing_settlements() -> None:
    whole = settled(some(91), until=START)
    hole = (pl.int_range(pl.len()) < 20) | (pl.int_range(pl.len()) >= 29)  # nine of ninety
    larger = (pl.int_range(pl.len()) < 20) | (pl.int_range(pl.len()) >= 30)
    assert table(whole.filter(hole))["funding_z_30d"][0] is not None
    assert table(whole.filter(larger))["funding_z_30d"][0] is None
    assert table(whole.filter(larger))["funding_ann"][0] is not None


def test_the_score_is_of_annualised_rates_so_that_a_new_interval_is_no_news() -> None:
    slow = settled([1e-4 * (1 + i % 2) for i in range(91)], until=START - 8 * HOUR)
    fast = settled([1e-4 / 2], until=START, hours=4)
    score = table(pl.concat([slow, fast]))["funding_z_30d"][0]
    assert score == pytest.approx(stats.zscore([1.0 + i % 2 for i in range(2, 91)] + [1.0], ddof=1)[-1], rel=1e-9)


def test_a_rate_that_never_changed_has_no_score() -> None:
    found = table(settled([1e-4] * 200, until=START))
    assert (found["funding_z_30d"].count(), found["funding_ann"][0]) == (0, pytest.approx(0.1095, rel=1e-12))


def test_a_market_without_funding_has_none() -> None:
    found = table(None)
    assert [found[feature.name].count() for feature in FEATURES] == [0, 0, 0]
    lonely = table(settled(some(91), until=START))
    assert (lonely["funding_vs_btc"].count(), lonely["funding_z_30d"].count()) == (0, 481 + 479)


@pytest.mark.parametrize("hours", [1, 8, 24])
def test_what_is_declared_to_be_read_is_enough_whatever_the_interval(hours: int) -> None:
    """Settlements a minute late, the one before midnight missing: the reach is as long as it gets."""
    until = START + 2 * hours * HOUR
    late = pl.col("time") + timedelta(minutes=1)
    funding = settled(some(1200), until=until, hours=hours).filter(pl.col("time") != START - hours * HOUR)
    funding = funding.filter(pl.col("time") != START - (30 * 24 + 2 * hours) * HOUR).with_columns(time=late)
    day = Window(START, START + timedelta(days=1))
    read = settlement_window(day, FEATURES)
    own = funding.filter(pl.col("time").is_between(read.start, read.end, closed="left"))
    assert own.height < funding.height
    every, alone = table(funding, funding), table(own, own)
    assert every.equals(alone)
    assert every["funding_z_30d"].count() > 0


def test_bars_of_a_week_take_the_settlement_at_their_open() -> None:
    interval = Interval.parse("1w")
    bars = complete(70, interval="1w", start=interval.ceil(START - timedelta(days=70)))
    funding = settled(some(400), until=START)
    window = Window(bars["open_time"][0], bars["open_time"][-1] + timedelta(days=7))
    found = compute(bars, window=window, interval=interval, features=FEATURES, around=FeatureContext(funding=funding))
    at = {row["time"]: row["funding_rate"] * 3 * 365 for row in funding.to_dicts()}
    assert found["funding_ann"].to_list() == pytest.approx([at[t] for t in bars["open_time"]], rel=1e-12)
