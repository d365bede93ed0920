"""A market whose calendar cannot be had here: each command goes on with the others, and names it."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata_tests.command import Command
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

GOOD, BAD = "us_equity_klines_1d", "elsewhere_klines_1d"
NOW = utc("2024-12-20T23:30")
CATALOG = f"""
markets: {{elsewhere: {{calendar: %s, type: stock, since: 2020-01}}}}
datasets:
  {BAD}: {{grain: month, start: 2024-10, symbols: [VOD.L], sources: [yahoo], resample: [1w], features: false}}
  {GOOD}: {{grain: month, start: 2024-10, symbols: [AAPL], sources: [yahoo], resample: [1w], features: false}}
"""
CAUSES = {
    "cannot be built": ("ASEX", "cannot build the calendar ASEX"),
    "no extra": ("XDUB", "pip install 'bcdata[stocks]'"),
}
"""The code that the catalog has by now, and what is said of it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of both markets, from when both calendars were there."""
    folder = tmp_path_factory.mktemp("both")
    first, last = date(2024, 6, 1), date(2024, 12, 31)
    idle = frozenset({date(2024, 11, 6)})
    market = SessionMarket(
        [
            ListedSymbol("AAPL", hours_of("XNYS", first, last), first, 400.0),
            ListedSymbol("VOD.L", hours_of("XLON", first, last), first, 70.0, idle=idle),
        ]
    )
    lake = lake_at(folder, CATALOG % "XLON", NOW)
    with LoopbackYahoo(market, now=NOW) as venue, pointed_at(venue.environment(), folder / "state"):
        for dataset, symbol in ((GOOD, "AAPL"), (BAD, "VOD.L")):
            ran = lake.materialize(dataset, symbol, "2024-10", "2024-12")
            assert ran.ok, ran.troubles
    return folder


@pytest.fixture(params=CAUSES)
def lost(request: pytest.FixtureRequest, made: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Command, str]:
    """Commands on the lake, and why one of the calendars cannot be had."""
    code, cause = CAUSES[request.param]
    (made / "catalog.yaml").write_text(CATALOG % code)
    if request.param == "no extra":
        monkeypatch.setitem(sys.modules, "exchange_calendars", None)  # the import fails, as where it is not installed
    variables = {
        "BCDATA_ROOT": str(made / "lake"),
        "BCDATA_CATALOG": str(made / "catalog.yaml"),
        "BCDATA_STATE": str(made / "state"),
        "BCDATA_NOW": NOW.isoformat(),
        "DAGSTER_HOME": str(made / "dagster"),
        "COLUMNS": "400",
    }
    return Command(made, variables), cause


def _all_has_been_said(folder: Path) -> bool:
    return (folder / "gaps.html").read_text().count(GOOD) > 0


def _site(folder: Path) -> bool:
    page = (folder / "site" / "datasets" / f"{BAD}.html").read_text()
    return (folder / "site" / "symbols" / "AAPL.html").is_file() and "Which bars it should have is not known" in page


COMMANDS: dict[str, tuple[list[str], int, str, Callable[[Path], bool] | None]] = {
    "status": (["status"], 0, GOOD, None),
    "gaps": (["gaps"], 0, GOOD, None),
    "gaps in pictures": (["gaps", "--html", "gaps.html"], 0, "gaps.html", _all_has_been_said),
    "gaps by day": (["gaps", "--html", "gaps.html", "--by", "day"], 0, "gaps.html", _all_has_been_said),
    "verify": (["verify"], 1, GOOD, None),
    "report": (["report", "--out", "site"], 0, "site", _site),
    "doctor": (["doctor", "--offline"], 1, "us_equity: XNYS is known", None),
}
"""Commands on all datasets: words, exit status, what is said of the good one, and what has been written."""


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_on_all_datasets(name: str, lost: tuple[Command, str]) -> None:
    command, cause = lost
    words, status, of_the_good, is_written = COMMANDS[name]
    ran = command.here(words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert of_the_good in ran.stdout
    said = ran.stdout + ran.stderr
    assert cause in said
    assert ("elsewhere" if name == "doctor" else BAD) in said
    assert is_written is None or is_written(command.folder)
    assert "Traceback" not in said


ASKS = {
    "providers": ["providers", "--explain", "{symbol}", "1d"],
    "providers at an instant": ["providers", "--explain", "{symbol}", "1d", "--at", "2024-11-05T15:00"],
    "stats": ["stats", "{dataset}"],
    "query": ["query", "select count(*) from {dataset}"],
    "export": ["export", "--dataset", "{dataset}", "--symbols", "{symbol}", "--out", "out-{symbol}"],
    "gaps as a picture": ["gaps", "{dataset}", "--svg", "gaps.svg"],
    "sources": ["sources", "{dataset}"],
    "symbols": ["symbols", "{dataset}"],
}
"""Commands about one dataset."""


@pytest.mark.filterwarnings("ignore::bcdata.errors.MissingDataWarning")  # there are no actions
@pytest.mark.parametrize("name", ASKS)
def test_commands_on_one_dataset(name: str, lost: tuple[Command, str]) -> None:
    """Of the good one they tell all; of the other what needs no calendar, or the cause in one line."""
    command, cause = lost
    ran = command.here([word.format(dataset=GOOD, symbol="AAPL") for word in ASKS[name]])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    other = command.here([word.format(dataset=BAD, symbol="VOD.L") for word in ASKS[name]])
    if other.returncode:
        assert (other.returncode, cause in other.stderr) == (2, True), other.stderr
        assert [line for line in other.stderr.splitlines() if not line.startswith(("bcdata: ", "warning: "))] == []
