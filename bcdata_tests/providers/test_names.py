"""Object keys: written and read back to the same; anything else is refused."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import UsageError
from bcdata.frames.types import FRAME_TYPES
from bcdata.providers.base import PERIODS, Series
from bcdata.providers.binance.names import (
    DAILY_INTERVALS,
    INTERVALS,
    is_symbol,
    object_key,
    parse_key,
    parse_unpadded,
    rest_interval,
    series_prefix,
    time_named,
    type_prefix,
    url_path,
)
from bcdata.venues.binance import MARKETS
from bcdata.windows import Grain

SYMBOLS = st.from_regex(r"[A-Z0-9]{1,12}(_[0-9]{6}|_PERP|SETTLED)?", fullmatch=True) | st.just("币安人生USDT")


@st.composite
def series(draw: st.DrawFn) -> Series:
    market = draw(st.sampled_from(MARKETS))
    kind = draw(st.sampled_from(market.kinds))
    intervals = INTERVALS if market.name == "spot" else INTERVALS[1:]
    interval = draw(st.sampled_from(intervals)) if FRAME_TYPES[kind].has_interval else None
    return Series(market.name, kind, draw(SYMBOLS), interval)


@given(series(), st.sampled_from(["daily", "monthly"]), st.dates())
def test_a_key_reads_back_to_what_it_was_made_of(one: Series, period: str, day: object) -> None:
    date_key = str(day)[: 10 if period == "daily" else 7]
    for suffix in ("", ".CHECKSUM"):
        name = parse_key(object_key(one, period, date_key) + suffix)
        assert name is not None
        assert (name.series, name.period, name.date_key) == (one, period, date_key)
        assert name.is_checksum == bool(suffix)


def test_keys_as_the_archive_has_them() -> None:
    klines = Series("spot", "klines", "BTCUSDT", "1m")
    assert object_key(klines, "daily", "2023-01-31") == ("data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01-31.zip")
    funding = Series("um", "funding", "BTCUSDT")
    assert object_key(funding, "monthly", "2023-01") == (
        "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2023-01.zip"
    )
    assert series_prefix(Series("cm", "klines", "BTCUSD_PERP", "1mo"), "monthly") == (
        "data/futures/cm/monthly/klines/BTCUSD_PERP/1mo/"
    )
    premium = Series("cm", "premium_klines", "BTCUSD_PERP", "1m")
    assert object_key(premium, "monthly", "2023-01") == (
        "data/futures/cm/monthly/premiumIndexKlines/BTCUSD_PERP/1m/BTCUSD_PERP-1m-2023-01.zip"
    )
    volatility = Series("option", "bvol_index", "BTCBVOLUSDT")
    assert object_key(volatility, "daily", "2023-01-31") == (
        "data/option/daily/BVOLIndex/BTCBVOLUSDT/BTCBVOLUSDT-BVOLIndex-2023-01-31.zip"
    )
    assert type_prefix("um", "daily", "agg_trades") == "data/futures/um/daily/aggTrades/"


@pytest.mark.parametrize(
    "key",
    [
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-02-30.zip",  # no such day
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-02.zip",  # a month among the days
        "data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2023-02-01.zip",
        "data/spot/daily/klines/BTCUSDT/1m/ETHUSDT-1m-2023-02-01.zip",  # of another symbol
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1h-2023-02-01.zip",  # of another interval
        "data/spot/daily/klines/BTCUSDT/1M/BTCUSDT-1M-2023-02-01.zip",
        "data/futures/um/daily/klines/BTCUSDT/1s/BTCUSDT-1s-2023-02-01.zip",
        "data/spot/daily/klines/BTCUSDT//BTCUSDT--2023-02-01.zip",
        "data/spot/daily/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2023-02-01.zip",
        "data/spot/daily/klines/../1m/..-1m-2023-02-01.zip",
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-02-01.zip.CHECKSUM.bak",
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-٢٠٢٣-02-01.zip",
        "data/spot/daily/unknown/BTCUSDT/BTCUSDT-unknown-2023-02-01.zip",
        "data/spot/daily/klines/BTCUSDT/1m/",
        "",
    ],
)
def test_other_keys_are_passed_over(key: str) -> None:
    assert parse_key(key) is None


MONTHS = "data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-"
DAYS = "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-"


@pytest.mark.parametrize(
    ("key", "period", "date_key"),
    [
        (f"{MONTHS}2020-8.zip", "monthly", "2020-08"),
        (f"{DAYS}2020-8-04.zip", "daily", "2020-08-04"),
        (f"{DAYS}2020-08-4.zip", "daily", "2020-08-04"),
        (f"{DAYS}2020-8-4.zip", "daily", "2020-08-04"),
        (f"{MONTHS}2020-08.zip", "monthly", None),
        (f"{MONTHS}2020-13.zip", "monthly", None),
        (f"{MONTHS}2020-0.zip", "monthly", None),
        (f"{MONTHS}2020-8-4.zip", "monthly", None),
        (f"{DAYS}2020-8.zip", "daily", None),
        (f"{DAYS}2020-2-30.zip", "daily", None),
        (f"{MONTHS}2020-8 (1).zip", "monthly", None),
        ("data/spot/monthly/klines/ETHUSDT/1m/ETHUSDT-1m-2020-8.zip", "monthly", None),
    ],
)
def test_names_that_lack_their_zeros(key: str, period: str, date_key: str | None) -> None:
    assert parse_unpadded(key, Series("spot", "klines", "BTCUSDT", "1m"), period) == date_key


@pytest.mark.parametrize(
    ("rest", "time"),
    [
        ("2020-8 (1).zip", "2020-08"),
        ("2020-08.zip.bak", "2020-08"),
        ("202008.zip", "2020-08"),
        ("2020-08-4 (1).zip", "2020-08-04"),
        ("2020-08-32.zip", "2020-08"),
        ("latest.zip", None),
        ("0000-01.zip", None),
    ],
)
def test_the_time_that_another_key_seems_to_name(rest: str, time: str | None) -> None:
    found = time_named(MONTHS + rest, Series("spot", "klines", "BTCUSDT", "1m"), "monthly")
    grain = Grain.DAY if time and Grain.DAY.is_key(time) else Grain.MONTH
    assert found == (grain.window(time) if time else None)


def test_a_key_with_a_month_that_there_is_not_names_its_year() -> None:
    found = time_named(f"{MONTHS}2020-13.zip", Series("spot", "klines", "BTCUSDT", "1m"), "monthly")
    assert found is not None
    assert (found.start.year, found.start.month, found.end.year) == (2020, 1, 2021)


@given(st.text(max_size=40))
def test_no_rest_of_a_key_upsets_them(text: str) -> None:
    series = Series("spot", "klines", "BTCUSDT", "1m")
    for key in (text, MONTHS + text, DAYS + text):
        for period in PERIODS:
            parse_unpadded(key, series, period)
            time_named(key, series, period)


def test_a_symbol_whose_folder_no_file_system_takes_is_none() -> None:
    assert is_symbol("币安人生USDT")
    assert not is_symbol("币" * 40)


@given(st.text(max_size=120))
def test_no_text_upsets_the_reader(text: str) -> None:
    for key in (text, f"data/spot/daily/klines/{text}/1m/{text}-1m-2023-02-01.zip"):
        name = parse_key(key)
        assert name is None or object_key(name.series, name.period, name.date_key) == key


@pytest.mark.parametrize("symbol", ["", ".", "..", "A/B", "A\\B", "A B", "A\nB", "A\x00", "A|B", "A" * 65, "A\u202e"])
def test_what_cannot_be_a_symbol(symbol: str) -> None:
    assert not is_symbol(symbol)
    with pytest.raises(UsageError, match="cannot be a Binance symbol"):
        series_prefix(Series("spot", "klines", symbol, "1m"), "daily")


@pytest.mark.parametrize(
    "given_",
    [
        ("kraken", "klines", "A", "1m"),
        ("spot", "klines", "A", None),
        ("spot", "klines", "A", "1M"),
        ("um", "klines", "A", "1s"),
        ("um", "funding", "A", "1h"),
        ("spot", "funding", "A", None),
        ("spot", "candles", "A", None),
    ],
)
def test_series_that_there_are_not(given_: tuple[str, str, str, str | None]) -> None:
    with pytest.raises(UsageError):
        series_prefix(Series(*given_), "daily")


def test_series_are_named_and_sorted() -> None:
    one, other = Series("spot", "klines", "A", "1m"), Series("um", "funding", "A")
    assert [str(each) for each in sorted([other, one])] == ["spot/klines/A/1m", "um/funding/A"]


def test_periods_and_intervals() -> None:
    assert "1d" in DAILY_INTERVALS
    assert not DAILY_INTERVALS & {"3d", "1w", "1mo"}
    assert rest_interval("1mo") == "1M"
    assert rest_interval("1m") == "1m"
    with pytest.raises(UsageError, match="no period"):
        type_prefix("spot", "weekly", "klines")
    with pytest.raises(UsageError, match="write it as YYYY-MM-DD"):
        object_key(Series("spot", "klines", "A", "1m"), "daily", "2023-01")
    assert set(PERIODS) == {"daily", "monthly"}


def test_urls_carry_percent_encoded_utf8() -> None:
    assert url_path("data/spot/币/a b+c.zip") == "data/spot/%E5%B8%81/a%20b%2Bc.zip"


def test_every_real_key_is_understood(shared_data: Path) -> None:
    root = shared_data / "binance_vision"
    keys = [
        os.path.relpath(Path(folder) / name, root).replace(os.sep, "/")
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith((".zip", ".CHECKSUM"))
    ]
    assert keys
    assert [key for key in keys if parse_key(key) is None] == []
