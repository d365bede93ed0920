"""Contents that were inflated last are not inflated again, and take no more memory than they may."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bcdata.interval import Interval
from bcdata.providers.base import ObjectError
from bcdata.providers.binance.files.peek import coverage, lines
from bcdata.providers.binance.files.recent import RecentContents
from bcdata.providers.formats import PublishedFile
from bcdata.windows import Grain
from bcdata_tests.mirror import csv_of, made_day, zipped

DAY, MINUTE = "2025-01-02", Interval.parse("1m")


class Counted:
    """Makes contents of ten bytes, and remembers of what."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def of(self, recent: RecentContents, key: str, size: int = 10) -> bytes:
        def make() -> bytes:
            self.made.append(key)
            return key.encode() * size

        return recent.get(key, 0, make)


def test_the_latest_contents_are_held_and_no_more_than_fit() -> None:
    recent, counted = RecentContents(40), Counted()
    for key in "abcdaea":
        assert counted.of(recent, key) == key.encode() * 10
    assert "".join(counted.made) == "abcde", "a was asked for lately, so b went"
    counted.of(recent, "b")
    assert counted.made[-1] == "b"


def test_a_large_content_pushes_out_nothing() -> None:
    recent, counted = RecentContents(40), Counted()
    for key, size in (("a", 10), ("b", 11), ("a", 10), ("b", 11)):
        counted.of(recent, key, size)
    assert "".join(counted.made) == "abb"


def test_an_error_is_not_remembered() -> None:
    def fail() -> bytes:
        raise ObjectError("unreadable", "damaged")

    recent = RecentContents()
    with pytest.raises(ObjectError):
        recent.get("a", 0, fail)
    assert recent.get("a", 0, lambda: b"sound") == b"sound"


def test_threads_get_their_own_contents() -> None:
    recent, keys = RecentContents(400), [f"{n % 50:02}" for n in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda key: recent.get(key, 0, lambda: key.encode() * 20), keys))
    assert found == [key.encode() * 20 for key in keys]


def test_files_of_one_name_and_other_bytes_are_others() -> None:
    window = Grain.DAY.window(DAY)
    name = f"BTCUSDT-1m-{DAY}.zip"
    rows = made_day(DAY)
    whole, half = (
        PublishedFile(name, window, zipped(name.replace(".zip", ".csv"), csv_of(some))) for some in (rows, rows[:700])
    )
    assert [sum(coverage(one, MINUTE).rows.values()) for one in (whole, half, whole)] == [1440, 700, 1440]
    with pytest.raises(ObjectError, match="holds"):
        lines(PublishedFile("ETHUSDT" + name[7:], window, whole.body), MINUTE)
