"""What the names and paths of files in a user's folder say."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import UsageError
from bcdata.providers.base import PERIODS, ObjectError, Series
from bcdata.providers.binance.files.folder import check, named
from bcdata.providers.binance.names import INTERVALS, MARKET_KINDS, check_series, object_key
from bcdata_tests.mirror import zipped

SYMBOLS = ("BTCUSDT", "BTCUSD_PERP", "BTCUSDT_250328", "1000SHIBUSDT", "币安人生USDT", "LUNAUSDTSETTLED")
DATES = {"daily": "2023-04-09", "monthly": "2020-08"}


def is_possible(series: Series) -> bool:
    try:
        check_series(series)
    except UsageError:
        return False
    return True


EVERY = [
    series
    for market, kinds in MARKET_KINDS.items()
    for kind in sorted(kinds)
    for interval in (*INTERVALS, None)
    for series in (Series(market, kind, "BTCUSDT", interval),)
    if is_possible(series)
]


@st.composite
def objects(draw: st.DrawFn) -> tuple[Series, str, str]:
    one = draw(st.sampled_from(EVERY))
    period = draw(st.sampled_from(sorted(PERIODS)))
    series = Series(one.market, one.kind, draw(st.sampled_from(SYMBOLS)), one.interval)
    return series, period, object_key(series, period, DATES[period])


def twisted(key: str, how: str) -> str:
    """A key as somebody may keep it."""
    folder, _, name = key.rpartition("/")
    stem = name.removesuffix(".zip")
    return {
        "as it is": key,
        "elsewhere": f"disk/old/{key}",
        "lower case": key.lower(),
        "capitals": f"{folder}/{name.upper()}",
        "twice": f"{folder}/{stem} (1).zip",
        "without data": key.removeprefix("data/"),
        "in a range": f"{folder}/2020-01-01_2023-12-31/{name}",
        "below all": f"{'/'.join(key.split('/')[: 4 + key.startswith('data/futures')])}/{name}",
    }[how]


HOW = ("as it is", "elsewhere", "lower case", "capitals", "twice", "without data", "in a range", "below all")


@given(objects(), st.sampled_from(HOW))
def test_a_file_in_a_place_like_the_archives_is_the_object_however_it_is_kept(
    one: tuple[Series, str, str], how: str
) -> None:
    series, period, key = one
    found = named(PurePosixPath("/home/me", twisted(key, how)))
    assert found is not None
    assert found.keys == {series: key}
    assert (found.name, found.period, found.date_key) == (key.rpartition("/")[2], period, DATES[period])


@given(objects())
def test_out_of_its_place_a_file_may_be_all_that_is_called_so(one: tuple[Series, str, str]) -> None:
    series, period, key = one
    found = named(PurePosixPath("/home/me/zips", key.rpartition("/")[2]))
    assert found is not None
    assert found.keys[series] == key
    for other, its in found.keys.items():
        assert its == object_key(other, period, DATES[period])
        assert its.rpartition("/")[2] == found.name


@pytest.mark.parametrize(
    ("written", "date_key"), [("2020-8", "2020-08"), ("2020-8-3", "2020-08-03"), ("2020-08-3", "2020-08-03")]
)
def test_a_date_without_its_zeros_is_read_and_the_name_stays(written: str, date_key: str) -> None:
    period = "daily" if written.count("-") > 1 else "monthly"
    place = f"/x/spot/{period}/klines/BTCUSDT/1m"
    found = named(PurePosixPath(f"{place}/BTCUSDT-1m-{written}.zip"))
    assert found is not None
    assert found.date_key == date_key
    assert list(found.keys.values()) == [f"data/spot/{period}/klines/BTCUSDT/1m/BTCUSDT-1m-{written}.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT-1m.zip",
        "BTCUSDT-1m-2023.zip",
        "BTCUSDT-1m-2023-13.zip",
        "BTCUSDT-1m-2023-02-30.zip",
        "BTCUSDT-7m-2023-01.zip",
        "BTCUSDT-fundingrates-2023-01.zip",
        "-1m-2023-01.zip",
        "BTC|USDT-1m-2023-01.zip",
        "..-1m-2023-01.zip",
        "BTCUSDT_1m_2023-01.zip",
        "my klines.zip",
        ".zip",
        "BTCUSDT-1m-2023-01.csv",
        "BTCUSDT-1m-2023-01.zip.part",
        "BTCUSDT-1m-٢٠٢٣-01.zip",
        "X" * 90 + "-1m-2023-01.zip",
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert named(PurePosixPath("/x/data/spot/monthly/klines/BTCUSDT/1m") / name) is None


def test_the_innermost_place_counts() -> None:
    found = named(PurePosixPath("/spot/daily/klines/old/futures/um/monthly/markPriceKlines/BTCUSDT-1m-2023-01.zip"))
    assert found is not None
    assert [(one.market, one.kind) for one in found.keys] == [("um", "mark_klines")]


def test_a_place_of_another_type_tells_nothing() -> None:
    found = named(PurePosixPath("/data/spot/monthly/klines/BTCUSDT-fundingRate-2023-01.zip"))
    assert found is not None
    assert [(one.market, one.kind) for one in found.keys] == [("um", "funding"), ("cm", "funding")]


def test_what_nobody_parses_is_not_inflated() -> None:
    """A day of trades may be gigabytes; its directory says what it holds."""
    series = Series("spot", "trades", "BTCUSDT")
    file = named(PurePosixPath("/spot/daily/trades/BTCUSDT-trades-2023-04-09.zip"))
    assert file is not None
    body = bytearray(zipped("BTCUSDT-trades-2023-04-09.csv", b"1,2,3\n"))
    body[60] ^= 1
    check(bytes(body), series, file)
    with pytest.raises(ObjectError, match="expected"):
        check(zipped("ETHUSDT-trades-2023-04-09.csv", b"1,2,3\n"), series, file)
    with pytest.raises(ObjectError, match="inflate"):
        check(zipped("BTCUSDT-trades-2023-04-09.csv", bytes(9_000_000)), series, file)
