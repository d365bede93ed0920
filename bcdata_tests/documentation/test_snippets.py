"""Every line that the tutorial and the guides tell people to type runs, in the order of its page, on one lake."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata_tests.documentation.snippets import DOCS, ROOT, Snippet, snippets
from bcdata_tests.run import pointed_at, utc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOW = "2023-07-04T00:00:00Z"
CATALOG = """
datasets:
  spot_klines_1m:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    features: {select: [log_ret_1, log_ret_60, rsi_14, natr_14, beta_btc_240, xs_rank_60]}
    resample: [5m, 15m, 1h, 4h, 1d]
"""
NOT_RUN = {
    "pip install": "it is the installation, of which the tests have made one",
    "make ": "CI runs it",
    "bcdata demo": "it has tests of its own, and the lake here is like its",
    "bcdata simulate": "a server; all venues are served by tests",
    "python -m bcdata.simulate": "a server; all venues are served by tests",
    "bcdata jobs cancel": "the page's ID is none of this lake: bcdata_tests/cli/test_jobs.py",
    "bcdata jobs retry": "the page's ID is none of this lake: bcdata_tests/cli/test_jobs.py",
    "freqtrade backtesting": "an engine, which bcdata does not install: bcdata_tests/exports/test_freqtrade.py",
    "bcdata import": "the page's folders are a reader's: bcdata_tests/adoption",
    "bcdata alert test": "the page's channels are nobody's: bcdata_tests/alerts",
    "export BCDATA_ALERT_URLS": "the page's channels are nobody's",
    "bcdata doctor": "what it says of a machine is for its owner: bcdata_tests/cli/setup",
    ". .venv/bin/activate": "the tests run in it",
}
"""Lines that begin so are not run, with the reason."""
PAGES = [ROOT / "README.md", DOCS / "tutorial.md", *sorted((DOCS / "guides").glob("*.md"))]
ASKING = ("bcdata init", "bcdata materialize spot_klines_1m --last")
"""Lines that ask a question on a terminal; here they are answered before."""
FAILING = ("bcdata features check docs/examples/leaking_feature.py",)
"""Lines that end with status 1, to show what they find."""
OF_OTHERS = {"python.md", "add-a-provider.md", "run-without-network.md", "add-a-feature.md", "export.md"}
"""Pages whose Python runs elsewhere: `api/test_guides.py`, `exports/`, `scenarios/`, `simulate/`, or below."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a lake like the demo's, with the exchange beside it."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "catalog.yaml").write_text(CATALOG)
    with (
        LoopbackExchange(GeneratedMarket.demo(), now=utc("2023-07-04")) as exchange,
        pointed_at(exchange.environment(), folder / "state") as variables,
    ):
        own = {"BCDATA_ROOT": str(folder / "lake"), "BCDATA_CATALOG": str(folder / "catalog.yaml"), "BCDATA_NOW": NOW}
        environment = {**variables, **own, "DAGSTER_HOME": str(folder / "home")}
        words = [
            "materialize",
            "spot_klines_1m",
            "--symbols",
            "BTCUSDT,ETHUSDT",
            "--from",
            "2023-01",
            "--to",
            "2023-04",
            "--yes",
        ]
        done = CliRunner().invoke(app, words, env=environment)
        assert done.exit_code == 0, done.output
        yield environment


@pytest.mark.parametrize("page", [one for one in PAGES if snippets(one)], ids=lambda page: page.stem)
def test_what_a_page_tells_to_type_runs(page: Path, world: dict[str, str], tmp_path: Path) -> None:
    for name in ("docs", "bcdata"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "data").symlink_to(Path(world["BCDATA_ROOT"]))
    code = ""
    for one in snippets(page):
        if one.language == "python" and page.name not in OF_OTHERS:
            code += one.text  # a page is read from the top: what a block defines the next one may use
            _run(code, one, world, tmp_path, page)
        for line in one.lines() if one.language == "sh" else ():
            if not line.startswith((*NOT_RUN, "export BCDATA_ROOT")):
                _type(f"{line} --yes" if line.startswith(ASKING) else line, world, tmp_path)


def _type(line: str, world: dict[str, str], folder: Path) -> None:
    """A command in this process, if it is one of bcdata's; anything with a pipe in a shell."""
    if line.startswith("bcdata ") and "|" not in shlex.split(line):
        before = Path.cwd()
        os.chdir(folder)
        try:
            done = CliRunner().invoke(app, shlex.split(line)[1:], env=world, input="SELECT 1;\n")
        finally:
            os.chdir(before)
        assert done.exit_code == (1 if line in FAILING else 0), (line, done.output, done.exception)
        return
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line], cwd=folder, env={**os.environ, **world, "PATH": _path()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shell.returncode == 0, (line, shell.stdout, shell.stderr)


def _run(code: str, one: Snippet, world: dict[str, str], folder: Path, page: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder,
        env={**os.environ, **world}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (f"{page.name}:{one.line}", done.stderr)


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def test_the_feature_of_the_guide_is_the_one_of_the_example() -> None:
    [code] = [one.text for one in snippets(DOCS / "guides/add-a-feature.md") if one.language == "python"]
    assert code in (DOCS / "examples/my_features.py").read_text()


def test_no_reason_is_kept_for_lines_that_nobody_types() -> None:
    lines = [line for page in PAGES for one in snippets(page) if one.language == "sh" for line in one.lines()]
    assert all(any(line.startswith(begin) for line in lines) for begin in NOT_RUN)
