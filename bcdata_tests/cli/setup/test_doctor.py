"""`bcdata doctor`: each thing that is wrong is named with what to do; nobody is asked where that is not wanted."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.net.skew import SKEWS
from bcdata.providers.registry import SOURCES
from bcdata.reporting.doctor import machine, network
from bcdata_tests.world import BARS_BY_DAY, World


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A world whose lake is not there yet."""
    (world.folder / "catalog.yaml").write_text(BARS_BY_DAY)
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("BCDATA_ROOT", str(world.folder / "lake"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("BCDATA_CATALOG", raising=False)
    yield world.folder
    SKEWS.forget()


def ran(*words: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    done = CliRunner().invoke(app, ["doctor", "--json", *words])
    known: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(done.stdout)["checks"]:
        known.setdefault(one["name"], []).append(one)
    return done.exit_code, known


def test_all_is_well_where_every_server_answers(place: Path, world: World) -> None:
    status, found = ran()
    assert status == 0, found
    sure = ("Python", "libraries", "catalog", "clock")
    assert {one["verdict"] for name in sure for one in found[name]} == {"ok"}
    assert [one["verdict"] for one in found["binance_archive"]] == ["ok", "ok"]
    assert world.exchange.requests
    assert "GB free" in found["BCDATA_ROOT"][0]["found"]
    assert not (place / "lake").exists(), "to look makes nothing"


def test_every_extra_that_users_may_want_is_named(place: Path) -> None:
    del place
    _, found = ran("--offline")
    extras = set(metadata("bcdata").get_all("Provides-Extra") or ()) - {"dev"}
    assert extras
    assert [one for one in sorted(extras) if one not in found["extras"][0]["found"]] == []


STOCKS = """
markets:
  good: {calendar: 24/5, type: stock, since: 2020-01}
  bad: {calendar: XTAE, type: stock, since: 2020-01}
datasets:
  good_klines_1d: {grain: month, start: 2024-01, symbols: [AAPL], sources: [yahoo]}
  bad_klines_1d: {grain: month, start: 2024-01, symbols: [TEVA.TA], sources: [yahoo]}
"""


def test_a_calendar_that_cannot_be_built_is_a_problem_and_no_other_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    built = library.get_calendar

    def broken(name: str, **options: object) -> object:
        if name == "XTAE":
            raise ValueError("special dates")
        return built(name, **options)

    monkeypatch.setattr(library, "get_calendar", broken)
    (place / "catalog.yaml").write_text(STOCKS)
    status, found = ran("--offline")
    assert status == 1
    told = {one["found"].split(":")[0]: one for one in found["calendar"]}
    assert told["good"]["verdict"] == "ok"
    assert told["bad"]["verdict"] == "problem"
    assert "cannot build the calendar XTAE" in told["bad"]["found"]


KEYED = sorted(name for name, source in SOURCES.items() if source.capabilities.keys)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """An address at which somebody waits to be asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize("name", KEYED)
def test_a_source_without_its_key_is_not_asked(
    name: str, place: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = (
        f"datasets:\n  us_equity_klines_1d: {{grain: month, start: 2024-01, symbols: [AAPL], sources: [{name}]}}\n"
    )
    allowed = "providers: {tiingo: {plan: power}}\n" if name == "tiingo" else ""
    (place / "catalog.yaml").write_text(allowed + catalog)
    variables = [key.variable for key in SOURCES[name].capabilities.keys]
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(f"BCDATA_{name.upper()}_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    _, found = ran()
    with pytest.raises(TimeoutError):
        listener.accept()
    told = " ".join(f"{one['verdict']} {one['found']} {one['fix']}" for one in found[name])
    assert "is not asked" in told
    assert variables[0] in told


def test_offline_asks_nobody(place: Path, world: World) -> None:
    del place
    status, found = ran("--offline")
    assert status == 0
    assert "binance_archive" not in found
    assert world.asked() == []


def test_a_server_that_cannot_be_reached_is_a_problem(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del place
    monkeypatch.setenv("BCDATA_BINANCE_SPOT_URL", "http://me:s3cret@127.0.0.1:9")
    status, found = ran()
    assert status == 1
    [one] = found["binance_rest"]
    assert (one["verdict"], "no connection" in one["found"]) == ("problem", True)
    shown = CliRunner().invoke(app, ["doctor", "--offline"], env={"COLUMNS": "80"}).stdout
    assert "s3cret" not in shown + json.dumps(found)
    assert "BCDATA_BINANCE_SPOT_URL" in shown


def test_a_catalog_with_a_mistake_is_a_problem(place: Path) -> None:
    (place / "catalog.yaml").write_text("datasets: {nope: {}}")
    status, found = ran()
    assert status == 1
    assert found["catalog"][0]["verdict"] == "problem"
    assert "catalog.yaml" in found["catalog"][0]["found"]


def test_a_file_in_the_place_of_a_folder_is_a_problem(place: Path) -> None:
    (place / "lake").write_text("")
    status, found = ran("--offline")
    assert status == 1
    assert "is no folder" in found["BCDATA_ROOT"][0]["found"]


def test_a_taken_port_names_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert machine.port(number).verdict == "warning"
        assert machine.port(number).fix.startswith("bcdata ui --port ")
    assert machine.port(number).verdict == "ok"


@pytest.mark.parametrize(("ahead", "verdict"), [(0, "ok"), (300, "problem"), (-300, "problem")])
def test_a_clock_that_is_wrong_is_a_problem(ahead: int, verdict: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    SKEWS.forget()
    SKEWS.observe("venue", {"Date": format_datetime(now - timedelta(seconds=ahead), usegmt=True)}, now)
    [one] = network._clock()
    SKEWS.forget()
    assert one.verdict == verdict
    assert f"{abs(ahead)}.0 s {'behind' if ahead < 0 else 'ahead of'} venue" in one.found


def test_the_file_system_of_a_folder_is_named() -> None:
    assert machine.file_system(Path("/proc/self")) == "proc"
