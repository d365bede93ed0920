"""What is there of what was asked for: coverage, gaps and statistics, against the rows that were put into the lake."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bcdata
from bcdata.catalog import load_catalog
from bcdata.errors import UsageError
from bcdata.ledger.ledger import Status
from bcdata_tests.api.research import CATALOG, D, Research
from bcdata_tests.run import utc

MINUTE = timedelta(minutes=1)
STATUSES = [one.value for one in Status if one is not Status.REFILLED]


@pytest.mark.parametrize("by", [None, "month", "day"])
def test_coverage_adds_up(research: Research, by: str | None) -> None:
    found = bcdata.coverage(D, by=by, **research.where)
    total = pl.sum_horizontal("present", *STATUSES, "not_materialized")
    assert found.filter(total != pl.col("expected")).is_empty()
    for symbol, bars in research.bars.items():
        own = found.filter(pl.col("symbol") == symbol)
        assert own["present"].sum() == bars.height
        assert own["expected"].sum() == 90 * 1440, "January to March"
    missing = found.filter(pl.col("not_materialized") > 0)
    assert missing["not_materialized"].sum() == 28 * 1440
    assert set(missing["symbol"]) == {"ETHUSDT"}
    assert all(date.startswith("2023-02") for date in missing["date"])


def test_coverage_of_a_range_has_what_was_never_there(research: Research) -> None:
    found = bcdata.coverage(D, ["BTCUSDT"], "2023-03", "2023-06", **research.where)
    assert found.select("date", "not_materialized").rows() == [
        ("2023-03", 0), ("2023-04", 30 * 1440), ("2023-05", 31 * 1440)
    ]  # fmt: skip
    assert bcdata.coverage(D, "BTCUSDT", "2023-01-05", "2023-01-07", by="day", **research.where)["date"].to_list() == [
        "2023-01-05", "2023-01-06"
    ]  # fmt: skip


def test_gaps_are_the_ledger(research: Research) -> None:
    found = bcdata.gaps(D, "BTCUSDT", **research.where)
    assert found.select("start", "end", "bars", "status").equals(
        research.ledger["BTCUSDT"].select("start", "end", "bars", "status")
    )
    some = bcdata.gaps(D, "BTCUSDT", "2023-02", "2023-02-15", status=["open", "upstream"], **research.where)
    assert set(some["status"]) == {"open", "upstream"}
    assert (some["end"] >= utc("2023-02-01")).all()
    assert (some["start"] < utc("2023-02-15")).all()
    nothing = bcdata.gaps(D, "BTCUSDT", "2024-01", **research.where)
    assert (nothing.height, nothing.schema) == (0, found.schema)


@pytest.mark.parametrize(
    ("function", "given", "words"),
    [
        ("gaps", {"symbols": "BTCUSD"}, "did you mean 'BTCUSDT'"),
        ("gaps", {"status": "lost"}, "'lost' is no status"),
        ("gaps", {"status": 5}, "`status` takes"),
        ("coverage", {"by": "year"}, "`by` is 'year'; it is one of month, day"),
        ("coverage", {"dataset": "spot_klines_2m"}, "there is no dataset"),
        ("coverage", {"start": "2023-02", "end": "2023-01"}, "empty or reversed"),
        ("stats", {"symbols": "DOGEUSDT"}, "nothing of DOGEUSDT"),
    ],
)
def test_what_cannot_be_meant_is_said(research: Research, function: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        getattr(bcdata, function)(**{"dataset": D, **given, **research.where})


def test_a_day_of_a_dataset_by_month_may_be_asked_for_but_not_the_reverse(research: Research) -> None:
    assert bcdata.coverage(D, "BTCUSDT", "2023-01", "2023-02", by="day", **research.where).height == 31


@pytest.mark.parametrize(("start", "end"), [("2023-01", "2023-04"), ("2023-01-17T05:07", "2023-03-02T11:00")])
def test_stats_equal_an_independent_reckoning(research: Research, start: str, end: str) -> None:
    found = bcdata.stats(D, None, start, end, missing="ignore", **research.where)
    first, last = (utc(text if len(text) > len("2023-01") else f"{text}-01") for text in (start, end))
    assert found["symbol"].to_list() == list(research.bars)
    for row in found.iter_rows(named=True):
        bars = research.bars[row["symbol"]]
        rows = [bar for bar in bars.iter_rows(named=True) if first <= bar["open_time"] < last]
        changes = [
            after["close"] / before["close"] - 1
            for before, after in pairwise(rows)
            if after["open_time"] - before["open_time"] == MINUTE
        ]
        told = {
            start + n * MINUTE
            for start, bars, status in research.ledger[row["symbol"]].select("start", "bars", "status").iter_rows()
            if status in {"upstream", "no_trades"}
            for n in range(bars)
        }
        assert row["rows"] == len(rows)
        assert row["expected"] == (last - first) // MINUTE
        assert row["explained"] == sum(first <= at < last for at in told)
        assert (row["first"], row["last"]) == (rows[0]["open_time"], rows[-1]["open_time"])
        assert row["minimum"] == min(bar["low"] for bar in rows)
        assert row["maximum"] == max(bar["high"] for bar in rows)
        assert row["mean_return"] == pytest.approx(np.mean(changes), rel=1e-9)
        assert row["std_return"] == pytest.approx(np.std(changes, ddof=1), rel=1e-9)
        assert row["volume"] == pytest.approx(sum(bar["volume"] for bar in rows), rel=1e-12)
        for source in ("binance_archive", "binance_rest"):
            share = sum(bar["source"] == source for bar in rows) / len(rows)
            assert row[f"share_{source}"] == pytest.approx(share)


def test_stats_of_a_range_without_rows(research: Research) -> None:
    found = bcdata.stats(D, ["BTCUSDT"], "2023-05", "2023-06", missing="ignore", **research.where)
    assert found.select("rows", "expected", "explained", "first", "volume").row(0) == (0, 31 * 1440, 0, None, None)


def test_symbols_may_come_out_of_an_iterator(research: Research) -> None:
    found = bcdata.coverage(D, (one for one in ["BTCUSDT"]), "2023-03", "2023-06", **research.where)
    assert found.equals(bcdata.coverage(D, ["BTCUSDT"], "2023-03", "2023-06", **research.where))
    assert found["not_materialized"].sum() > 0


def test_of_no_symbols_there_is_nothing_and_nothing_is_missing(research: Research) -> None:
    for ask in (bcdata.gaps, bcdata.coverage, bcdata.load, bcdata.stats):  # a warning would be an error here
        assert ask(D, [], **research.where).is_empty()


def test_a_range_may_begin_before_years_had_four_digits(research: Research) -> None:
    found = bcdata.coverage(D, "BTCUSDT", "0999-01-01", "2023-02", **research.where)
    assert found["date"].to_list() == ["2023-01"]


def test_thousands_of_symbols_without_a_ledger_are_told_in_one_line(research: Research) -> None:
    with pytest.raises(UsageError, match="and 9,995 more") as told:
        bcdata.gaps(D, [f"X{number}USDT" for number in range(10_000)], **research.where)
    assert len(str(told.value)) < 500


def test_what_lies_before_the_start_of_the_catalog_is_expected_where_it_is_there(
    research: Research, tmp_path: Path
) -> None:
    (tmp_path / "later.yaml").write_text(CATALOG.replace("start: 2023-01", "start: 2023-03"))
    where = {"root": research.root, "catalog": load_catalog(tmp_path / "later.yaml")}
    found = bcdata.stats(D, "BTCUSDT", **where)
    assert found.select("rows", "expected").row(0) == (research.bars["BTCUSDT"].height, 90 * 1440)
    assert bcdata.coverage(D, "ETHUSDT", **where)["not_materialized"].sum() == 28 * 1440
