"""The report in a browser, opened from its folder: it reads well, works, and asks nobody."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from bcdata.site.pages import front, slug, symbol_page
from bcdata.site.write import write
from bcdata_tests.browser import SIZES, chromium, opened
from bcdata_tests.site.conftest import HOSTILE, chart, report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
SYMBOLS = (*HOSTILE, *(f"COIN{number:03}USDT" for number in range(500)))
FEW = SYMBOLS[:20]
"""axe looks at the contrast of every cell."""
PAGES = ("index.html", "datasets/spot_klines_1m.html", f"symbols/{slug(HOSTILE[0])}.html")


def written(out: Path, symbols: tuple[str, ...]) -> Path:
    """A report of these symbols, some of which are hostile and have pages."""
    made = report(symbols)
    pages = (symbol_page(made, one, [(entry, chart(365)) for entry in made.symbols[one]]) for one in HOSTILE)
    write(out, [*front(made), *pages])
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("site") / "report", FEW)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as one:
        yield one


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_read_by_everybody_at_any_size(
    browser: "Browser", folder: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    with opened(browser, size, scheme) as seen:
        for name in PAGES:
            seen.page.goto(f"file://{folder}/{name.replace('%', '%25')}")
            assert seen.violations() == [], name
            assert not seen.overflows(), name
        assert seen.errors == []
        assert all(one.startswith(("file:", "data:")) for one in seen.asked)


def test_the_search_finds_symbols_and_a_click_opens_them(browser: "Browser", tmp_path: Path) -> None:
    folder = written(tmp_path / "report", SYMBOLS)
    with opened(browser) as seen:
        seen.page.goto(f"file://{folder}/index.html")
        assert seen.page.locator("#symbols tbody tr:visible").count() == len(SYMBOLS)
        seen.page.fill("#search", "<SCRIPT>")
        assert seen.page.locator("#symbols tbody tr:visible").count() == 1
        assert seen.page.inner_text("#shown") == f"1 of {len(SYMBOLS)}"
        seen.page.click("#symbols tbody tr:visible a")
        assert seen.page.inner_text("h1") == HOSTILE[0]
        assert seen.page.locator("svg.candles g").count() == 365
        assert seen.errors == []


def test_the_colours_can_be_chosen(browser: "Browser", folder: Path) -> None:
    with opened(browser) as seen:
        seen.page.goto(f"file://{folder}/index.html")
        before = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen.page.click("#theme")
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") != before
        assert seen.violations() == []
