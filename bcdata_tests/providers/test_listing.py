"""Listing pages: as S3 sends them, and as a broken or lying server might."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bcdata.errors import ProviderError
from bcdata.providers.binance.files.listing import Listing, Page, parse_page
from bcdata_tests.net.fault_server import FaultServer, Handler, Reply, Request, serving
from bcdata_tests.net.helpers import client
from bcdata_tests.providers.listing_server import Bucket


def collect(state: Path, handler: Handler, **options: str) -> tuple[list[Page], FaultServer]:
    async def run() -> tuple[list[Page], FaultServer]:
        async with serving(handler) as server, client(state) as http:
            pages = [page async for page in Listing(http, server.url).pages("a/", **options)]  # type: ignore[arg-type]
            return pages, server

    return asyncio.run(run())


def keys(pages: list[Page]) -> list[str]:
    return [entry.key for page in pages for entry in page.entries]


def xml(content: str, truncated: str = "false") -> bytes:
    return f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{content}</ListBucketResult>".encode()


def test_a_real_page_without_next_marker(shared_data: Path) -> None:
    body = (shared_data / "binance_listing" / "keys_truncated_no_nextmarker.xml").read_bytes()
    page = parse_page(body)
    assert (page.is_truncated, page.next_marker, page.prefixes) == (True, None, [])
    assert page.last == "data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2020-01-01.zip"
    first, checksum, _ = page.entries
    assert first.size == 1387
    assert first.last_modified == datetime(2022, 3, 21, 8, 58, 2, tzinfo=UTC)
    assert first.etag == "4c65e8f69a3ebae0cebef683f18dff3c"  # pragma: allowlist secret
    assert (checksum.last_modified, checksum.etag) == (None, None)


def test_a_real_page_of_folders(shared_data: Path) -> None:
    page = parse_page((shared_data / "binance_listing" / "prefixes_truncated_nextmarker.xml").read_bytes())
    assert page.prefixes == ["data/futures/um/daily/klines/0GUSDT/"]
    assert page.next_marker == "data/futures/um/daily/klines/XVGUSDT/"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.text("abcXYZ019/-&<币", min_size=1, max_size=8), max_size=25),
    page=st.integers(1, 6),
    delimiter=st.sampled_from(["", "/"]),
)
def test_pages_of_any_size_hold_everything_once(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], page: int, delimiter: str
) -> None:
    bucket = Bucket({f"a/{name}": b"x" for name in names} | {"b/other": b"x"}, page)
    pages, server = collect(tmp_path_factory.mktemp("s"), bucket, delimiter=delimiter)
    folders = {f"a/{name.partition('/')[0]}/" for name in names if "/" in name} if delimiter else set()
    plain = {f"a/{name}" for name in names if not (delimiter and "/" in name)}
    assert keys(pages) == sorted(plain)
    assert [prefix for one in pages for prefix in one.prefixes] == sorted(folders)
    assert server.count == max(1, -(-len(plain | folders) // page))


def test_it_begins_after_the_marker_and_stops_when_it_has_enough(tmp_path: Path) -> None:
    bucket = Bucket({f"a/{number:03}": b"x" for number in range(100)}, 10)
    pages, server = collect(tmp_path, bucket, marker="a/049", until="a/055")
    assert keys(pages) == [f"a/{number:03}" for number in range(50, 60)]
    assert server.count == 1


UNUSABLE = {
    "not XML": b"<html><body>Welcome to the hotel's network",
    "another document": b"<html></html>",
    "cut off": xml("<Contents><Key>a/1</Key>")[:-30],
    "empty": b"",
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xml("<Contents><Key>&a;</Key></Contents>"),
    "entities in UTF-16": ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "a">]>' + "<x/>").encode(
        "utf-16"
    ),
    "external entity": b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + xml(""),
    "no IsTruncated": b"<ListBucketResult></ListBucketResult>",
    "IsTruncated says neither": xml("", "maybe"),
    "truncated and empty": xml("", "true"),
    "does not advance": xml("<Contents><Key>a/1</Key></Contents>", "true"),
    "goes back": xml("<NextMarker>A</NextMarker><Contents><Key>a/1</Key></Contents>", "true"),
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_listing_that_cannot_be_used_is_a_clear_error(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ProviderError, match=r"not usable: .*check BCDATA_BINANCE_LISTING_URL") as caught:
        collect(tmp_path, lambda _: Reply(body), marker="a/0")
    assert "\n" not in str(caught.value)


def test_a_server_that_makes_up_keys_for_ever_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bcdata.providers.binance.files.listing._MOST_PAGES", 20)

    def handler(request: Request) -> Reply:
        return Reply(xml(f"<Contents><Key>{request.query.get('marker', 'a/')}x</Key></Contents>", "true"))

    with pytest.raises(ProviderError, match="no end after 20 pages"):
        collect(tmp_path, handler)


def test_entries_may_lack_or_garble_everything_but_the_key() -> None:
    odd = "<Size>-1</Size><LastModified>yesterday</LastModified><ETag></ETag>"
    page = parse_page(xml(f"<Contents><Key>a</Key></Contents><Contents>{odd}<Key>b</Key></Contents><Contents/>"))
    assert [(one.key, one.size, one.last_modified, one.etag) for one in page.entries] == [
        ("a", None, None, None),
        ("b", None, None, None),
    ]


def test_keys_are_unescaped() -> None:
    page = parse_page(xml("<Contents><Key>a/&amp;&#24065;&lt;</Key></Contents>"))
    assert page.entries[0].key == "a/&币<"
