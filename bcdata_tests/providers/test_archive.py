"""The archive's client: which pages it asks for, and what it makes of objects and checksums."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bcdata.errors import ProviderError, UsageError
from bcdata.providers.base import BulkObject, Series
from bcdata.providers.binance.files.archive import BinanceArchive
from bcdata.windows import Grain
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client
from bcdata_tests.providers.archive_bucket import BODY, objects_of, use
from bcdata_tests.providers.listing_server import Bucket

MINUTES = Series("spot", "klines", "BTCUSDT", "1m")
FOLDER = "data/spot/daily/klines/BTCUSDT/1m"


def test_objects_with_their_checksums_in_order(tmp_path: Path) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-30", "2023-02-02"))
    del bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-02-01.zip.CHECKSUM"]
    del bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-01-31.zip"]
    bucket.objects[f"{FOLDER}/readme.txt"] = b"?"
    bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-13-01.zip"] = b"?"
    found, _ = use(tmp_path, bucket, lambda archive: archive.objects(MINUTES, "daily"))
    assert [one.date_key for one in found] == ["2023-01-30", "2023-02-01", "2023-02-02"]
    assert [one.checksum_listed for one in found] == [True, False, True]
    modified = datetime(2023, 2, 1, 4, 5, 6, tzinfo=UTC)
    assert found[0] == BulkObject(
        f"{FOLDER}/BTCUSDT-1m-2023-01-30.zip",
        "daily",
        "2023-01-30",
        size=len(BODY),
        last_modified=modified,
        etag="abc",
        checksum_listed=True,
        checksum_modified=modified,
    )
    assert found[0].name == "BTCUSDT-1m-2023-01-30.zip"


@pytest.mark.parametrize("page", [1, 2, 7, 1000])
def test_a_listing_in_pages_of_any_length(tmp_path: Path, page: int) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-01", "2023-01-10"), page)
    bucket.etags = False
    found, server = use(tmp_path, bucket, lambda archive: archive.objects(MINUTES, "daily"))
    assert [one.date_key for one in found] == Grain.DAY.keys("2023-01-01", "2023-01-10")
    assert all(one.checksum_listed and one.last_modified is None for one in found)
    assert server.count == -(-20 // page)


def test_a_range_takes_one_page_however_long_the_series(tmp_path: Path) -> None:
    bucket = Bucket(objects_of(MINUTES, "2019-01-01", "2023-12-31"))
    first, last = "2022-03-01", "2022-03-31"
    found, server = use(tmp_path, bucket, lambda archive: archive.objects(MINUTES, "daily", first=first, last=last))
    assert [one.date_key for one in found] == Grain.DAY.keys(first, last)
    assert all(one.checksum_listed for one in found)
    assert server.count == 1
    assert server.requests[0].query["max-keys"] == "62"


def test_a_range_with_holes_and_beyond_the_ends(tmp_path: Path) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-05", "2023-01-20"))
    for day in range(8, 15):
        del bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-01-{day:02}.zip"]
    for first, last, count in [
        ("2023-01-01", "2023-01-06", 2),
        ("2023-01-07", "2023-02-28", 7),
        ("2024-01-01", None, 0),
    ]:
        ask = partial(BinanceArchive.objects, series=MINUTES, period="daily", first=first, last=last)
        assert len(use(tmp_path, bucket, ask)[0]) == count
    with pytest.raises(UsageError, match="reversed"):
        use(tmp_path, bucket, lambda archive: archive.objects(MINUTES, "daily", first="2023-02-01", last="2023-01-01"))


def renamed(bucket: Bucket, old: str, new: str) -> None:
    """Moves an object and its CHECKSUM to another key of the folder."""
    for suffix in (".zip", ".zip.CHECKSUM"):
        bucket.objects[f"{FOLDER}/BTCUSDT-1m-{new}{suffix}"] = bucket.objects.pop(f"{FOLDER}/BTCUSDT-1m-{old}{suffix}")


@pytest.mark.parametrize("odd", ["2023-01-5", "2023-1-05", "2023-1-5"])
@pytest.mark.parametrize("page", [3, 1000])
def test_a_day_without_its_zeros_is_found_wherever_it_sorts(tmp_path: Path, odd: str, page: int) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-01", "2023-12-31"), page)
    renamed(bucket, "2023-01-05", odd)
    for first, last, count in (("2023-01-01", "2023-01-31", 31), ("2023-01-04", "2023-01-06", 3)):
        ask = partial(BinanceArchive.listed, series=MINUTES, period="daily", first=first, last=last, due="2024")
        found, _ = use(tmp_path, bucket, ask)
        assert [one.date_key for one in found.objects] == Grain.DAY.keys("2023-01-01", "2023-12-31")[
            int(first[-2:]) - 1 : int(last[-2:])
        ]
        assert len(found.objects) == count
        [one] = [each for each in found.objects if each.date_key == "2023-01-05"]
        assert one.key == f"{FOLDER}/BTCUSDT-1m-{odd}.zip"
        assert one.checksum_listed
        assert found.not_understood == ()


def test_nothing_is_looked_for_that_is_not_due(tmp_path: Path) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-01", "2023-01-05"))
    ask = partial(BinanceArchive.listed, series=MINUTES, period="daily", first="2023-01-01", last="2023-01-31")
    for due, requests in (("", 1), ("2023-01-06", 1), ("2023-01-07", 4)):
        assert use(tmp_path, bucket, partial(ask, due=due))[1].count == requests


def test_of_two_names_for_one_day_the_well_formed_one_is_read_and_the_other_named(tmp_path: Path) -> None:
    bucket = Bucket(objects_of(MINUTES, "2023-01-01", "2023-01-05"))
    odd = f"{FOLDER}/BTCUSDT-1m-2023-01-5.zip"
    bucket.objects[odd] = BODY
    found, _ = use(tmp_path, bucket, lambda archive: archive.listed(MINUTES, "daily"))
    assert found.objects[-1].key == f"{FOLDER}/BTCUSDT-1m-2023-01-05.zip"
    assert found.not_understood == (odd,)
    for suffix in ("", ".CHECKSUM"):
        del bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-01-05.zip{suffix}"]
    bucket.objects[f"{FOLDER}/BTCUSDT-1m-2023-1-5.zip"] = BODY
    found, _ = use(tmp_path, bucket, lambda archive: archive.listed(MINUTES, "daily"))
    assert len(found.objects) == 4
    assert len(found.not_understood) == 2, "nobody can tell which is meant"


@pytest.mark.parametrize("first", ["2023-01", "2023-02", "2022-05"])
def test_a_month_without_its_zero_and_keys_without_a_date(tmp_path: Path, first: str) -> None:
    folder = FOLDER.replace("daily", "monthly")
    names = ["2022-12", "2023-1", "2023-2", "2023-10", "2023-11", "2023-13", "2023-03 (1)", "latest"]
    bucket = Bucket({f"{folder}/BTCUSDT-1m-{name}.zip": BODY for name in names} | {f"{folder}/readme.txt": b"?"})
    ask = partial(BinanceArchive.listed, series=MINUTES, period="monthly", first=first, last="2023-02", due="2023-05")
    found, server = use(tmp_path, bucket, ask)
    expected = ["2022-12", "2023-01", "2023-02"]
    assert [one.date_key for one in found.objects] == expected[expected.index(max(first, "2022-12")) :]
    others = {key.rpartition("/")[2] for key in found.not_understood}
    assert "BTCUSDT-1m-2023-13.zip" in others
    assert first == "2023-01" or {"BTCUSDT-1m-latest.zip", "readme.txt"} <= others, "asked for where a month is missing"
    assert server.count <= 6


def test_symbols_and_intervals(tmp_path: Path) -> None:
    other = Series("spot", "klines", "币安人生USDT", "1h")
    bucket = Bucket(objects_of(MINUTES, "2023-01-01", "2023-01-02") | objects_of(other, "2023-01-01", "2023-01-01"), 1)
    bucket.objects["data/spot/daily/klines//x"] = b""
    bucket.objects["data/spot/daily/klines/BTCUSDT//x"] = b""
    bucket.objects["data/spot/daily/klines/BTCUSDT/1d/x"] = b""
    bucket.objects["data/spot/daily/klines/BTCUSDT/9q/x"] = b""
    found, _ = use(tmp_path, bucket, lambda archive: archive.symbols("spot", "klines", "daily"))
    assert found == ["BTCUSDT", "币安人生USDT"]
    intervals, _ = use(tmp_path, bucket, lambda archive: archive.intervals("spot", "klines", "BTCUSDT", "daily"))
    assert intervals == ["1m", "1d"]
    nobody, _ = use(tmp_path, bucket, lambda archive: archive.symbols("um", "klines", "daily"))
    assert nobody == []


def test_a_listing_server_that_is_no_listing(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(lambda _: Reply(b"<html/>")) as server, client(tmp_path) as http:
            with pytest.raises(ProviderError, match="BCDATA_BINANCE_LISTING_URL"):
                await BinanceArchive(http, server.url, server.url).objects(MINUTES, "daily")

    asyncio.run(run())
