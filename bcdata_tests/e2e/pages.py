"""Dagster's pages, clicked through as a user does: what is on them is found by its role or its words."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bcdata_tests.browser import Seen
from bcdata_tests.e2e.api import Key

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PATIENCE = 120_000
"""Milliseconds that a page may take on a machine that has other work, and a run or backfill that was launched."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one webserver in a window of a browser."""

    seen: Seen
    url: str

    @property
    def page(self) -> "Page":
        """What is shown at present."""
        return self.seen.page

    def shows(self, words: str | re.Pattern[str]) -> "Locator":
        """The first place at which these words stand, all that its element says, once they do."""
        found = self.page.get_by_text(words, exact=True).first
        found.wait_for()
        return found

    def open_dialog(self, job: str) -> "Locator":
        """The dialog that launches a job over assets, from the list of jobs on."""
        self.page.goto(self.url)
        self._in_menu("Jobs").click()
        self.page.get_by_role("link", name=job).click()
        self.page.get_by_role("button", name="Materialize all").click()
        dialog = self.page.get_by_role("dialog").filter(has_text="Launch runs to materialize")
        dialog.get_by_placeholder("ex:").wait_for()
        return dialog

    def launch(self, job: str, dates: str, *symbols: str) -> None:
        """Launches a job over dates, as the dialog writes them, and symbols; shows the page of its run or backfill."""
        dialog = self.open_dialog(job)
        dialog.get_by_placeholder("ex:").fill(dates)
        dialog.get_by_text("Select a partition or create one").click()
        for symbol in symbols:
            self.page.get_by_role("menuitem").filter(has_text=symbol).click()
        self.page.keyboard.press("Escape")
        dialog.get_by_role("button", name=re.compile("^Launch (1 run|backfill)$")).click()
        name = self.shows(re.compile("^(Launched run|Created backfill) [0-9a-z]{8}$")).inner_text().split()[-1]
        self._in_menu("Runs").click()
        self.page.get_by_role("link", name=name).first.click()
        self.page.wait_for_url(re.compile(f"/runs/(b/)?{name}"))

    def open_asset(self, key: Key, tab: str) -> None:
        """A tab of an asset's page, which is asked for anew."""
        self.page.goto(f"{self.url}/assets/{'/'.join(key)}")
        self.page.get_by_role("tab", name=tab).click()

    def open_partition(self, key: Key, date: str, symbol: str) -> None:
        """The page of one partition of an asset, picked from the lists of its dimensions."""
        self.open_asset(key, "Partitions")
        self.page.get_by_placeholder("Filter by date").fill(date)
        self.page.get_by_title(date, exact=True).click()
        self.page.get_by_title(symbol, exact=True).click()
        self.page.get_by_title(f"{date}|{symbol}").or_(self.page.get_by_text(f"{date}|{symbol}")).first.wait_for()

    def open_check(self, key: Key, name: str) -> None:
        """The page of a check of an asset."""
        self.open_asset(key, "Checks")
        self.shows(name).click()
        self.shows("Latest execution")

    def asked_others(self) -> set[str]:
        """Whom but the webserver the pages have asked."""
        own = urlsplit(self.url).netloc
        asked = {urlsplit(one.removeprefix("blob:")).netloc for one in self.seen.asked if not one.startswith("data:")}
        return asked - {own}

    def _in_menu(self, words: str) -> "Locator":
        """A link at the left; its icon is part of its accessible name."""
        return self.page.get_by_role("link").filter(has_text=re.compile(f"^{words}$")).first
