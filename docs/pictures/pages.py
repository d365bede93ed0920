"""Draws the pictures of pages: `python docs/pictures/pages.py http://127.0.0.1:3000 report`.

The first argument is Dagster's address (`bcdata ui` on the demo's lake), the second the folder of `bcdata report` on
the same lake.
"""

# ruff: noqa: INP001 (a script beside its pictures)

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
ASSET = "/assets/merged/spot_klines_1m"
DAGSTER = {
    "page-asset": f"{ASSET}?view=overview",
    "page-partitions": f"{ASSET}?view=partitions",
    "page-check": f"{ASSET}?view=checks&checkDetail=gate",
    "page-timeline": "/overview/activity/timeline",
}
REPORT = {"report-lake": "index.html", "report-symbol": "symbols/BTCUSDT.html"}
SETTLES = 8_000
"""Milliseconds until Dagster's pages have asked for all that they show."""


def draw(page: Page, name: str, address: str, wait: int) -> None:
    """One picture."""
    page.goto(address)
    page.wait_for_timeout(wait)
    page.screenshot(path=HERE / f"{name}.png")


def main(url: str, report: Path) -> None:
    """All pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for name, path in DAGSTER.items():
            draw(page, name, f"{url}{path}", SETTLES)
        for name, path in REPORT.items():
            draw(page, name, f"{report.resolve().as_uri()}/{path}", 500)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
