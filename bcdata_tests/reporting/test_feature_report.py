"""Feature reports for people: the map, the page, the picture in Dagster's pages."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.features.proofs.world import REFERENCE, SYMBOL, calm
from bcdata.pictures.feature_map import STATES, feature_map
from bcdata.pipeline.features.reports import materialize
from bcdata.quality.features import states
from bcdata.reporting import feature_report
from bcdata.reporting.feature_report import map_of, neighbourhood, page_of
from bcdata.store.layout import Partition
from bcdata_tests.pipeline.test_feature_quality import FEW
from bcdata_tests.pipeline.test_features import DAYS, Bench, D, bench

SVG = "{http://www.w3.org/2000/svg}"


def cells_of(drawn: str) -> list[ET.Element]:
    """The rectangles that have a title."""
    return [cell for cell in ET.fromstring(drawn).iter(f"{SVG}rect") if len(cell)]  # noqa: S314 - drawn here


@pytest.fixture(name="context", scope="module")
def _context(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    context, dataset = bench(tmp_path_factory.mktemp("report"), calm(), FEW)
    cells = [*((SYMBOL, day) for day in DAYS[:5]), (REFERENCE, DAYS[3]), (REFERENCE, DAYS[4])]
    context.run(dataset, cells)
    wanted = [Partition("reports", D, symbol, day) for symbol, day in cells]
    assert all(one.ok for one in materialize(context, dataset, wanted))  # type: ignore[arg-type]
    return context


def test_the_map_has_a_cell_for_each_feature_and_partition(context: Bench) -> None:
    page = page_of(context.store, context.catalog[D], SYMBOL, DAYS[:5])  # type: ignore[index]
    said = [title.text or "" for cell in cells_of(map_of(page.dataset, SYMBOL, page.reports)) for title in cell]
    assert len(said) == 6 * 5
    assert said[0].startswith(f"log_ret_1 {DAYS[0]}: 1 of 1440 null")


def around(context: Bench, *cells: tuple[str, str]) -> str | None:
    """The picture of a run over these (symbol, date)."""
    partitions = [Partition("reports", D, symbol, date) for symbol, date in cells]
    return neighbourhood(context.store, context.catalog[D], partitions)  # type: ignore[index]


def test_the_picture_of_a_run_shows_every_symbol_of_it(context: Bench) -> None:
    both = around(context, (SYMBOL, DAYS[4]), (REFERENCE, DAYS[4]))
    alone, nobody = around(context, (SYMBOL, DAYS[4])), around(context, ("CUSDT", DAYS[4]))
    assert both is not None
    assert alone is not None
    assert nobody is None
    assert [texts(both).count(name) for name in (SYMBOL, REFERENCE)] == [1, 1]
    assert f"{D} {DAYS[0]} .. {DAYS[4]}: features that ask for a look" in texts(both)
    assert [covered(drawn) for drawn in (both, alone)] == [6 * (5 + 2), 6 * 5], "earlier reports are there, too"
    assert f"{D} {SYMBOL}: features that ask for a look" in texts(alone)


def test_the_picture_of_a_run_is_bounded_by_the_run_itself(context: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_report, "_MOST", 3)
    for cells, columns in (
        ([(SYMBOL, DAYS[4])], 3),
        ([(SYMBOL, DAYS[4]), (REFERENCE, DAYS[4])], 2),
        ([(SYMBOL, day) for day in DAYS[:5]], 5),
    ):
        drawn = around(context, *cells)
        assert drawn is not None
        assert covered(drawn) == 6 * columns


def texts(drawn: str) -> list[str]:
    """All that is written in a picture."""
    return [one.text or "" for one in ET.fromstring(drawn).iter(f"{SVG}text")]  # noqa: S314 - drawn here


def covered(drawn: str) -> int:
    """How many cells its shapes are made of: columns are 60 pixels wide where they are few."""
    paths = [path.attrib["d"] for path in ET.fromstring(drawn).iter(f"{SVG}path")]  # noqa: S314 - drawn here
    widths = [int(end) - int(start) + 1 for start, end in re.findall(r"M(\d+) \d+H(\d+)v", "".join(paths))]
    assert all(wide % 60 == 0 for wide in widths)
    return sum(widths) // 60


def test_what_it_says_is_escaped_and_coloured_by_what_is_worst() -> None:
    about = {"symbol": "<s>", "feature": "<f>", "date": "2023-01", "words": "a & b"}
    rows = [{**about, "state": state} for state in STATES]
    drawn = feature_map(rows, title="<script>")
    cells = cells_of(drawn)
    assert [cell.get("fill") for cell in cells] == [colour for colour, _ in STATES.values()]
    assert "<script>" not in drawn
    assert cells[0][0].text == "<f> 2023-01: a & b"


def test_the_state_of_a_row_is_the_first_rule_that_it_breaks() -> None:
    rows = {
        "feature": ["fine", "empty", "natural", "holes", "stuck", "moved"],
        "rows": [100] * 6,
        "nulls": [0, 100, 100, 50, 0, 0],
        "leading_nulls": [0, 100, 100, 0, 0, 0],
        "constant_run": [1, 0, 0, 90, 90, 1],
        "q50": [1.0, None, None, 1.0, 1.0, 123456.0],
        "psi": [0.1, None, None, 9.0, 9.0, 9.0],
    }
    report = pl.DataFrame(rows).with_columns(date=pl.lit("2023-01"))
    found = states(report, absent={"natural"}, day=24)
    assert found["state"].to_list() == ["fine", "empty", "fine", "null_share", "constant", "drift"]
    assert set(found["state"]) == set(STATES)
    assert found["words"][5] == "0 of 100 null, one value for up to 1 rows, median 123000.0, drift 9.0"


def test_the_page_is_whole_and_the_same_again(context: Bench, tmp_path: Path) -> None:
    dataset = context.catalog[D]  # type: ignore[index]
    page = page_of(context.store, dataset, SYMBOL, DAYS[:5])
    first = page.html()
    families = ["Price &amp; Returns", "Volatility &amp; Risk", "Cross-Asset", "Regime"]
    assert [name for name in families if f"<h2>{name}</h2>" in first] == families
    assert first.count("data:image/png;base64,") == len(families) + 1
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(FEW)
    span = ["--from", DAYS[0], "--to", DAYS[4]]
    done = CliRunner().invoke(
        app,
        ["features", "report", "--dataset", D, "--symbols", SYMBOL, *span, "--html", str(tmp_path / "out.html")],
        env={"BCDATA_ROOT": str(context.store.root), "BCDATA_CATALOG": str(catalog)},
    )
    assert done.exit_code == 0, done.output
    assert first in (tmp_path / "out.html").read_text()


def test_without_reports_it_says_how_to_make_them(context: Bench) -> None:
    with pytest.raises(UsageError, match=r"no reports between .*; make them: bcdata materialize --until reports"):
        page_of(context.store, context.catalog[D], "CUSDT", DAYS[:2])  # type: ignore[index]


def test_a_report_on_nobody_is_refused(tmp_path: Path) -> None:
    words = [
        "features",
        "report",
        "--dataset",
        "spot_klines_1m",
        "--symbols",
        " ,",
        "--from",
        "2023-01",
        "--to",
        "2023-01",
    ]
    done = CliRunner().invoke(app, [*words, "--html", str(tmp_path / "page.html")])
    assert isinstance(done.exception, UsageError)
    assert "no symbols were named" in str(done.exception)
    assert not list(tmp_path.iterdir())
