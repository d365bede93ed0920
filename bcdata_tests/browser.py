"""A real browser for tests of pages: Debian's Chromium, driven by Playwright, with axe inside."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = ((390, 800), (1280, 900), (1920, 1080))
"""A phone, a laptop, a screen: pixels."""


@dataclass
class Seen:
    """What a page did beside showing itself: errors that it printed, and addresses that it asked."""

    page: "Page"
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def violations(self) -> list[tuple[str, str]]:
        """What axe finds wrong: the rule, and the first element that breaks it."""
        script = files("axe_playwright_python").joinpath("axe.min.js").read_text()
        self.page.evaluate(script)
        found: Any = self.page.evaluate("axe.run({preload: false})")
        return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]

    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@contextmanager
def chromium() -> Iterator["Browser"]:
    """The browser; the test is skipped where there is none, and fails there when CI=true."""
    from playwright.sync_api import sync_playwright

    place = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if place is None:
        words = "there is no Chromium: install Debian's package chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: "Browser", size: tuple[int, int] = SIZES[1], scheme: Literal["light", "dark"] = "light"
) -> Iterator[Seen]:
    """An empty page of a size in pixels."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    seen = Seen(context.new_page())
    seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("websocket", lambda socket: seen.asked.append(socket.url))
    try:
        yield seen
    finally:
        context.close()
