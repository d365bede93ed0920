"""How long Dagster's pages take to show what they are opened for, in Chromium, with few symbols and with many."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from bcdata.catalog.load import PACKAGED as CATALOG
from benchmarks.measure import PROJECT, BenchmarkError, child, environment, median
from benchmarks.tables import Result, Table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NAME = "pages"
SIZES = ((1280, 900), (1920, 1080))
JOB = "materialize_spot_month"
_ASSET = "/assets/merged/spot_klines_1m"
_PATIENCE = 180_000
Show = Callable[["Page"], "Locator"]
Times = dict[str, dict[str, list[float]]]
"""Seconds by page and width."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many symbols and months there are, and how often each page is opened."""

    symbols: tuple[int, ...] = (10, 500)
    months: int = 84
    rounds: int = 3
    pictures: Path | None = None


QUICK = Plan(symbols=(3,), months=2, rounds=1)


def _text(words: str) -> Show:
    return lambda page: page.get_by_text(re.compile(words)).first


PAGES: dict[str, tuple[str, Show]] = {
    "timeline": ("/overview/activity/timeline", _text(f"^{JOB}$")),
    "runs": ("/runs", lambda page: page.get_by_role("link").filter(has_text=re.compile("^[0-9a-f]{8}$")).first),
    "assets": ("/assets?view=all", _text("^merged")),
    "graph of all assets": ("/asset-groups", _text("^merged$")),
    "an asset": (f"{_ASSET}?view=overview", _text(" ago$")),
    "its partitions": (f"{_ASSET}?view=partitions", _text(r"^Materialized \([1-9]")),
    "its check": (f"{_ASSET}?view=checks&checkDetail=gate", _text("Evaluation result")),
    "its job": (f"/locations/bcdata/jobs/{JOB}", lambda page: page.get_by_role("button", name="Materialize all")),
}
"""Where each page lies, and what stands on it when it shows what it is opened for."""
DIALOG = "launch dialog"


def run(plan: Plan) -> Result:
    """Fills an instance for each number of symbols, serves it, and opens its pages."""
    from playwright.sync_api import sync_playwright

    found: dict[int, Times] = {}
    loads: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for symbols in plan.symbols:
            with _served(symbols, plan.months) as url:
                loads.append(os.getloadavg()[0])
                found[symbols] = _timed(browser, url, plan, symbols)
        browser.close()
    return Result(NAME, [_table(plan, found, loads)], {str(symbols): times for symbols, times in found.items()})


def _timed(browser: "Browser", url: str, plan: Plan, symbols: int) -> Times:
    """Seconds by page and width; a first round, in which the server is cold, is kept by itself."""
    times: Times = {}
    for name, seconds in _visit(browser, url, SIZES[0], None):
        times[name] = {"first": [seconds]}
    for size in SIZES:
        for number in range(plan.rounds):
            prefix = plan.pictures / f"{symbols}" if plan.pictures and not number else None
            for name, seconds in _visit(browser, url, size, prefix):
                times[name].setdefault(str(size[0]), []).append(seconds)
    return times


def _visit(browser: "Browser", url: str, size: tuple[int, int], prefix: Path | None) -> Iterator[tuple[str, float]]:
    """Opens all pages one after the other; a window of its own has Dagster's scripts since the first of them."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    for name, (path, shows) in PAGES.items():
        began = time.perf_counter()
        page.goto(f"{url}{path}")
        shows(page).wait_for()
        yield name, time.perf_counter() - began
        _picture(page, prefix, name, size[0])
    began = time.perf_counter()
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_role("dialog").get_by_placeholder("ex:").wait_for()
    yield DIALOG, time.perf_counter() - began
    _picture(page, prefix, DIALOG, size[0])
    context.close()


def _picture(page: "Page", prefix: Path | None, name: str, width: int) -> None:
    """To be looked at; what comes after the content is in it."""
    if prefix:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=f"{prefix}-{width}-{name.replace(' ', '-')}.png")


@contextmanager
def _served(symbols: int, months: int) -> Iterator[str]:
    """The address of a webserver on an instance of so many partitions."""
    with tempfile.TemporaryDirectory(prefix="bcdata-pages-") as folder, socket.create_server(("127.0.0.1", 0)) as free:
        home, port = Path(folder), str(free.getsockname()[1])
        free.close()
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(PROJECT / name, home / name)
        extra = {"DAGSTER_HOME": folder, "BCDATA_ROOT": str(home / "lake"), "BCDATA_CATALOG": str(CATALOG)}
        child("page_instance", {"symbols": symbols, "months": months}, cwd=home, extra=extra)
        words = [str(Path(sys.executable).with_name("dagster-webserver")), "-h", "127.0.0.1", "-p", port]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(words, cwd=home, env=environment(extra), stdout=log, stderr=log)
            try:
                yield _answering(f"http://127.0.0.1:{port}")
            finally:
                server.terminate()
                server.wait()


def _answering(url: str) -> str:
    for _ in range(_PATIENCE // 500):
        with suppress(URLError), urlopen(f"{url}/server_info"):  # noqa: S310 (loopback)
            return url
        time.sleep(0.5)
    raise BenchmarkError(f"{url} does not answer")


def _table(plan: Plan, found: dict[int, Times], loads: list[float]) -> Table:
    columns = ["first", *(str(width) for width, _ in SIZES)]
    header = ["s", *(f"{symbols} symbols, {_words(one)}" for symbols in found for one in columns)]
    rows: list[list[Any]] = [
        [name, *(median(times[name][one]) for times in found.values() for one in columns)] for name in [*PAGES, DIALOG]
    ]
    note = (
        f"Seconds until a page shows what it is opened for, medians of {plan.rounds}; *first* is the first"
        f" visit of all, when the webserver has looked at nothing yet. {plan.months} months of each symbol in the six"
        " assets of `spot_klines_1m` up to features; of a hundred partitions five are missing and one has failed."
        f" Load when the first page was opened: {', '.join(f'{load:.1f}' for load in loads)}."
    )
    return Table("Dagster's pages", header, rows, note)


def _words(column: str) -> str:
    return "first" if column == "first" else f"{column} px"
