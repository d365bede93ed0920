"""The generated market: deterministic, each day alone, aggregates exact, in the archive's own formats."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.interval import EPOCH, Interval
from bcdata.simulate import GeneratedMarket, GeneratedSymbol, Outage
from bcdata.simulate.binance.market.symbols import DEMO_OUTAGES, DEMO_SYMBOLS
from bcdata.simulate.binance.market.zips import read_zip
from bcdata_tests.simulate.client import ms, utc
from bcdata_tests.simulate.generated_rows import LATER, SYMBOLS, Row, key_of, month, read, rows_of


@pytest.fixture(params=sorted(SYMBOLS), ids="-".join)
def symbol(request: pytest.FixtureRequest) -> GeneratedSymbol:
    return SYMBOLS[request.param]


@given(st.sampled_from([("spot", "BTCUSDT"), ("spot", "SRMUSDT"), ("cm", "BTCUSD_PERP")]), st.integers(0, 29),
       st.sampled_from(["1m", "15m", "1d"]))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_day_alone_is_its_part_of_the_month(which: tuple[str, str], number: int, interval: str) -> None:
    day = f"2023-04-{number + 1:02d}"
    alone = rows_of(read(GeneratedMarket.demo(), key_of(which[0], "daily", which[1], interval, day)))
    whole = month(*which, interval, "2023-04")
    bars = len(whole) // 30
    assert len(alone) == bars
    assert alone == whole[number * bars : (number + 1) * bars]
    assert int(alone[0][0]) == ms(day)


def test_the_same_bytes_whatever_else_was_made(market: GeneratedMarket) -> None:
    keys = [key for key in market.keys("data/", utc("2023-07-04")) if "2023-04" in key and "-1h-" in key]
    assert len(keys) > 200
    alone = GeneratedMarket([one for one in DEMO_SYMBOLS if one.symbol == "BTCUSDT"], outages=DEMO_OUTAGES)
    for key in (*keys[:8], *(key for key in keys if "/spot/" in key and "BTCUSDT" in key)):
        if "BTCUSDT" in key:
            assert read(alone, key) == read(market, key)
    other = GeneratedMarket.demo(seed=1)
    assert read(other, keys[0]).body != read(market, keys[0]).body


def whole(row: Row) -> list[int]:
    """The fields as whole numbers of their last decimal; a column always has the same number of them."""
    return [int(field.replace(".", "")) for field in row[:11]]


def aggregated(minutes: list[list[int]], interval: Interval) -> list[list[int]]:
    """Binance's columns of coarser bars, by plain arithmetic."""
    windows: dict[datetime, list[list[int]]] = {}
    for row in minutes:
        windows.setdefault(interval.floor(EPOCH + timedelta(milliseconds=row[0])), []).append(row)
    bars = []
    for opening, inside in windows.items():
        closing = (interval.next(opening) - EPOCH) // timedelta(milliseconds=1) - 1
        volume, *flows = (sum(row[at] for row in inside) for at in (5, 7, 8, 9, 10))
        high, low = max(row[2] for row in inside), min(row[3] for row in inside)
        start = (opening - EPOCH) // timedelta(milliseconds=1)
        bars.append([start, inside[0][1], high, low, inside[-1][4], volume, closing, *flows])
    return bars


@pytest.mark.parametrize("which", [("spot", "ETHUSDT"), ("spot", "SRMUSDT"), ("cm", "BTCUSD_PERP")])
@pytest.mark.parametrize("interval", ["3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"])
def test_bars_of_a_day_are_aggregates_of_its_minutes(
    market: GeneratedMarket, which: tuple[str, str], interval: str
) -> None:
    venue, symbol = which
    minutes, bars = (
        [whole(row) for row in rows_of(read(market, key_of(venue, "daily", symbol, name, "2023-03-24")))]
        for name in ("1m", interval)
    )
    assert bars == aggregated(minutes, Interval.parse(interval))


@cache
def minutes_of_spring(venue: str, symbol: str) -> list[list[int]]:
    return [whole(row) for date in ("2023-03", "2023-04", "2023-05") for row in month(venue, symbol, "1m", date)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("which", [("spot", "ARBUSDT"), ("spot", "SRMUSDT")])
@pytest.mark.parametrize("interval", ["3d", "1w", "1mo"])
def test_bars_over_days_are_aggregates_across_months(which: tuple[str, str], interval: str) -> None:
    """A week belongs to the month in which it opens, and may reach into the next one."""
    minutes = minutes_of_spring(*which)
    found = [whole(row) for date in ("2023-03", "2023-04") for row in month(*which, interval, date)]
    first, last = (Interval.parse(interval).ceil(utc(day)) for day in ("2023-03-01", "2023-05-01"))
    opens = range(*((at - EPOCH) // timedelta(milliseconds=1) for at in (first, last)))
    assert found == [bar for bar in aggregated(minutes, Interval.parse(interval)) if bar[0] in opens]
    assert found


@pytest.mark.one_in(2)
def test_every_minute_is_a_possible_one(symbol: GeneratedSymbol) -> None:
    date = f"{max(symbol.listed, utc('2023-03-01')):%Y-%m}"
    minutes = month(symbol.venue, symbol.symbol, "1m", date)[:3000]
    size = Decimal(symbol.contract_size or 0)
    quiet = 0
    for before, row in pairwise(minutes):
        _, first, high, low, close, volume, _, quote, trades, taker, taker_quote = (
            Decimal(field) for field in row[:11]
        )
        assert 0 < low <= min(first, close) <= max(first, close) <= high
        assert 0 <= taker <= volume
        assert 0 <= taker_quote <= quote
        if trades == 0:
            quiet += 1
            assert (first, high, low, volume, quote) == (Decimal(before[4]), close, close, Decimal(0), Decimal(0))
        elif size:
            # contracts x size / base volume is a price; base volume is rounded to eight places.
            rounding = Decimal("0.5e-8")
            assert volume * size / (quote + rounding) <= high
            assert volume * size / (quote - rounding) >= low
        else:
            assert low <= quote / volume <= high
    assert abs(quiet / len(minutes) - symbol.quiet) < 0.03


def test_bars_join_over_midnight(symbol: GeneratedSymbol) -> None:
    date = f"{max(symbol.listed, utc('2023-03-01')):%Y-%m}"
    tick = Decimal(1).scaleb(-symbol.price_decimals)
    for before, row in pairwise(month(symbol.venue, symbol.symbol, "1d", date)):
        assert abs(Decimal(row[1]) - Decimal(before[4])) <= tick


def test_planned_outages_leave_no_rows() -> None:
    outage = DEMO_OUTAGES[0]
    start, end = (int(at.timestamp() * 1000) for at in (outage.start, outage.end))
    for symbol in ("BTCUSDT", "ETHUSDT", "ARBUSDT", "SRMUSDT"):
        minutes = [int(row[0]) for row in month("spot", symbol, "1m", "2023-03")]
        quarters = [int(row[0]) for row in month("spot", symbol, "15m", "2023-03")]
        assert not [at for at in minutes if start <= at < end]
        assert {start - 60_000, end} <= set(minutes)
        assert ms("2023-03-24T12:30") in quarters
        assert ms("2023-03-24T12:45") not in quarters
    assert len(month("um", "BTCUSDT", "1m", "2023-03")) == 31 * 1440


def test_a_day_that_is_all_outage_is_not_published() -> None:
    symbols = [one for one in DEMO_SYMBOLS if one.venue == "spot"]
    market = GeneratedMarket(symbols, outages=[Outage("spot", utc("2023-02-02"), utc("2023-02-03"))])
    listed = market.keys("data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-02-0", LATER)
    assert [key[-6:-4] for key in listed if key.endswith("zip")] == ["01", *(f"{n:02d}" for n in range(3, 10))]
    assert market.read(key_of("spot", "daily", "BTCUSDT", "1m", "2023-02-02"), LATER) is None


def test_listing_and_delisting_cut_the_minutes() -> None:
    first = month("spot", "ARBUSDT", "1m", "2023-03")[0]
    last = month("spot", "SRMUSDT", "1m", "2023-05")[-1]
    assert int(first[0]) == ms("2023-03-23T17:00")
    assert int(last[0]) == ms("2023-05-10T02:59")
    market = GeneratedMarket.demo()
    dates = [key[-14:-4] for key in market.keys("data/spot/daily/klines/SRMUSDT/1m/", LATER) if key.endswith("zip")]
    assert (dates[0], dates[-1]) == ("2023-01-01", "2023-05-10")
    assert market.keys("data/spot/monthly/klines/SRMUSDT/1m/", LATER)[-1].endswith("2023-05.zip.CHECKSUM")
    assert not market.keys("data/spot/monthly/klines/ARBUSDT/1mo/ARBUSDT-1mo-2023-02", LATER)


def test_funding_files_and_rest_agree(market: GeneratedMarket) -> None:
    key = key_of("um", "monthly", "ARBUSDT", None, "2023-05")
    assert read_zip(read(market, key).body)[1].startswith(b"calc_time,funding_interval_hours,last_funding_rate\n")
    rows = rows_of(read(market, key))
    rest = market.funding("um", "ARBUSDT", ms("2023-05-01"), ms("2023-06-01") - 1)
    assert [(int(row[0]), Decimal(row[2])) for row in rows] == [(one.time, Decimal(one.rate)) for one in rest]
    hours = [int(row[1]) for row in rows]
    assert sorted(set(hours)) == [4, 8]
    for (row, after), step in zip(pairwise(rows), hours[1:], strict=True):
        assert abs(int(after[0]) - int(row[0]) - step * 3_600_000) < 20
    offsets = {int(row[0]) % 3_600_000 for row in rows}
    assert {0} < offsets
    assert any(offset > 3_000_000 for offset in offsets)
    year = [
        row
        for n in range(1, 13)
        for row in rows_of(read(market, key_of("um", "monthly", "BTCUSDT", None, f"2023-{n:02d}")))
    ]
    assert any("E-" in row[2] for row in year)
    assert len(year) == 365 * 3
    assert market.read(key_of("spot", "monthly", "BTCUSDT", None, "2023-05"), LATER) is None
