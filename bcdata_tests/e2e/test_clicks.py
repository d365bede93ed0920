"""Dagster's pages in a real browser, by clicks: what they say of partitions, runs and checks is so.

One story, told in order: a partition is made; another, whose source is broken, fails and says why; its source is mended
and it heals; a backfill makes what is left of the rectangle.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bcdata_tests.browser import chromium, opened
from bcdata_tests.e2e.api import Key, wait
from bcdata_tests.e2e.pages import PATIENCE, Pages
from bcdata_tests.e2e.platform import BROKEN, REFUSED, Platform, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

D = "spot_klines_1m"
JOB = "materialize_spot_month"
MERGED: Key = ("merged", D)
FEATURES: Key = ("features", D)
FIRST, SYMBOLS = "2022-11", ("BTCUSDT", "ETHUSDT")
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: {FIRST}
    symbols: [{", ".join(SYMBOLS)}]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1]}}
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Webserver and daemon, with the symbols of the catalog."""
    with running(tmp_path_factory.mktemp("clicks"), CATALOG) as started:
        wait("symbols", lambda: set(started.api.symbols(MERGED)) == set(SYMBOLS), seconds=90)
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as one:
        yield one


@pytest.fixture
def pages(platform: Platform, browser: "Browser") -> Iterator[Pages]:
    """An empty window. Whatever is done in it: the pages print no error and ask nobody but their server.

    Dagster's own pages print none either, so nothing is left out.
    """
    with opened(browser) as seen:
        seen.page.set_default_timeout(PATIENCE)
        found = Pages(seen, platform.api.url)
        yield found
        assert seen.errors == []
        assert any("/graphql" in one for one in seen.asked)
        assert found.asked_others() == set()


def _run(pages: Pages, date: str, symbol: str, *, ends: str) -> None:
    """One run of a partition, that ends so by its page."""
    pages.launch(JOB, date, symbol)
    pages.shows(f"partition: {date}|{symbol}")
    assert pages.shows(re.compile("^(Success|Failure|Canceled)$")).inner_text() == ends


def test_the_dialog_begins_where_the_catalog_does(pages: Pages) -> None:
    dialog = pages.open_dialog(JOB)
    assert (dialog.get_by_placeholder("ex:").get_attribute("placeholder") or "").startswith(f"ex: {FIRST},")
    dialog.get_by_text(FIRST, exact=True).wait_for()


def test_a_partition_is_materialized(pages: Pages) -> None:
    _run(pages, "2023-01", "BTCUSDT", ends="Success")
    pages.open_partition(MERGED, "2023-01", "BTCUSDT")
    pages.shows("Materialized (1)")
    pages.shows("Failed (0)")
    pages.shows("44640")
    pages.shows("Materialized")
    pages.open_check(MERGED, "gate")
    pages.shows("all partitions are published")
    pages.shows("Passed")


def test_the_picture_of_a_run_opens(pages: Pages) -> None:
    pages.open_asset(MERGED, "Overview")
    pages.page.get_by_role("row").filter(has_text="coverage of the run").get_by_text("Show Markdown").click()
    picture = pages.page.get_by_role("dialog").get_by_role("img", name="coverage of the run")
    picture.wait_for()
    wide = picture.evaluate("async picture => { await picture.decode(); return picture.naturalWidth }")
    assert wide > 100


def test_a_partition_with_a_broken_source_is_failed_and_its_gate_is_red_and_says_why(pages: Pages) -> None:
    _run(pages, "2023-02", "ETHUSDT", ends="Failure")
    for key in (MERGED, FEATURES):
        pages.open_partition(key, "2023-02", "ETHUSDT")
        pages.shows(re.compile("failed, and did not materialize this asset"))
        pages.shows("Failed (1)")
        pages.shows("Materialized (1)")
    pages.open_check(MERGED, "gate")
    pages.shows("Failed")
    pages.shows(re.compile("nothing_sound: .*ETHUSDT-1m-2023-02.*not a whole zip file"))
    assert pages.page.get_by_text("Passed", exact=True).count() == 0


def test_a_mended_source_turns_it_green(platform: Platform, pages: Pages) -> None:
    platform.exchange.remove(BROKEN)
    platform.exchange.remove(REFUSED)
    _run(pages, "2023-02", "ETHUSDT", ends="Success")
    for key in (MERGED, FEATURES):
        pages.open_partition(key, "2023-02", "ETHUSDT")
        pages.shows("Failed (0)")
        pages.shows("Materialized (2)")
        pages.shows("40320")
        pages.shows("Materialized")
        pages.open_check(key, "gate")
        pages.shows("Passed")


def test_a_backfill_makes_all_partitions_of_its_rectangle(platform: Platform, pages: Pages) -> None:
    """A backfill of a job: Dagster gives it a run for each month, over a range of symbols."""
    pages.launch(JOB, "[2023-01...2023-02]", *SYMBOLS)
    pages.shows("4 partitions")
    pages.shows("100% completed")
    pages.shows("Succeeded")
    pages.open_asset(MERGED, "Partitions")
    pages.shows("Materialized (4)")
    pages.shows("Failed (0)")
    there = {path.parent.name for path in (platform.lake / "merged" / D).glob("symbol=*/date=*/part-0.parquet")}
    assert there == {"date=2023-01", "date=2023-02"}
    assert platform.api.counts(FEATURES) == {"materialized": 4, "failed": 0}
