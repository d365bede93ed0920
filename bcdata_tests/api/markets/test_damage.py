"""Damage in frames of one's own, adjusted or raw, of several symbols."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bcdata
from bcdata.errors import UsageError
from bcdata_tests.quality.damage.histories import PRICES, missing_split, stock, told_size, unit_stretch
from bcdata_tests.quality.damage.test_found import fixtures, read

DAY = date(2024, 5, 8)


def frames(name: str, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    found = stock(np.random.default_rng(seed))
    symbol = pl.lit(name).alias("symbol")
    return found.bars().select(symbol, pl.col("day").alias("session"), pl.exclude("day", "at")), found.actions().select(
        symbol, pl.all()
    )


def test_files_as_they_are(shared_data: Path) -> None:
    for path in fixtures(shared_data)[::4]:
        bars, actions = read(path)
        given = bars.with_columns(symbol=pl.lit("A"), session="day", open_time="at")
        found = bcdata.find_damage(given, actions.with_columns(symbol=pl.lit("A")))
        is_sound = path.name.endswith(("-fixed.csv", "no-bad-divs.csv"))
        assert found.is_empty() == is_sound, path.name
        assert found.columns == ["symbol", "session", "open_time", "rule", "words"]


def test_symbols_are_looked_through_alone() -> None:
    (bars, actions), (others, more) = frames("B", 1), frames("A", 2)
    damaged = others.with_columns(
        pl.when(pl.col("session") >= others["session"][250]).then(pl.col(name) / 100).otherwise(pl.col(name))
        for name in PRICES
    )
    found = bcdata.find_damage(pl.concat([bars, damaged]), pl.concat([actions, more]))
    assert found.select("symbol", "session", "rule").rows() == [("A", others["session"][250], "unit_jump")]
    assert found["words"].str.starts_with("prices leap by 0.0").all()
    both = pl.concat([bars, others])
    assert bcdata.find_damage(both.to_pandas()).is_empty(), "nothing is known of what was paid"
    assert {*bcdata.find_damage(both, actions.clear())["rule"]} == {"dividend_size"}, "nothing was paid"


def test_raw_bars() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        sound = stock(random)
        for plant, expected in ((None, set()), (unit_stretch, {"unit_jump"}), (missing_split, {"missing_split"}),
                                (told_size(100), {"dividend_size"})):  # fmt: skip
            found = plant(random, sound) if plant else sound
            bars, actions = found.bars(), found.actions()
            shares = np.ones(bars.height)
            for row, ratio in found.splits:
                shares[:row] *= ratio
            raw = bars.with_columns(pl.col(name) * shares for name in PRICES).with_columns(pl.col("volume") / shares)
            day = actions["ex_session"].to_numpy().astype("datetime64[D]")
            at = np.searchsorted(found.days, day)
            paid = actions.with_columns(pl.col("amount") * pl.Series(shares[at]), symbol=pl.lit("A"))
            given = raw.drop("adjusted_close").with_columns(symbol=pl.lit("A"), session="day")
            told = {*bcdata.find_damage(given, paid, adjusted="none")["rule"]}
            assert told <= expected, (seed, told)
            assert told == expected or "dividend_size" in expected, "the price alone does not tell of each"


def test_closes_alone_and_no_actions() -> None:
    days = [DAY + timedelta(days=one) for one in range(6)]
    bars = pl.DataFrame({"symbol": "A", "session": days, "close": [7.0, 7.1, 7.0, 710.0, 7.2, 7.1]})
    found = bcdata.find_damage(bars)
    assert found["session"].to_list() == [days[3], days[4]]
    opens = bars.with_columns(open_time=pl.col("session").cast(pl.Datetime("us", "UTC")))
    assert bcdata.find_damage(opens)["open_time"].dt.date().to_list() == [days[3], days[4]]
    assert bcdata.find_damage(bars.head(0)).is_empty()


def test_what_is_no_frame_of_bars() -> None:
    bars = pl.DataFrame({"symbol": "A", "session": [DAY], "close": [1.0]})
    with pytest.raises(UsageError, match="no column close"):
        bcdata.find_damage(bars.drop("close"))
    with pytest.raises(UsageError, match="`adjusted` is 'all'; it is one of splits, none"):
        bcdata.find_damage(bars, adjusted="all")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no column kind"):
        bcdata.find_damage(bars, pl.DataFrame({"symbol": "A", "ex_session": [DAY]}))
