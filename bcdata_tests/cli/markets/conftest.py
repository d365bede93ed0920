"""The commands that need no lake, at a known time, with calendars in a folder of the test's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from bcdata.cli import app

Ask = Callable[..., Any]

CATALOG = """
markets:
  us_futures: {calendar: CMES, type: future, currency: USD, since: 2000-01, pauses: ["16:00-17:00 America/Chicago"]}
datasets:
  spot_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
"""


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What a command says with --json; it must end well."""
    folder = tmp_path_factory.mktemp("markets")
    (folder / "catalog.yaml").write_text(CATALOG)
    variables = {
        "BCDATA_CATALOG": str(folder / "catalog.yaml"),
        "BCDATA_NOW": "2026-01-15T00:00:00Z",
        "BCDATA_STATE": str(folder / "state"),
        "COLUMNS": "200",
    }

    def run(*words: str, as_json: bool = True) -> Any:
        done = CliRunner().invoke(app, [*words, *(["--json"] if as_json else [])], env=variables)
        if done.exception is not None:
            raise done.exception
        return json.loads(done.stdout) if as_json else done.output

    return run
