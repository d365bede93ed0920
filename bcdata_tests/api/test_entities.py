"""`bcdata.join` equals the search through all rows that anybody would write first."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest

import bcdata
from bcdata.errors import UsageError
from bcdata_tests.api.research import D, Research
from bcdata_tests.run import utc

SEED = 11
ENTITIES = 10_000


def entities(count: int = ENTITIES) -> pl.DataFrame:
    """Random symbols and instants in no order, before, between and after all rows."""
    dice = np.random.default_rng(SEED)
    first, last = utc("2022-12-25"), utc("2023-04-10")
    seconds = dice.integers(0, int((last - first).total_seconds()), count)
    return pl.DataFrame(
        {
            "symbol": dice.choice(["BTCUSDT", "ETHUSDT", "DOGEUSDT"], count),
            "time": [first + timedelta(seconds=int(one)) for one in seconds],
            "size": dice.random(count),
        }
    )


def searched(asked: pl.DataFrame, rows: pl.DataFrame, columns: list[str]) -> list[tuple[object, ...]]:
    """Of the rows of the symbol that are known by the time, the one that opens last."""
    by_symbol = {
        symbol: (
            some["known_at"].to_physical().to_numpy(),
            some["open_time"].to_physical().to_numpy(),
            some.select(*columns, "open_time").rows(),
        )
        for (symbol,), some in rows.group_by("symbol")
    }
    found: list[tuple[object, ...]] = []
    for symbol, time in asked.select("symbol", pl.col("time").to_physical()).iter_rows():
        known, opens, values = by_symbol.get(symbol, (np.array([]), np.array([]), []))
        there = np.flatnonzero(known <= time)
        found.append(values[there[np.argmax(opens[there])]] if there.size else (None,) * (len(columns) + 1))
    return found


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize(
    ("zone", "columns"),
    [("features", ["rsi_14", "natr_14"]), ("merged", ["close", "source"]), ("labels", ["fwd_ret_5"])],
)
def test_it_equals_brute_force(research: Research, zone: str, columns: list[str]) -> None:
    asked = entities()
    rows = bcdata.load(D, zone=zone, missing="ignore", **research.where)
    found = bcdata.join(asked, D, columns, zone=zone, missing="ignore", **research.where)
    assert found.columns == [*asked.columns, *columns, "row_time"]
    assert found.select(asked.columns).equals(asked), "in their order, with all that they had"
    expected = pl.DataFrame(
        searched(asked, rows, columns), schema=found.select(*columns, "row_time").schema, orient="row"
    )
    assert found.select(*columns, "row_time").equals(expected, null_equal=True)
    assert 1000 < found["row_time"].null_count() < 9000


def test_a_row_counts_from_the_instant_on_at_which_it_is_known(research: Research) -> None:
    row = research.bars["BTCUSDT"].row(500, named=True)
    at = [row["known_at"] - timedelta(microseconds=1), row["known_at"]]
    found = bcdata.join({"symbol": ["BTCUSDT"] * 2, "time": at}, D, "close", zone="merged", **research.where)
    assert found["row_time"].to_list()[1] >= row["open_time"] > found["row_time"].to_list()[0]


def test_rows_that_are_too_old_do_not_count(research: Research) -> None:
    asked = entities(500)
    every = bcdata.join(asked, D, "close", zone="merged", missing="ignore", **research.where)
    found = bcdata.join(
        asked, D, "close", zone="merged", max_age=timedelta(minutes=30), missing="ignore", **research.where
    )
    is_old = every["time"] - every["row_time"] > timedelta(minutes=30)
    assert found.filter(is_old)["close"].null_count() == found.filter(is_old).height > 0
    assert found.filter(~is_old).equals(every.filter(~is_old))


@pytest.mark.parametrize("time", [pl.Datetime("ns", "UTC"), pl.Datetime("ms"), pl.Date])
def test_times_of_other_units_and_frames_of_other_libraries(research: Research, time: pl.DataType) -> None:
    asked = pl.DataFrame({"symbol": ["BTCUSDT"], "at": [datetime(2023, 2, 3, tzinfo=UTC)]})
    expected = bcdata.join(asked, D, "rsi_14", "at", **research.where)["rsi_14"].to_list()
    plain = pl.col("at") if getattr(time, "time_zone", None) else pl.col("at").dt.replace_time_zone(None)
    other = asked.with_columns(plain.cast(time))
    for given in (other, other.lazy(), other.to_arrow(), other.to_pandas()):
        assert bcdata.join(given, D, "rsi_14", "at", **research.where)["rsi_14"].to_list() == expected


def test_no_entities_give_no_rows_with_all_columns(research: Research) -> None:
    found = bcdata.join(entities(3).clear(), D, ["rsi_14"], **research.where)
    assert (found.height, found.columns) == (0, ["symbol", "time", "size", "rsi_14", "row_time"])


def test_what_was_never_published_is_told(research: Research) -> None:
    asked = pl.DataFrame({"symbol": ["ETHUSDT"], "time": [utc("2023-02-10")]})
    with pytest.warns(bcdata.MissingDataWarning, match="ETHUSDT 2023-02"):
        bcdata.join(asked, D, "rsi_14", **research.where)
    with pytest.raises(bcdata.MissingDataError):
        bcdata.join(asked, D, "rsi_14", missing="raise", **research.where)


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ({"symbol": ["BTCUSDT"]}, {}, "no column time"),
        ({"symbol": ["BTCUSDT"], "time": [1]}, {}, "has to be datetimes"),
        ({"symbol": [None], "time": [utc("2023-02-10")]}, {}, "without symbol or time"),
        ({"symbol": ["BTCUSDT"], "time": [utc("2023-02-10")], "rsi_14": [1]}, {}, "of their own; rename it"),
        (5, {}, "takes a frame"),
        ({"symbol": ["BTCUSDT"], "time": [utc("2023-02-10")]}, {"features": "rsi"}, "near are rsi_14"),
        ({"symbol": ["BTCUSDT"], "time": [utc("2023-02-10")]}, {"features": []}, "no features were named"),
        ({"symbol": ["BTCUSDT"], "time": [utc("2023-02-10")]}, {"zone": "raw"}, "no zone 'raw'"),
    ],
)
def test_what_cannot_be_meant_is_said(
    research: Research, given: object, options: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        bcdata.join(given, D, **{"features": "rsi_14", **options, **research.where})


@pytest.mark.parametrize(("time", "is_told"), [("2023-01-31T20:00", True), ("2023-02-28T20:00", False)])
def test_partitions_that_lack_are_those_of_utc_whatever_the_zone(
    research: Research, time: str, *, is_told: bool
) -> None:
    """In New York it is still the month before."""
    moment = pl.Series("time", [datetime.fromisoformat(time)]).dt.replace_time_zone("America/New_York")
    asked = pl.DataFrame({"symbol": ["ETHUSDT"], "time": moment})
    if not is_told:
        assert bcdata.join(asked, D, "rsi_14", **research.where).height == 1  # a warning would be an error here
        return
    with pytest.warns(bcdata.MissingDataWarning, match=f"features of {D}: never published is ETHUSDT 2023-02"):
        bcdata.join(asked, D, "rsi_14", **research.where)


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("ticks", [2**62, -(2**62)])
def test_times_that_no_calendar_has_are_told(research: Research, unit: Literal["ms", "us"], ticks: int) -> None:
    asked = pl.DataFrame({"symbol": ["BTCUSDT"], "time": pl.Series([ticks]).cast(pl.Datetime(unit, "UTC"))})
    with pytest.raises(UsageError, match="not within the years 2 to 9998"):
        bcdata.join(asked, D, "rsi_14", **research.where)


@pytest.mark.parametrize("name", ["_entity", "_order", "_known_at"])
def test_columns_of_names_that_the_join_uses_itself_are_told(research: Research, name: str) -> None:
    with pytest.raises(UsageError, match=f"a column {name} of their own; rename it"):
        bcdata.join(entities(3).with_columns(pl.lit(1).alias(name)), D, "rsi_14", **research.where)


@pytest.mark.parametrize("max_age", [5, "1h", True, timedelta(seconds=-1)])
def test_an_age_that_is_none_is_told(research: Research, max_age: Any) -> None:
    with pytest.raises(UsageError, match="`max_age` takes a timedelta"):
        bcdata.join(entities(3), D, "rsi_14", max_age=max_age, **research.where)


def test_symbols_that_are_no_text_are_told(research: Research) -> None:
    asked = entities(3).with_columns(symbol=pl.concat_list("symbol"))
    with pytest.raises(UsageError, match="it has to be text"):
        bcdata.join(asked, D, "rsi_14", **research.where)
