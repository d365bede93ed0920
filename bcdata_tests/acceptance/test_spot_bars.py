"""Months of spot bars, each symbol with another fault, in one command: what is true is published, the rest is told."""

from typing import Any

import pytest

from bcdata_tests.acceptance.exchange import Exchange
from bcdata_tests.acceptance.lake import Lake
from bcdata_tests.acceptance.market import Bar, at, bars, csv, days, days_of_hours

DATASET, MONTHS = "spot_klines_1h", ("2024-12", "2025-01")
WHOLE = (
    "SOLUSDT",
    "币安人生USDT",
    "GONEUSDT",
    "LACKSUSDT",
    "OUTAGEUSDT",
    "ROWSUSDT",
    "LIARUSDT",
    "BORDERUSDT",
    "LATEUSDT",
)
BORDER = range(at("2024-12-31T20:00"), at("2025-01-01T04:00"), 3600)
LISTED = at("2024-12-10T12:00")
HOLE = range(at("2025-01-10T05:00"), at("2025-01-10T09:00"), 3600)


def _without(rows: list[Bar], first: int, after: int) -> list[Bar]:
    return [row for row in rows if not first <= row.open_at < after]


def _holed(symbol: str) -> list[Bar]:
    return _without(bars(symbol, "1h", "2025-01"), HOLE.start, HOLE.stop)


def _bad_rows(symbol: str) -> str:
    lines = csv(bars(symbol, "1h", "2025-01"), "1h", micros=True).splitlines()
    lines[30] = ",".join(lines[30].split(",")[:7])
    lines[60] = lines[60].replace(",", ",n/a,", 1).removesuffix(",0")
    first, *rest = lines[90].split(",")
    lines[90] = ",".join([first, rest[0], "0.01", *rest[2:]])
    return "".join(f"{line}\r\n" for line in lines)


def _twist(symbol: str, rows: list[list[object]]) -> list[list[object]]:
    """LIARUSDT's second row of the hole has its high below its low."""
    if symbol != "LIARUSDT":
        return rows
    return [[*row[:2], "0.01", *row[3:]] if row[0] == (HOLE.start + 3600) * 1000 else row for row in rows]


def _border(exchange: Exchange) -> None:
    """BORDERUSDT was not traded over New Year."""
    known = "spot", "BORDERUSDT", "1h"
    exchange.bars[known] = _without(exchange.bars[known], BORDER.start, BORDER.stop)
    for month in MONTHS:
        rows = _without(bars("BORDERUSDT", "1h", month), BORDER.start, BORDER.stop)
        exchange.add("spot", "BORDERUSDT", "1h", month, rows=rows)


def _late(exchange: Exchange) -> None:
    """LATEUSDT was listed in December, whose hours the archive has lost; its days are there."""
    known = "spot", "LATEUSDT", "1h"
    exchange.bars[known] = _without(exchange.bars[known], 0, LISTED)
    exchange.add("spot", "LATEUSDT", "1h", "2025-01")
    for month in MONTHS:
        exchange.add("spot", "LATEUSDT", "1d", month, rows=days_of_hours("LATEUSDT", month, LISTED))


@pytest.fixture(scope="module", autouse=True)
def report(exchange: Exchange, lake: Lake) -> tuple[int, Any]:
    """The command: its exit status and what it reports."""
    for symbol in (*WHOLE, "JUNKUSDT"):
        exchange.bars["spot", symbol, "1h"] = [bar for month in MONTHS for bar in bars(symbol, "1h", month)]
        if symbol not in {"BORDERUSDT", "LATEUSDT"}:
            exchange.add("spot", symbol, "1h", "2024-12")
    exchange.bars["spot", "JUNKUSDT", "1h"] = bars("JUNKUSDT", "1h", MONTHS[0])
    _border(exchange)
    _late(exchange)
    for symbol in ("SOLUSDT", "币安人生USDT"):
        exchange.add("spot", symbol, "1h", "2025-01")
    exchange.add("spot", "JUNKUSDT", "1h", "2025-01", body=b"<html>busy</html>")
    exchange.absent.add(exchange.add("spot", "GONEUSDT", "1h", "2025-01", delay=9 * 86_400))
    lacking = _without(bars("LACKSUSDT", "1h", "2025-01"), at("2025-01-12"), at("2025-01-14"))
    exchange.add("spot", "LACKSUSDT", "1h", "2025-01", rows=lacking, delay=9 * 86_400)
    for day in days("2025-01"):
        for symbol in ("GONEUSDT", "LACKSUSDT"):
            exchange.add("spot", symbol, "1h", day)
    exchange.add("spot", "OUTAGEUSDT", "1h", "2025-01", rows=_holed("OUTAGEUSDT"))
    known = exchange.bars["spot", "OUTAGEUSDT", "1h"]
    exchange.bars["spot", "OUTAGEUSDT", "1h"] = _without(known, HOLE.start, HOLE.stop)
    exchange.add("spot", "ROWSUSDT", "1h", "2025-01", text=_bad_rows("ROWSUSDT"))
    exchange.add("spot", "LIARUSDT", "1h", "2025-01", rows=_holed("LIARUSDT"))
    exchange.twist = _twist
    symbols = ",".join((*WHOLE, "JUNKUSDT"))
    return lake.materialize(DATASET, symbols, MONTHS[0], MONTHS[1])


def test_the_garbage_is_named_and_ends_with_one(report: tuple[int, Any], lake: Lake) -> None:
    status, said = report
    assert (status, said["ok"]) == (1, False)
    assert not lake.file("merged", DATASET, symbol="JUNKUSDT", key="2025-01").exists()
    assert not lake.file("features", DATASET, symbol="JUNKUSDT", key="2025-01").exists()
    held = {(one["symbol"], one["date"]) for one in said["partitions"] if one["state"] in {"held back", "failed"}}
    assert held == {("JUNKUSDT", "2025-01")}


@pytest.mark.parametrize("symbol", WHOLE)
@pytest.mark.parametrize("month", MONTHS)
def test_files_keep_the_contract(lake: Lake, symbol: str, month: str) -> None:
    assert lake.untrue(DATASET, symbol, month) == []


@pytest.mark.parametrize("symbol", WHOLE)
@pytest.mark.parametrize("month", MONTHS)
def test_bars_are_what_was_traded(lake: Lake, symbol: str, month: str) -> None:
    traded = {bar.open_at: bar.values for bar in bars(symbol, "1h", month)}
    found = lake.bars(DATASET, symbol, month)
    assert found.keys() <= traded.keys()
    assert {opened: values[:9] for opened, values in found.items()} == {opened: traded[opened] for opened in found}


@pytest.mark.parametrize("symbol", ["SOLUSDT", "币安人生USDT", "LACKSUSDT", "GONEUSDT"])
def test_what_the_archive_has_is_taken_from_it(lake: Lake, symbol: str) -> None:
    assert {values[10] for values in lake.bars(DATASET, symbol, "2025-01").values()} == {"binance_archive"}
    assert lake.ledger(DATASET, symbol, "2025-01") == []


def test_an_outage_is_upstream(lake: Lake) -> None:
    assert lake.ledger(DATASET, "OUTAGEUSDT", "2025-01") == [(HOLE[0], HOLE[-1], 4, "upstream")]


def test_an_outage_over_a_border_is_upstream(lake: Lake) -> None:
    assert lake.missing(DATASET, "BORDERUSDT", "2024-12") == {"upstream": 4}
    assert lake.missing(DATASET, "BORDERUSDT", "2025-01") == {"upstream": 4}


def test_what_lies_before_the_listing_is_not_listed(lake: Lake) -> None:
    before = (LISTED - at("2024-12-01")) // 3600
    assert lake.missing(DATASET, "LATEUSDT", "2024-12") == {"not_listed": before, "refilled": 744 - before}


def test_bad_rows_are_refilled(lake: Lake) -> None:
    assert lake.missing(DATASET, "ROWSUSDT", "2025-01") == {"refilled": 3}


def test_one_bad_row_of_rest_costs_that_row(lake: Lake) -> None:
    assert lake.missing(DATASET, "LIARUSDT", "2025-01").get("refilled") == 3
    assert HOLE[1] not in lake.bars(DATASET, "LIARUSDT", "2025-01")


@pytest.mark.slow
def test_the_open_month_ends_at_the_last_closed_bar(exchange: Exchange, lake: Lake) -> None:
    for day in days("2025-02")[:19]:
        exchange.add("spot", "SOLUSDT", "1h", day)
    assert lake.materialize(DATASET, "SOLUSDT", "2025-02", "2025-02", "--no-refill", "--until", "merged")[0] == 0
    assert lake.untrue(DATASET, "SOLUSDT", "2025-02") == []
    first, last = at("2025-02-20"), at("2025-02-20T09:00")
    assert lake.ledger(DATASET, "SOLUSDT", "2025-02") == [(first, last, 10, "not_published")]
