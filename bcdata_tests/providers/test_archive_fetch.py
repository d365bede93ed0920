"""Objects of the archive as they come: checksums, damage on the way, republications, what is not there."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bcdata.errors import NotFoundError, UnreachableError
from bcdata.net.answers import OversizeError
from bcdata.providers.base import BulkObject, FetchedObject, Series
from bcdata_tests.net.fault_server import FaultServer, Reply
from bcdata_tests.providers.archive_bucket import BODY, line, objects_of, use
from bcdata_tests.providers.listing_server import Bucket


def fetch(state: Path, bucket: Bucket, one: BulkObject) -> tuple[FetchedObject, FaultServer]:
    return use(state, bucket, lambda archive: archive.fetch(one))


def an_object(symbol: str = "BTCUSDT") -> tuple[Bucket, BulkObject]:
    series = Series("spot", "klines", symbol, "1m")
    bucket = Bucket(objects_of(series, "2023-01-01", "2023-01-01"))
    key = f"data/spot/daily/klines/{symbol}/1m/{symbol}-1m-2023-01-01.zip"
    return bucket, BulkObject(key, "daily", "2023-01-01", size=len(BODY))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "币安人生USDT"])
def test_an_object_and_its_checksum(tmp_path: Path, symbol: str) -> None:
    bucket, one = an_object(symbol)
    got, server = fetch(tmp_path, bucket, one)
    assert got == FetchedObject(
        BODY,
        hashlib.sha256(BODY).hexdigest(),
        checksum="match",
        checksum_text=line(BODY, one.name).decode(),
        last_modified=datetime(2023, 2, 1, 4, 5, 6, tzinfo=UTC),
        etag="abc",
        size_differs=False,
    )
    assert server.count == 2


@pytest.mark.parametrize("text", [b"%s  %s", b"\xef\xbb\xbf%s  %s\n", b"%s  %s\r\n", b"%s *%s\n", b"%s\t%s\n\n"])
def test_checksums_in_any_dress(tmp_path: Path, text: bytes) -> None:
    bucket, one = an_object()
    bucket.objects[one.key + ".CHECKSUM"] = text % (
        hashlib.sha256(BODY).hexdigest().upper().encode(),
        one.name.encode(),
    )
    assert fetch(tmp_path, bucket, one)[0].checksum == "match"


@pytest.mark.parametrize(
    ("checksum", "state", "requests"),
    [
        (line(b"other bytes", "BTCUSDT-1m-2023-01-01.zip"), "mismatch", 4),
        (line(BODY, "BTCUSDT-1m-2023-01-02.zip"), "malformed", 4),
        (b"", "malformed", 4),
        (b"<html>hotel</html>", "malformed", 4),
        (b"\xff\xfe" * 5000, "malformed", 4),
        (None, "missing", 2),
    ],
)
def test_a_wrong_checksum_is_a_state_and_not_an_endless_download(
    tmp_path: Path, checksum: bytes | None, state: str, requests: int
) -> None:
    bucket, one = an_object()
    if checksum is None:
        del bucket.objects[one.key + ".CHECKSUM"]
    else:
        bucket.objects[one.key + ".CHECKSUM"] = checksum
    got, server = fetch(tmp_path, bucket, one)
    assert (got.checksum, got.body) == (state, BODY)
    assert server.count == requests


def test_damage_in_transit_is_gone_at_the_next_try(tmp_path: Path) -> None:
    bucket, one = an_object()
    bucket.overrides[one.key] = [Reply(BODY[:-1] + b"?"), Reply(BODY)]
    got, server = fetch(tmp_path, bucket, one)
    assert (got.checksum, got.body) == ("match", BODY)
    assert server.count == 4


def test_a_republication_between_the_two_requests(tmp_path: Path) -> None:
    bucket, one = an_object()
    new = b"PK newer zipped bars, longer than before"
    bucket.overrides[one.key] = [Reply(BODY), Reply(new)]
    bucket.objects[one.key + ".CHECKSUM"] = line(new, one.name)
    got, _ = fetch(tmp_path, bucket, one)
    assert (got.checksum, got.body, got.size_differs) == ("match", new, True)


def test_bytes_that_never_settle_are_kept_as_they_came_last(tmp_path: Path) -> None:
    bucket, one = an_object()
    bucket.overrides[one.key] = [Reply(b"one"), Reply(b"two"), Reply(b"three"), Reply(b"four")]
    got, server = fetch(tmp_path, bucket, one)
    assert (got.checksum, got.body, got.size_differs) == ("mismatch", b"three", True)
    assert server.count == 6


def test_a_proxy_that_cuts_bodies_short_without_saying_so(tmp_path: Path) -> None:
    bucket, one = an_object()
    del bucket.objects[one.key + ".CHECKSUM"]
    bucket.overrides[one.key] = [Reply(BODY[:5], length=-1), Reply(BODY)]
    got, _ = fetch(tmp_path, bucket, one)
    assert (got.checksum, got.body, got.size_differs) == ("missing", BODY, False)


def test_without_the_checksum_the_listing_says_whether_the_bytes_are_whole(tmp_path: Path) -> None:
    bucket, one = an_object()
    one = replace(one, etag=hashlib.md5(BODY, usedforsecurity=False).hexdigest())
    bucket.overrides[one.key] = [Reply(BODY[:-1] + b"?"), Reply(BODY)]
    got, server = use(tmp_path, bucket, lambda archive: archive.fetch(one, with_checksum=False))
    assert (got.checksum, got.body) == ("not asked", BODY)
    assert server.count == 2


def test_what_is_not_there(tmp_path: Path) -> None:
    bucket, one = an_object()
    del bucket.objects[one.key]
    with pytest.raises(NotFoundError):
        fetch(tmp_path, bucket, one)


def test_an_object_far_larger_than_listed_is_not_taken_in(tmp_path: Path) -> None:
    bucket, one = an_object()
    bucket.overrides[one.key] = [Reply(b"x" * (3 << 20))]
    with pytest.raises(OversizeError):
        fetch(tmp_path, bucket, one)


@pytest.mark.parametrize("suffix", ["", ".CHECKSUM"])
def test_a_failing_server_is_an_error_whichever_request_it_fails(tmp_path: Path, suffix: str) -> None:
    bucket, one = an_object()
    bucket.overrides[one.key + suffix] = [Reply(status=500)]
    with pytest.raises(UnreachableError, match="failed with 500"):
        fetch(tmp_path, bucket, one)
