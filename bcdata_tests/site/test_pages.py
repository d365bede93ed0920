"""Pages: every value is text, every link leads to a page of the report, and names cannot leave the folder."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.site.pages import Page, front, slug, symbol_page
from bcdata.site.values import Report, SymbolEntry
from bcdata_tests.site.conftest import HOSTILE, chart, report


def pages(made: Report) -> list[Page]:
    return [
        *front(made),
        *(symbol_page(made, one, [(entry, chart()) for entry in entries]) for one, entries in made.symbols.items()),
    ]


class Read(HTMLParser):
    """The tags of a page, the addresses that it names, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_hostile_names_are_text() -> None:
    made = pages(report())
    for page in made:
        if page.path.endswith(".html"):
            read = Read(page.text)
            assert read.tags.count("script") == 1, page.path
            assert read.handlers == []
            assert not any(address.startswith(("http", "//", "javascript:")) for address in read.addresses)
    [index] = [Read(page.text).words for page in made if page.path == "index.html"]
    assert all(name in index for name in HOSTILE), "and are shown as they are"


def test_every_link_leads_to_a_page() -> None:
    made = pages(report())
    paths = {page.path for page in made}
    assert len(paths) == len(made)
    assert len({path.lower() for path in paths}) == len(paths), "also where case makes no difference"
    for page in made:
        for address in Read(page.text).addresses if page.path.endswith(".html") else ():
            if not address.startswith("data:"):
                assert unquote(urljoin(f"/{page.path}", address)).removeprefix("/") in paths, (page.path, address)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_slug_is_a_file_name_of_its_own(one: str, other: str) -> None:
    assert re.fullmatch(r"[A-Z0-9_~.a-f-]+", slug(one))
    assert PurePosixPath(slug(one)).name == slug(one)
    assert slug(one) not in {".", ".."}
    assert (slug(one).lower() == slug(other).lower()) == (one == other)


def test_numbers_are_whole_and_never_called_complete() -> None:
    entry = SymbolEntry("d", "S", "2023-01", "2023-01", 10_000_000, 9_999_999, {"open": 1}, [], 0, [], [])
    assert entry.share == 99.99
    words = unescape(symbol_page(report(), "S", [(entry, None)]).text)
    assert "9,999,999 of 10,000,000 bars, 99.99 %" in words
    assert "1 are missing without an explanation" in words


def test_a_report_of_nothing_says_so() -> None:
    from bcdata_tests.run import utc

    [index, *_] = front(Report(utc("2023-01-01"), []))
    assert "Nothing is materialized yet." in index.text


def test_a_report_of_some_symbols_names_no_other() -> None:
    made = report(("AAA", "BBB")).only(["BBB"])
    assert list(made.symbols) == ["BBB"]
    assert not any("AAA" in page.text for page in pages(made))


@pytest.mark.parametrize("days", [1, 400])
def test_candles_are_as_many_as_bars(days: int) -> None:
    made = report(("AAA",))
    text = symbol_page(made, "AAA", [(made.symbols["AAA"][0], chart(days))]).text
    assert len(re.findall(r'<g class="(?:up|down)">', text)) == days
    assert text.count('class="gap"') == (1 if days > 1 else 0)
