"""The files of the generated market: formats, names, and when they are published."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.simulate import GeneratedMarket, GeneratedSymbol
from bcdata.simulate.binance.market.market import Series
from bcdata.simulate.binance.market.names import CHECKSUM, ObjectName, published_at
from bcdata.simulate.binance.market.zips import read_zip
from bcdata.windows import Grain
from bcdata_tests.simulate.client import ms, utc
from bcdata_tests.simulate.generated_rows import LATER, SYMBOLS, Row, key_of, month, read, rows_of

ANY = st.sampled_from(sorted(SYMBOLS))


@pytest.mark.parametrize("interval", ["1m", "1d"])
def test_spot_turns_to_microseconds_in_2025(interval: str) -> None:
    market = GeneratedMarket.demo()

    def day(venue: str, date: str) -> list[Row]:
        return rows_of(read(market, key_of(venue, "daily", "BTCUSDT", interval, date)))

    before, after = day("spot", "2024-12-31")[-1], day("spot", "2025-01-01")[0]
    length = int(after[6]) + 1 - int(after[0])
    assert int(before[6]) == ms("2025-01-01") - 1
    assert int(after[0]) == ms("2025-01-01") * 1000
    assert length == (60 if interval == "1m" else 86_400) * 1_000_000
    assert int(day("um", "2025-01-01")[0][0]) == ms("2025-01-01")


def test_formats_of_the_venues() -> None:
    spot, um, cm = (month(venue, name, "1m", "2023-03")[0] for venue, name in
                    (("spot", "BTCUSDT"), ("um", "BTCUSDT"), ("cm", "BTCUSD_PERP")))  # fmt: skip
    assert all(len(spot[at].partition(".")[2]) == 8 for at in (1, 2, 3, 4, 5, 7, 9, 10))
    assert len(um[1].partition(".")[2]) == 1
    assert "." not in cm[5]
    assert len(cm[7].partition(".")[2]) == 8
    # cm: contracts of 100 USD against coins.
    assert 100 * Decimal(cm[5]) / Decimal(cm[7]) == pytest.approx(Decimal(cm[1]), rel=Decimal("0.01"))


def test_headers_on_futures_from_may_2022() -> None:
    old = GeneratedSymbol("um", "OLDUSDT", "OLD", "USDT", utc("2022-04-29"), 5.0, 3, 100.0, 1)
    market = GeneratedMarket([old])
    april, may = (read(market, key_of("um", "monthly", "OLDUSDT", "1d", date)) for date in ("2022-04", "2022-05"))
    assert read_zip(april.body)[1][:1].isdigit()
    assert read_zip(may.body)[1].startswith(b"open_time,open,high,low,close,volume,close_time,quote_volume,count,")
    spot = read(GeneratedMarket.demo(), key_of("spot", "monthly", "BTCUSDT", "1d", "2023-01"))
    assert read_zip(spot.body)[1][:1].isdigit()


@pytest.mark.parametrize(
    ("period", "date", "out"),
    [
        ("daily", "2023-03-31", "2023-04-01T08:00"),
        ("monthly", "2023-03", "2023-04-03T12:00"),  # the first Monday
        ("monthly", "2023-04", "2023-05-01T12:00"),  # is the first day
        ("monthly", "2023-12", "2024-01-01T12:00"),
    ],
)
def test_publication(market: GeneratedMarket, period: str, date: str, out: str) -> None:
    key = key_of("spot", period, "BTCUSDT", "1h", date)
    early = utc(out) - timedelta(seconds=1)
    for name in (key, key + CHECKSUM):
        assert market.read(name, early) is None
        assert market.stat(name, early) is None
        assert not market.keys(name, early)
        assert name in market.keys(name, utc(out))
        stored = market.read(name, utc(out))
        assert stored
        assert stored.last_modified == utc(out)
        assert market.stat(name, utc(out)) == stored.stat


@given(st.dates(min_value=datetime(2000, 1, 1, tzinfo=UTC).date()))
def test_monthly_objects_wait_for_a_monday(day: object) -> None:
    end = Grain.MONTH.window(str(day)[:7]).end if str(day) < "9999-12" else utc("9999-01-01")
    out = published_at("monthly", end)
    assert out.weekday() == 0
    assert timedelta(hours=12) <= out - end < timedelta(days=7)


@given(ANY, st.sampled_from(["daily", "monthly"]), st.sampled_from(["1m", "3d", "1mo", None]), st.dates())
def test_names_are_read_as_they_are_written(
    which: tuple[str, str], period: str, interval: str | None, day: object
) -> None:
    date = str(day) if period == "daily" else str(day)[:7]
    name = ObjectName(which[0], period, "klines" if interval else "fundingRate", which[1], interval, date)
    if str(day) < "9999-12":
        assert ObjectName.parse(name.key) == name
    assert ObjectName.parse(name.key + "x") is None


@pytest.mark.parametrize("key", ["", "data", "data/spot/daily/klines/A/1m/B-1m-2023-01-01.zip",
                                 "data/spot/daily/klines/A/1m/A-1m-2023-01.zip",
                                 "data/spot/monthly/klines/A/1m/A-1m-2023-13.zip"])  # fmt: skip
def test_other_names_are_none(market: GeneratedMarket, key: str) -> None:
    assert ObjectName.parse(key) is None
    assert market.read(key, LATER) is None


def test_keys_and_objects_are_the_same_set(market: GeneratedMarket) -> None:
    now = utc("2023-03-01")
    keys = market.keys("", now)
    assert list(keys) == sorted(set(keys))
    some = keys[::211]
    assert len(some) > 20
    for key in some:
        stored = market.read(key, now)
        assert stored
        assert stored.last_modified <= now
        member = key.rpartition("/")[2].removesuffix(".zip") + ".csv"
        assert key.endswith(CHECKSUM) or read_zip(stored.body)[0] == member
    assert not market.keys("data/option/", now)
    assert not list(market.klines(Series("spot", "BTCUSDT", "1s"), 0, ms("2023-02-01"), newest_first=False))
