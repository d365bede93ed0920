"""Features and labels beside bars, one column for each symbol, lazy frames, and tables of other libraries."""

import random
from datetime import timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import bcdata
from bcdata.errors import UsageError
from bcdata_tests.api.research import D, Research
from bcdata_tests.run import utc

RANGE = ("2023-01-20", "2023-02-03")


def test_features_stand_beside_the_bars_that_they_are_of(research: Research) -> None:
    found = bcdata.load(D, "BTCUSDT", *RANGE, features=["rsi_14", "log_ret_1"], **research.where)
    bars = bcdata.load(D, "BTCUSDT", *RANGE, **research.where)
    rows = bcdata.load(D, "BTCUSDT", *RANGE, zone="features", **research.where)
    assert found.columns == [*bars.columns, "rsi_14", "log_ret_1"]
    assert found.drop("rsi_14", "log_ret_1", "known_at").equals(bars.drop("known_at"))
    own = {row["open_time"]: row for row in rows.iter_rows(named=True)}
    for bar, row in zip(bars.iter_rows(named=True), found.iter_rows(named=True), strict=True):
        feature = own[bar["open_time"]]
        assert (row["rsi_14"], row["log_ret_1"]) == (feature["rsi_14"], feature["log_ret_1"])
        assert row["known_at"] == max(bar["known_at"], feature["known_at"])


def test_labels_may_be_used_later_than_their_bars(research: Research) -> None:
    found = bcdata.load(D, "BTCUSDT", *RANGE, columns=["close", "known_at"], labels=True, **research.where)
    assert found.columns == [
        "symbol", "open_time", "close", "known_at", "fwd_ret_1", "fwd_ret_5", "labels_known_at"
    ]  # fmt: skip
    bars = bcdata.load(D, "BTCUSDT", *RANGE, columns=["known_at"], **research.where)
    assert found["known_at"].equals(bars["known_at"]), "what bars say is known when they are"
    assert (found["labels_known_at"] >= found["open_time"] + timedelta(minutes=6)).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features": ["rsi"]}, "near are rsi_14"),
        ({"features": 5}, "`features` takes names"),
        ({"labels": ["fwd_ret_60"]}, "no column fwd_ret_60"),
        ({"zone": "features", "features": True}, "stand beside merged bars"),
        ({"wide": "clsoe"}, "near are close"),
        ({"wide": 5}, "`wide` takes"),
        ({"to": "numpy"}, "one of polars, pandas, arrow"),
        ({"lazy": True, "wide": "close"}, "leave `wide` and `to` out"),
        ({"lazy": True, "to": "arrow"}, "leave `wide` and `to` out"),
    ],
)
def test_what_cannot_be_meant_is_said(research: Research, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bcdata.load(D, "BTCUSDT", *RANGE, **options, **research.where)


@pytest.mark.parametrize("column", ["close", "rsi_14"])
def test_wide_has_a_column_for_each_symbol(research: Research, column: str) -> None:
    features = column if column != "close" else None
    where = {**research.where, "missing": "ignore"}
    long = bcdata.load(D, ["ETHUSDT", "BTCUSDT"], *RANGE, columns=[column], features=features, **where)
    wide = bcdata.load(D, ["ETHUSDT", "BTCUSDT"], *RANGE, wide=column, features=features, **where)
    assert wide.columns == ["open_time", "ETHUSDT", "BTCUSDT"]
    assert wide["open_time"].is_sorted()
    assert wide["open_time"].n_unique() == wide.height == long["open_time"].n_unique()
    back = wide.unpivot(index="open_time", variable_name="symbol", value_name=column).drop_nulls(column)
    assert (
        back.sort("symbol", "open_time")
        .select(long.columns)
        .equals(long.drop_nulls(column).sort("symbol", "open_time"))
    )


def test_wide_has_symbols_without_rows_too(research: Research) -> None:
    where = {**research.where, "missing": "ignore"}
    wide = bcdata.load(D, ["BTCUSDT", "ETHUSDT"], "2023-02", "2023-02-02", wide="close", **where)
    assert wide["ETHUSDT"].null_count() == wide.height > 0
    nothing = bcdata.load(D, ["BTCUSDT", "ETHUSDT"], "2022-02", "2022-03", wide="close", **where)
    assert dict(nothing.schema) == {"open_time": pl.Datetime("us", "UTC"), "BTCUSDT": pl.Float64, "ETHUSDT": pl.Float64}


def test_tables_of_other_libraries_have_the_same_values(research: Research) -> None:
    found = bcdata.load(D, "BTCUSDT", *RANGE, **research.where)
    arrow = bcdata.load(D, "BTCUSDT", *RANGE, to="arrow", **research.where)
    assert isinstance(arrow, pa.Table)
    assert pl.DataFrame(arrow).equals(found)
    pandas = bcdata.load(D, "BTCUSDT", *RANGE, to="pandas", **research.where)
    assert isinstance(pandas, pd.DataFrame)
    assert str(pandas["open_time"].dtype) == "datetime64[us, UTC]"
    assert pandas["close"].tolist() == found["close"].to_list()
    assert pl.DataFrame(pa.table(found)).equals(found), "frames offer the Arrow PyCapsule interface"


def test_a_pandas_that_is_not_installed_is_told_with_its_extra(
    research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bcdata.api.loading.forms.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r'pip install "bcdata\[pandas\]"'):
        bcdata.load(D, "BTCUSDT", *RANGE, to="pandas", **research.where)


def test_a_lazy_frame_collects_to_what_load_gives(research: Research) -> None:
    dice = random.Random(5)
    options = [{}, {"features": "rsi_14"}, {"columns": ["volume", "close"]}, {"interval": "1h"}, {"labels": True},
               {"fill": "flat"}, {"split": True}, {"zone": "features"}]  # fmt: skip
    for given in options:
        where = {**given, **research.where, "missing": "ignore"}
        eager = bcdata.load(D, None, *RANGE, **where)
        lazy = bcdata.scan(D, None, *RANGE, **where)
        assert lazy.collect_schema() == eager.schema, given
        assert lazy.collect().equals(eager, null_equal=True), given
        some = dice.sample(eager.columns, 2)
        assert lazy.select(some).collect().equals(eager.select(some), null_equal=True), (given, some)
        picked = pl.col("symbol") == "BTCUSDT"
        after = pl.col("open_time") >= utc("2023-01-31")
        for predicate in (picked, after, picked & after, ~picked):
            found = lazy.filter(predicate).collect()
            assert found.equals(eager.filter(predicate), null_equal=True), (given, predicate)
        assert lazy.head(5).collect().equals(eager.head(5), null_equal=True), given


def test_a_lazy_frame_reads_no_columns_that_are_not_used(research: Research) -> None:
    plan = bcdata.scan(D, None, *RANGE, missing="ignore", **research.where).select(pl.col("close").mean())
    assert "PROJECT 1/" in plan.explain()


def test_what_is_wrong_with_a_lazy_frame_is_said_at_once(research: Research) -> None:
    with pytest.raises(UsageError, match="nothing of DOGEUSDT"):
        bcdata.scan(D, "DOGEUSDT", **research.where)
    with pytest.raises(UsageError, match="near are close"):
        bcdata.scan(D, columns=["clsoe"], missing="ignore", **research.where)
    with pytest.warns(bcdata.MissingDataWarning, match="ETHUSDT 2023-02"):
        bcdata.scan(D, **research.where)


def test_the_first_rows_of_a_lazy_frame_are_chosen_before_a_filter_on_symbols(research: Research) -> None:
    where = {**research.where, "missing": "ignore"}
    eager, lazy = bcdata.load(D, None, *RANGE, **where), bcdata.scan(D, None, *RANGE, **where)
    for rows in (5, eager.filter(pl.col("symbol") == "BTCUSDT").height + 7):
        found = lazy.head(rows).filter(pl.col("symbol") == "ETHUSDT").collect()
        assert found.equals(eager.head(rows).filter(pl.col("symbol") == "ETHUSDT"))


def test_symbols_out_of_an_iterator_are_those_of_features_and_labels_too(research: Research) -> None:
    asked = {"features": True, "labels": True, **research.where}
    found = bcdata.load(D, (one for one in ["BTCUSDT"]), *RANGE, **asked)
    assert found.equals(bcdata.load(D, "BTCUSDT", *RANGE, **asked))
    assert found["rsi_14"].null_count() < found.height


@pytest.mark.parametrize("lazy", [False, True])
def test_columns_stand_in_the_order_in_which_they_are_named(research: Research, *, lazy: bool) -> None:
    names = ["rsi_14", "close", "labels_known_at", "known_at"]
    read = bcdata.scan if lazy else bcdata.load
    found = read(D, "BTCUSDT", *RANGE, columns=names, features="rsi_14", labels="fwd_ret_1", **research.where)
    assert found.lazy().collect_schema().names() == ["symbol", "open_time", *names, "fwd_ret_1"]
    whole = bcdata.load(D, "BTCUSDT", *RANGE, features="rsi_14", labels="fwd_ret_1", **research.where)
    assert found.lazy().collect().equals(whole.select("symbol", "open_time", *names, "fwd_ret_1"))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"wide": "symbol"}, "row's key"), ({"wide": "open_time"}, "row's key"), ({"lazy": "yes"}, "`lazy` takes True")],
)
def test_keys_are_no_values_and_words_no_flags(research: Research, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bcdata.load(D, "BTCUSDT", *RANGE, **options, **research.where)
