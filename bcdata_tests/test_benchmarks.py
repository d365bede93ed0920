"""The benchmarks run on tiny input, and their tables come out. No time is ever asserted."""

import json
from pathlib import Path

import pytest

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.dagster.build import build_defs
from bcdata_tests.browser import chromium
from benchmarks import tables, ticks
from benchmarks.__main__ import PAGE, main
from benchmarks.cases import generate, generated_case
from benchmarks.measure import BenchmarkError, Measured, alternating, child, median_ratio
from benchmarks.pages import DIALOG, PAGES

pytestmark = pytest.mark.slow


def test_pipeline_comes_out_in_tables_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pipeline", "--quick", "--out", str(tmp_path)])

    shown = capsys.readouterr().out
    for title in ("Wall time", "Processor time and memory", "What one writes in an afternoon"):
        assert f"**{title}**" in shown
    found = json.loads((tmp_path / "pipeline.json").read_text())
    (rounds,) = found["measured"].values()
    assert set(rounds) == {"floor", "bcdata", "lines", "polars"}
    assert {one["report"]["rows"] for kind in rounds.values() for one in kind} == {2 * 31 * 1440}
    assert list(rounds["bcdata"][0]["report"]["steps"]) == [
        "raw/binance_archive/spot_klines_1m",
        "parsed/binance_archive/spot_klines_1m",
        "merged/spot_klines_1m",
    ]


@pytest.mark.timeout(300)
def test_reconciliation_gives_the_same_bars_under_every_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["reconciliation", "--quick", "--out", str(tmp_path)])

    shown = capsys.readouterr().out
    for title in ("Time", "Second source"):
        assert f"**{title}, 1 generated symbols 1m × 1 months**" in shown
    found = json.loads((tmp_path / "reconciliation.json").read_text())["measured"]
    fetched = {name: one["report"]["fetched"] for name, (one,) in found.items()}
    assert {one["report"]["rows"] for (one,) in found.values()} == {31 * 1440}
    assert (fetched["months alone"]["objects"], fetched["months first"]["objects"]) == (1, 1)
    assert fetched["days and months, reconciled (the default)"]["objects"] == 32
    assert fetched["months alone"]["controls"] == 2
    assert fetched["days and months, no coarser files"]["controls"] == 0


def test_reading_gives_the_same_rows_verified_or_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["reading", "--quick", "--out", str(tmp_path)])

    assert "**Merged bars of 1 symbols × 2 months" in capsys.readouterr().out
    found = json.loads((tmp_path / "reading.json").read_text())["measured"]
    rows = {way: one["report"]["rows"] for way, (one,) in found.items()}
    bars = {count for way, count in rows.items() if way.startswith(("polars", "load"))}
    assert bars == {(31 + 28) * 1440}
    assert {count for way, count in rows.items() if way.startswith(("duckdb", "query"))} == {1}


def test_ledger_reads_the_same_lake_in_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["ledger", "--quick", "--out", str(tmp_path)])

    assert "**Ledgers of 3 symbols × 2 months" in capsys.readouterr().out
    found = json.loads((tmp_path / "ledger.json").read_text())["measured"]
    sizes = {way: one["report"]["size"] for way, (one,) in found.items()}
    assert sizes["one by one"] == sizes["runs"]
    assert sizes["coverage"] == 3 * 2


def test_ticks_of_sensors_come_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["ticks", "--quick", "--out", str(tmp_path)])

    assert "**Ticks over 3 symbols × 1 months" in capsys.readouterr().out
    found = json.loads((tmp_path / "ticks.json").read_text())["measured"]
    assert "3 are known" in found["discover_symbols"]["report"]["said"][1]
    assert set(found) == {"materialize", *ticks.QUICK.sensors}
    known = {one.name for one in build_defs(load_catalog(PACKAGED)).sensors or ()}
    assert {*ticks.SENSORS} <= known


@pytest.mark.timeout(600)
def test_pages_are_opened_and_show_what_they_are_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with chromium():
        pass  # skipped where there is none
    main(["pages", "--quick", "--out", str(tmp_path)])

    assert "**Dagster's pages**" in capsys.readouterr().out
    found = json.loads((tmp_path / "pages.json").read_text())["measured"]["3"]
    assert set(found) == {*PAGES, DIALOG}
    assert all(set(times) == {"first", "1280", "1920"} for times in found.values())


def test_resampling_gives_as_many_windows_either_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["resample", "--quick", "--out", str(tmp_path)])

    assert "**Resampling 3 days" in capsys.readouterr().out
    found = json.loads((tmp_path / "resample.json").read_text())["measured"]
    (own,), (theirs,) = found["bcdata"], found["polars"]
    assert own["report"]["rows"] == theirs["report"]["rows"] == {"5m": 3 * 288, "1h": 3 * 24, "1d": 3}


@pytest.mark.slow
def test_features_are_measured_beside_their_rivals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["features", "--quick", "--out", str(tmp_path)])

    shown = capsys.readouterr().out
    for title in ("features of one symbol's own bars", "Against what one would use instead", "ms a feature"):
        assert title in shown
    found = json.loads((tmp_path / "features.json").read_text())["measured"]
    assert {one["report"]["rows"] for taken in found["sets"].values() for one in taken} == {2 * 4 * 1440}
    assert set(found["each"]["talib"]["report"]["each"]) <= set(found["each"]["bcdata"]["report"]["each"])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_month_of_features_comes_out_in_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["feature_month", "--quick", "--out", str(tmp_path)])

    assert "**A month of features, 2 symbols" in capsys.readouterr().out
    (alone,) = json.loads((tmp_path / "feature_month.json").read_text())["measured"]["alone"]
    assert all(seconds > 0 for seconds in alone["report"]["parts"].values())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_orchestration_comes_out_in_tables_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["orchestration", "--quick", "--out", str(tmp_path)])

    shown = capsys.readouterr().out
    for title in ("Runs", "Memory of a run", "Commands, on a lake of 2 symbols × 1 months"):
        assert f"**{title}**" in shown
    (one,) = json.loads((tmp_path / "orchestration.json").read_text())["measured"]["runs"]
    assert {kind: len(one[kind]) for kind in ("whole", "again", "empty", "work")} == dict.fromkeys(
        ("whole", "again", "empty", "work"), 1
    )
    assert one["whole"][0]["report"]["partitions"] == one["empty"][0]["report"]["partitions"] == 2 * 5


def test_a_contestant_that_fails_is_an_error_with_its_cause(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="No such file"):
        child("floor", {"partitions": [["nowhere.zip"]], "interval": "1m", "perpetual": False, "out": str(tmp_path)})


def test_rounds_alternate_and_ratios_are_taken_within_a_round() -> None:
    order: list[str] = []

    def kind(name: str) -> Measured:
        order.append(name)
        return Measured(float(len(order)), {})

    found = alternating(3, {"a": lambda: kind("a"), "b": lambda: kind("b")})
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [one.wall for one in found["a"]] == [1, 4, 5]
    # 2/1, 3/4 and 6/5: not the ratio of the medians, 3/4.
    assert median_ratio([one.wall for one in found["b"]], [one.wall for one in found["a"]]) == 6 / 5


def test_generated_archives_are_the_partitions_of_the_case(tmp_path: Path) -> None:
    generate(tmp_path, [(1, 2), (2, 1)])
    case = generated_case(tmp_path, 2, 1)
    assert case.days == 62
    assert [len(paths) for paths in case.partitions] == [1, 1]
    assert len(list(tmp_path.rglob("*.zip"))) == len(list(tmp_path.rglob("*.zip.CHECKSUM"))) == 3


def test_tables_go_between_their_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    result = tables.Result("pipeline", [tables.Table("T", ("", "n"), [("row \\1", 1234), ("x", 0.5)], "Note.")], {})

    tables.place(page, result)
    tables.place(page, result)

    before, after = PAGE.read_text(), page.read_text()
    assert "| row \\1 | 1,234 |\n| x | 0.50 |\n\nNote." in after
    for part in (0, -1):
        assert before.split("<!-- pipeline: ")[part].partition("end -->")[part] in after
    assert before.partition("<!-- orchestration: begin -->")[2] == after.partition("<!-- orchestration: begin -->")[2]
    with pytest.raises(ValueError, match="no markers"):
        tables.place(page, tables.Result("unknown", [], {}))
