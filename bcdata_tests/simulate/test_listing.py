"""Pages of the listing, against brute force and against the recorded ones."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bcdata.simulate import LoopbackExchange
from bcdata.simulate.binance.listing import ListingQuery, Page, page, render
from bcdata.simulate.binance.market.market import ObjectStat
from bcdata_tests.simulate.client import ListedPage, get, read_page

KEYS = st.lists(st.text("ab/币", min_size=1, max_size=6), unique=True, max_size=40).map(sorted)
PREFIXES = st.text("ab/币", max_size=3)


def entries(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """What all pages together have to list, by definition."""
    found = []
    for key in keys:
        if key.startswith(prefix):
            head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            entry = prefix + head + cut if cut else key
            if entry not in found:
                found.append(entry)
    return found


@given(KEYS, PREFIXES, st.sampled_from(["", "/", "b"]), st.integers(1, 5))
def test_pages_together_list_every_entry_once_in_order(keys: list[str], prefix: str, delimiter: str, size: int) -> None:
    listed: list[str] = []
    marker = ""
    while True:
        found = page(keys, ListingQuery(prefix, delimiter, marker, size))
        here = sorted([*found.keys, *found.prefixes])
        listed += here
        if not found.next_marker:
            break
        assert len(here) == size
        assert found.next_marker == here[-1]
        marker = found.next_marker
    assert listed == entries(keys, prefix, delimiter)


@given(KEYS, PREFIXES, st.text("ab/币", max_size=4))
def test_a_marker_need_not_be_a_key(keys: list[str], prefix: str, marker: str) -> None:
    found = page(keys, ListingQuery(prefix, "", marker))
    assert found.keys == [key for key in keys if key.startswith(prefix) and key > marker]


def test_no_keys_asked_for_is_an_empty_page() -> None:
    assert page(["a", "b"], ListingQuery(max_keys=0)) == Page([], [])


def test_rendered_as_recorded(shared_data: Path) -> None:
    """The recorded page was shortened; its head and first entry are whole."""
    recorded = (shared_data / "binance_listing" / "keys_truncated_no_nextmarker.xml").read_text()
    key, modified, etag, size = re.search(
        r"<Key>(.*?)</Key><LastModified>(.*?)</LastModified><ETag>(.*?)</ETag><Size>(.*?)</Size>", recorded
    ).groups()  # type: ignore[union-attr]
    stat = ObjectStat(
        int(size),
        etag.replace("&quot;", '"'),
        datetime.strptime(modified, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC),
    )
    query = ListingQuery(prefix=key[: key.rindex("/") + 1])
    text = render(Page([key], [], next_marker=key), query, lambda _: stat)
    assert text.endswith("</Contents></ListBucketResult>")
    assert recorded.startswith(text.removesuffix("</ListBucketResult>"))


def test_common_prefixes_as_recorded(shared_data: Path) -> None:
    recorded = (shared_data / "binance_listing" / "prefixes_truncated_nextmarker.xml").read_text()
    marker = re.findall("<NextMarker>.*?</NextMarker>", recorded)[0]
    prefixes = re.findall("<CommonPrefixes>.*?</CommonPrefixes>", recorded)
    names = [re.sub("<.*?>", "", entry) for entry in prefixes]
    found = Page([], names, next_marker=re.sub("<.*?>", "", marker))
    text = render(found, ListingQuery("data/futures/um/daily/klines/", "/"), lambda _: None)
    assert marker in text
    assert "".join(prefixes) in text
    assert marker not in render(found, ListingQuery("data/futures/um/daily/klines/"), lambda _: None)


def walk(exchange: LoopbackExchange, prefix: str, **parameters: str | int) -> list[ListedPage]:
    """All pages, by NextMarker, or where there is none by the last key."""
    pages = [read_page(get(f"{exchange.url}/listing", prefix=prefix, **parameters).body)]
    while pages[-1].truncated:
        marker = pages[-1].next_marker or pages[-1].keys[-1]
        reply = get(f"{exchange.url}/listing", prefix=prefix, marker=marker, **parameters)
        pages.append(read_page(reply.body))
    return pages


def test_a_symbol_over_several_pages(mirror: LoopbackExchange, vision: Path) -> None:
    prefix = "data/spot/daily/klines/BTCUSDT/"
    pages = walk(mirror, prefix)
    assert [len(found.keys) for found in pages[:-1]] == [1000] * (len(pages) - 1)
    assert len(pages) > 2
    assert all(found.next_marker is None for found in pages)
    listed = [key for found in pages for key in found.keys]
    files = [path.relative_to(vision).as_posix() for path in (vision / prefix).rglob("*") if path.is_file()]
    assert listed == sorted(files)


def test_a_folder_level(mirror: LoopbackExchange, vision: Path) -> None:
    prefix = "data/spot/daily/klines/"
    pages = walk(mirror, prefix, delimiter="/", **{"max-keys": 2})
    names = sorted(path.name for path in (vision / prefix).iterdir())
    assert [name for found in pages for name in found.prefixes] == [f"{prefix}{name}/" for name in names]
    assert all(found.next_marker == found.prefixes[-1] for found in pages[:-1])
    assert not any(found.keys for found in pages)


def test_entries_say_what_a_get_says(exchange: LoopbackExchange) -> None:
    prefix = "data/spot/daily/klines/币安人生USDT/1h/"
    contents = walk(exchange, prefix)[0].contents
    assert len(contents) == 2 * 28  # 2023-06-05 .. 2023-07-02: the day after is out at 08:00 only
    for entry in contents[:6]:
        reply = get(f"{exchange.url}/archive/{entry['Key']}")
        assert reply.headers["ETag"] == entry["ETag"]
        assert int(reply.headers["Content-Length"]) == int(entry["Size"]) == len(reply.body)
        modified = datetime.fromisoformat(entry["LastModified"])
        assert reply.headers["Last-Modified"] == modified.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_bad_page_length_is_refused(exchange: LoopbackExchange) -> None:
    reply = get(f"{exchange.url}/listing", **{"max-keys": "many"})
    assert reply.status == 400
    assert b"InvalidArgument" in reply.body
