"""Coverage adds up to the calendar, whatever is missing; the report filters, draws and escapes."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.frames.schema import LEDGER
from bcdata.ledger.ledger import Status
from bcdata.reporting.coverage import coverage
from bcdata.reporting.gap_report import GapRequest, ask, neighbourhood
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata.windows import Grain

D = "spot_klines_1h"
NOW = datetime(2023, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARCH = datetime(2023, 3, 1, tzinfo=UTC)
STATUSES = [status.value for status in Status]
HOURS = load_catalog(PACKAGED)[D]
CATALOG = f"datasets:\n  {D}: {{grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}}\n"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


def ledger(*runs: tuple[int, int, str]) -> pl.DataFrame:
    """Runs of March 2023 as (first hour, last hour, status)."""
    rows = [(MARCH + a * HOUR, MARCH + b * HOUR, b - a + 1, status, "<b>said so</b>") for a, b, status in runs]
    return pl.DataFrame(rows, schema=LEDGER, orient="row")


def lake(root: Path) -> Store:
    store = Store(root)
    for symbol, date, rows in (
        ("BTCUSDT", "2023-03", ledger((0, 47, "upstream"), (100, 100, "open"), (200, 204, "refilled"))),
        ("BTCUSDT", "2023-04", ledger()),
        ("币安人生USDT", "2023-03", ledger((5, 9, "open"))),
    ):
        store.publish(Partition("gaps", D, symbol, date), rows, fingerprint="f", rules="1", record={})
    store.close()
    return store


@st.composite
def statuses_of_march(draw: st.DrawFn) -> list[str | None]:
    """What each of the 744 hours is: there (None), or why it is missing; in runs."""
    hours: list[str | None] = []
    while len(hours) < 744:
        hours += [draw(st.sampled_from([None, *STATUSES]))] * draw(st.integers(1, 200))
    return hours[:744]


@given(statuses_of_march())
def test_coverage_counts_every_hour_once(hours: list[str | None]) -> None:
    edges = [at for at in range(744) if at == 0 or hours[at] != hours[at - 1]] + [744]
    runs = [(a, b - 1, hours[a]) for a, b in pairwise(edges) if hours[a]]
    rows = ledger(*((a, b, str(status)) for a, b, status in runs)).select(
        pl.lit("A").alias("symbol"), pl.lit("2023-03").alias("date"), *LEDGER.names()
    )
    places = [("A", "2023-03")]
    for grain, length in ((Grain.MONTH, 744), (Grain.DAY, 24)):
        cells = coverage(HOURS, places, rows, as_of={}, now=NOW, grain=grain).to_dicts()
        assert len(cells) == 744 // length
        for number, cell in enumerate(cells):
            own = hours[number * length : (number + 1) * length]
            assert cell["expected"] == length
            assert cell["present"] == sum(status in {None, "refilled"} for status in own)
            assert {status: cell[status] for status in STATUSES} == {status: own.count(status) for status in STATUSES}


def test_a_month_that_was_merged_half_way_was_expected_half_way(catalog: Catalog) -> None:
    rows = ledger().select(pl.lit("A").alias("symbol"), pl.lit("2023-03").alias("date"), *LEDGER.names())
    places = [("A", "2023-03")]
    half = {("A", "2023-03"): MARCH + 300 * HOUR + timedelta(minutes=30)}
    (cell,) = coverage(catalog[D], places, rows, as_of=half, now=NOW, grain=Grain.MONTH).to_dicts()
    assert (cell["expected"], cell["present"]) == (300, 300)


def test_the_report_filters_runs_and_draws_all(tmp_path: Path, catalog: Catalog) -> None:
    store = lake(tmp_path)
    (whole,) = ask(store, catalog, GapRequest(), now=NOW)
    assert whole.by_status() == {"open": 6, "refilled": 5, "upstream": 48}
    assert whole.cells(Grain.MONTH).height == 3
    (some,) = ask(store, catalog, GapRequest(statuses=frozenset({"open"}), least=2), now=NOW)
    assert some.runs["symbol"].to_list() == ["币安人生USDT"]
    assert some.cells(Grain.MONTH).height == 3
    (own,) = ask(store, catalog, GapRequest(symbols=frozenset({"BTCUSDT"}), last="2023-03"), now=NOW)
    assert own.totals().select("symbol", "status", "runs", "bars").rows() == [
        ("BTCUSDT", "open", 1, 1),
        ("BTCUSDT", "refilled", 1, 5),
        ("BTCUSDT", "upstream", 1, 48),
    ]


def test_text_from_the_ledger_is_escaped(tmp_path: Path, catalog: Catalog) -> None:
    (found,) = ask(lake(tmp_path), catalog, GapRequest(), now=NOW)
    section = found.section(Grain.DAY)
    assert "&lt;b&gt;said so" in section
    assert "<b>" not in section


def test_unknown_words_are_refused(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="'lost' is no status"):
        ask(lake(tmp_path), catalog, GapRequest(statuses=frozenset({"lost"})), now=NOW)
    with pytest.raises(UsageError, match="there is no ledger of BTCUSD; did you mean 'BTCUSDT'"):
        ask(lake(tmp_path), catalog, GapRequest(symbols=frozenset({"BTCUSD"})), now=NOW)
    with pytest.raises(UsageError, match="2023-3"):
        ask(lake(tmp_path), catalog, GapRequest(first="2023-3"), now=NOW)


def test_the_neighbourhood_of_a_run_is_bounded(tmp_path: Path, catalog: Catalog) -> None:
    store = lake(tmp_path)
    drawn = neighbourhood(store, catalog[D], [Partition("merged", D, "BTCUSDT", "2023-03")], NOW)
    assert drawn is not None
    assert "BTCUSDT 2023-03: 695 of 744 bars; 1 open, 48 upstream, 5 refilled" in drawn
    assert "2023-04" not in drawn
    assert "USDT 2023-03: 739" not in drawn
    assert neighbourhood(store, catalog[D], [Partition("merged", D, "NEWUSDT", "2023-03")], NOW) is None


def test_the_command_shows_runs_and_writes_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake(tmp_path / "lake")
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("BCDATA_CATALOG", str(tmp_path / "catalog.yaml"))
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())
    Attempts(tmp_path / "lake").note([f"tried/{D}/BTCUSDT/2023-04"], NOW, "merged")
    asked = CliRunner().invoke(app, ["gaps", "--status", "open,upstream", "--json"])
    rows = json.loads(asked.stdout)
    assert [(row["dataset"], row["symbol"], row["bars"]) for row in rows] == [
        (D, "BTCUSDT", 48),
        (D, "BTCUSDT", 1),
        (D, "币安人生USDT", 5),
    ]
    page, picture = tmp_path / "gaps.html", tmp_path / "gaps.svg"
    done = CliRunner().invoke(app, ["gaps", "--dataset", D, "--html", str(page), "--svg", str(picture), "--by", "day"])
    assert done.exit_code == 0, done.output
    assert picture.read_text() in page.read_text()
    assert "2023-03-05" in picture.read_text()
    assert isinstance(CliRunner().invoke(app, ["gaps", "--svg", str(picture), "--by", "week"]).exception, UsageError)
