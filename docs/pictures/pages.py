"""Draws docs/pictures/pages/: Dagster's pages and the report, of a lake that is made for them, at three sizes.

Run it from the project's root: python docs/pictures/pages.py

The lake holds the demo's market, one partition of which is broken at its source.
"""

# ruff: noqa: INP001 (a script beside its pictures)

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bcdata.catalog.load import PACKAGED
from bcdata.cli.demo import NOW
from bcdata.clock import parse_instant
from bcdata.simulate import Fault, GeneratedMarket, LoopbackExchange

PICTURES = Path(__file__).with_suffix("")
SIZES = ((1024, 768), (1280, 900), (1920, 1080))
PHONE = (390, 800)
"""Pixels. Dagster's pages are not made for phones; there the report alone is drawn."""
FAULTS = (
    Fault("ETHUSDT-1m-2023-02", "republish", body=b"PK: not a zip, whatever its CHECKSUM says"),
    Fault("symbol=ETHUSDT&interval=1m", "status", status=451),
)
"""A month of ETHUSDT that nothing can open, and no other source that has it."""
COMMANDS = {
    "materialize --dataset um_klines_1m --symbols BTCUSDT --from 2023-01 --to 2023-02": 0,
    "materialize --dataset spot_klines_1m --symbols BTCUSDT,ETHUSDT,SRMUSDT --from 2023-01 --to 2023-04": 1,
}
"""What makes the lake, and how it ends."""
ASSET = "/assets/merged/spot_klines_1m"
DAGSTER = {
    "asset": (f"{ASSET}?view=overview", "open of the bar, its label, UTC"),
    "partitions": (f"{ASSET}?view=partitions&partition=2023-02%7CETHUSDT", "and did not materialize this asset"),
    "check": (f"{ASSET}?view=checks&checkDetail=gate", "Latest execution"),
    "timeline": ("/overview/activity/timeline", "Jobless asset materializations"),
}
"""Where a page lies, and words that stand on it when it is whole."""
REPORT = {"report-lake": "index.html", "report-symbol": "symbols/BTCUSDT.html"}
COLORS = 128
PATIENCE, SETTLES = 120_000, 3_000
"""Milliseconds until a page has to be there, and until what is beside its content has come, too."""


@contextmanager
def lake(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of commands on a lake that is there, with a partition that failed."""
    with LoopbackExchange(GeneratedMarket.demo(), now=parse_instant(NOW), faults=FAULTS) as exchange:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("BCDATA_", "DAGSTER_"))},
            **exchange.environment(),
            "BCDATA_CATALOG": str(PACKAGED),
            "BCDATA_ROOT": str(folder / "lake"),
            "BCDATA_STATE": str(folder / "state"),
            "BCDATA_NOW": NOW,
            "DAGSTER_HOME": str(folder / "home"),
        }
        for command, ends in COMMANDS.items():
            run(command, environment, ends=ends)
        run(f"report --out {folder / 'report'}", environment)
        yield environment


def run(command: str, environment: Mapping[str, str], *, ends: int = 0) -> None:
    """One command, that ends so."""
    done = subprocess.run([sys.executable, "-m", "bcdata", *command.split()], env=environment, check=False)  # noqa: S603
    if done.returncode != ends:
        raise SystemExit(f"bcdata {command}: ended with {done.returncode}, not {ends}")


@contextmanager
def served(environment: Mapping[str, str]) -> Iterator[str]:
    """The address of Dagster's pages on the lake, while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "bcdata", "ui", "--port", port, "--no-browser"]
    ui = subprocess.Popen(command, env=environment)  # noqa: S603
    try:
        await_answer(url := f"http://127.0.0.1:{port}")
        yield url
    finally:
        ui.send_signal(signal.SIGINT)
        ui.wait()


def await_answer(url: str) -> None:
    """Waits for the webserver."""
    for _ in range(PATIENCE // 500):
        with suppress(URLError), urlopen(f"{url}/server_info"):  # noqa: S310 (loopback)
            return
        time.sleep(0.5)
    raise SystemExit(f"{url} does not answer")


def keep(page: Page, name: str) -> None:
    """What is shown, in few colours: pictures lie in the repository."""
    shown = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    size = page.viewport_size or {}
    shown.quantize(COLORS, Image.Quantize.MAXCOVERAGE).save(PICTURES / f"{name}-{size['width']}.png", optimize=True)


def draw(page: Page, url: str) -> None:
    """Dagster's pages."""
    for title, (path, words) in DAGSTER.items():
        page.goto(f"{url}{path}")
        page.get_by_text(words).first.wait_for()
        if title == "timeline":
            page.get_by_role("button", name="1hr").click()
        page.wait_for_timeout(SETTLES)
        keep(page, title)


def draw_report(page: Page, report: Path) -> None:
    """Pages of the report."""
    for title, path in REPORT.items():
        page.goto(f"{report.as_uri()}/{path}")
        keep(page, title)


def main() -> None:
    """All pictures."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        lake(Path(name)) as environment,
        served(environment) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width, height in (*SIZES, PHONE):
            page = browser.new_page(viewport={"width": width, "height": height}, timezone_id="UTC")
            page.set_default_timeout(PATIENCE)
            if (width, height) in SIZES:
                draw(page, url)
            if width != SIZES[0][0]:
                draw_report(page, Path(name) / "report")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
