"""A look into an object sees what parsing sees, and does not judge."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.interval import Interval
from bcdata.providers.binance.files.peek import content_bound, coverage, opens
from bcdata.providers.binance.klines import read_csv
from bcdata.providers.formats import Coverage, PublishedFile
from bcdata.simulate.binance.market.zips import make_zip
from bcdata.windows import Grain

NAME = "BTCUSDT-1m-2023-03.zip"
MINUTES = Interval.parse("1m")
MARCH = 1_677_628_800_000


def file(body: bytes) -> PublishedFile:
    return PublishedFile(NAME, Grain.MONTH.window("2023-03"), body)


def line(stamp: int) -> str:
    return f"{stamp},1,1,1,1,1,{stamp + 1},1,1,1,1,0\n"


def looked(text: str) -> Coverage:
    body = make_zip("BTCUSDT-1m-2023-03.csv", text.encode(), datetime(2023, 4, 1, tzinfo=UTC))
    return coverage(file(body), MINUTES)


@given(st.lists(st.integers(0, 40_000), max_size=20), st.sampled_from([1, 1000]))
def test_it_counts_the_rows_that_parsing_reads(minutes: list[int], unit: int) -> None:
    text = "".join(line((MARCH + 60_000 * minute) * unit) for minute in minutes)
    seen = looked(text)
    read = read_csv([text.encode()]).rows["open_time"]
    assert sum(seen.rows.values()) == len(read) == len(minutes)
    earliest = min(minutes, default=None)
    expected = None if earliest is None else datetime.fromtimestamp(MARCH / 1000 + 60 * earliest, UTC)
    assert seen.first == expected


def test_milliseconds_and_microseconds_may_mix() -> None:
    assert looked(line(MARCH) + line((MARCH + 60_000) * 1000)).rows == {date(2023, 3, 1): 2}


@pytest.mark.parametrize("stamp", [MARCH * 1_000_000, 2**63 - 1, -(10**13), -1])
def test_stamps_that_are_no_time_are_of_no_day_and_prove_nothing(stamp: int) -> None:
    text = line(stamp) + line(MARCH)
    assert looked(text).rows == {date(2023, 3, 1): 1}
    body = make_zip("BTCUSDT-1m-2023-03.csv", text.encode(), datetime(2023, 4, 1, tzinfo=UTC))
    assert opens(file(body), MINUTES) is None


@pytest.mark.parametrize("text", ["open_time,what\n", "1,2,3\n"])
def test_other_columns_are_an_error(text: str) -> None:
    assert (looked(text).error or "").startswith("columns")


def test_what_is_no_zip_lacks_every_day() -> None:
    seen = coverage(file(b"no zip"), MINUTES)
    assert (seen.error or "").startswith("unreadable")
    assert seen.lacking({date(2023, 3, 1): 1440}) == [date(2023, 3, 1)]


def test_days_with_fewer_rows_are_lacking() -> None:
    seen = looked(line(MARCH))
    assert seen.lacking({date(2023, 3, 1): 1, date(2023, 3, 2): 1}) == [date(2023, 3, 2)]


def test_a_bar_that_is_there_twice_is_one_bar() -> None:
    seen = looked(line(MARCH) + line(MARCH))
    assert seen.rows == {date(2023, 3, 1): 2}
    assert seen.lacking({date(2023, 3, 1): 2}) == [date(2023, 3, 1)]


ODD_STAMPS = [
    "1677974400000.0",
    "1.6779744e12",
    "1.6779744E+12",
    "",
    " ",
    "nan",
    "0x1",
    "'1'",
    "9" * 40,
    "²",
]


def opens_in(text: str) -> pl.Series | None:
    body = make_zip("BTCUSDT-1m-2023-03.csv", text.encode(), datetime(2023, 4, 1, tzinfo=UTC))
    return opens(file(body), MINUTES)


@pytest.mark.parametrize("stamp", ODD_STAMPS)
def test_open_times_of_another_shape_lack_their_day_and_raise_nothing(stamp: str) -> None:
    odd = f"{stamp},1,1,1,1,1,2,1,1,1,1,0\n"
    for text in (odd, line(MARCH) + odd):
        seen = looked(text)
        assert sum(seen.rows.values()) == (text.count("\n") - 1 if seen.error is None else 0)
        assert opens_in(text) is None, "what lacks an open proves nothing"


def test_a_line_that_is_no_row_proves_nothing() -> None:
    text = line(MARCH) + "garbage\n" + line(MARCH + 60_000)
    assert looked(text).rows == {date(2023, 3, 1): 2}
    assert opens_in(text) is None


CONTENT = "".join(line(MARCH + 60_000 * minute) for minute in range(30)).encode()
SOUND = make_zip("BTCUSDT-1m-2023-03.csv", CONTENT, datetime(2023, 4, 1, tzinfo=UTC))


@given(st.data())
def test_no_bytes_upset_it(data: st.DataObject) -> None:
    """Zips with bytes changed or cut, and sound zips with such content: an answer each time, never an exception."""
    if data.draw(st.booleans(), label="damage the content"):
        member = "BTCUSDT-1m-2023-03.csv"
        body = make_zip(member, _damaged(data, CONTENT), datetime(2023, 4, 1, tzinfo=UTC))
    else:
        body = _damaged(data, SOUND)
    seen = coverage(file(body), MINUTES)
    assert seen.error is None or ": " in seen.error
    opens(file(body), MINUTES)


def _damaged(data: st.DataObject, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at = data.draw(st.integers(0, max(0, len(changed) - 1)))
        match data.draw(st.sampled_from(["set", "cut", "insert", "number"])):
            case "set":
                changed[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del changed[at : at + data.draw(st.integers(1, 60))]
            case "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case _:
                changed[at : at + 13] = data.draw(st.sampled_from(ODD_STAMPS)).encode()
    return bytes(changed)


def test_the_bound_grows_with_the_bars_of_the_window() -> None:
    month, minute = Grain.MONTH.window("2023-03"), Interval.parse("1m")
    assert content_bound(month, minute) > 31 * 1440 * 150
    assert content_bound(month, Interval.parse("1h")) < content_bound(month, minute) / 10
