"""Findings reach the user: of a run, of the lake as it stands, and of a check of it, all in the same shape."""

import json
from typing import Any

import pytest

from bcdata.cli import app
from bcdata.pipeline.outcome import failure
from bcdata.pipeline.records.findings import ReportedFinding, count, of_outcome, words_of
from bcdata.pipeline.zones import Step, Zone
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import day_key, made_day
from bcdata_tests.run import Lake
from bcdata_tests.world import BY_DAY, D, World

KEYS = ["dataset", "symbol", "date", "zone", "rule", "rows", "severity", "text"]
DAY = "2025-01-01"


def spoilt(day: str) -> list[list[str]]:
    """A day with a row that breaks a rule, and a row that is there twice."""
    rows = made_day(day)
    rows[600][2] = "1.00000000"  # the high lies below the low
    return [*rows[:700], rows[699], *rows[700:]]


@pytest.fixture
def lake(world: World) -> Lake:
    """One day with findings, one without."""
    world.mirror.put_day("BTCUSDT", DAY, spoilt(DAY))
    world.mirror.put_day("BTCUSDT", "2025-01-02", made_day("2025-01-02"))
    lake = world.lake(BY_DAY)
    assert lake.materialize(D, "BTCUSDT", DAY, "2025-01-02", refill=False, until=Zone.MERGED).ok
    return lake


@pytest.fixture
def shell(world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """This process as a shell that is in the lake."""
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(world.folder / "catalog.yaml"))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    return lake


def rules(found: list[dict[str, Any]]) -> set[tuple[str, str, str, int]]:
    assert all(list(one) == KEYS for one in found)
    return {(one["zone"], one["date"], one["rule"], one["rows"]) for one in found}


EXPECTED = {("parsed", DAY, "ohlc_bounds", 1), ("parsed", DAY, "duplicate", 1), ("merged", DAY, "coverage", 1)}


def test_status_shows_what_stands_in_the_lake(shell: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # the second time out of the memory of footers
        app(["status", "--json"], standalone_mode=False)
        found = json.loads(capsys.readouterr().out)["findings"]
        assert rules(found) >= EXPECTED
    [bounds] = [one for one in found if one["rule"] == "ohlc_bounds"]
    assert (bounds["dataset"], bounds["symbol"], bounds["severity"]) == (D, "BTCUSDT", "row")
    assert bounds["text"] == "open or close lies outside low and high; first at 2025-01-01 10:00"
    app(["status"], standalone_mode=False)
    assert "ohlc_bounds" in capsys.readouterr().out
    assert shell.root.is_dir()


def test_verify_shows_them_too_and_ends_with_status_0(shell: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert not app(["verify", "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert rules(told["findings"]) >= EXPECTED
    assert [one["dataset"] for one in told["datasets"]] == [D]
    [zipped] = shell.root.glob(f"raw/binance_archive/{D}/symbol=BTCUSDT/date={DAY}/*.zip")
    zipped.write_bytes(b"damaged")
    assert app(["verify", "--json"], standalone_mode=False) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert ("raw", DAY, "damaged", 1) in rules(found)
    [damaged] = [one for one in found if one["rule"] == "damaged"]
    assert (damaged["severity"], damaged["text"].partition(":")[0]) == ("partition", f"BTCUSDT-1m-{DAY}.zip")
    assert not app(["verify", "--symbols", "ETHUSDT", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["findings"] == []


@pytest.mark.slow
def test_materialize_reports_them_and_counts_them_by_rule(world: World, lake: Lake) -> None:
    assert lake.root.is_dir()
    command = Command.of(world, BY_DAY, "cli")
    done = command.run(materialize(D, "BTCUSDT", DAY, "2025-01-02", "--no-refill", "--json"))
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)["findings"]
    assert rules(first) >= EXPECTED
    again = command.run(materialize(D, "BTCUSDT", DAY, "2025-01-02", "--no-refill"))
    assert again.returncode == 0
    assert f"{len(first)} findings" in again.stdout, "what is unchanged still has its findings"
    assert "ohlc_bounds" in again.stdout


def test_a_partition_that_failed_is_a_finding_too() -> None:
    step = Step(Zone.PARSED, D, "binance_archive")
    outcome = failure(Partition("parsed", D, "BTCUSDT", DAY, "binance_archive"), ValueError("no such thing"))
    [one] = of_outcome(step, outcome)
    assert one == ReportedFinding(D, "BTCUSDT", DAY, "parsed", "error", 1, "partition", "no such thing")


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        ({"open_time": 1_735_725_600_000_000}, "odd; first at 2025-01-01 10:00"),
        ({"start": "2025-01-01 10:00:00+00:00"}, "odd; first at 2025-01-01 10:00"),
        ({"open_time": 10**30}, "odd"),
        ({"open_time": "n/a"}, "odd"),
        ({"object": "a.zip"}, "odd"),
    ],
)
def test_texts_say_when(sample: dict[str, Any], text: str) -> None:
    assert words_of(Finding("rule", Severity.WARN, 1, "odd", (sample,))) == text
    assert words_of(Finding("rule", Severity.WARN, 1200)) == "1,200 rows break the rule rule"


def test_counts_by_rule_begin_with_what_costs_most() -> None:
    def one(rule: str, severity: str, date: str, rows: int) -> ReportedFinding:
        return ReportedFinding(D, "BTCUSDT", date, "parsed", rule, rows, severity, f"{rule} {date}")

    found = [
        one("a", "warn", "d1", 1),
        one("b", "row", "d1", 2),
        one("b", "row", "d2", 3),
        one("c", "partition", "d", 1),
    ]
    assert [(each.rule, each.partitions, each.rows, each.text) for each in count(found)] == [
        ("c", 1, 1, "c d"),
        ("b", 2, 5, "b d1"),
        ("a", 1, 1, "a d1"),
    ]


def test_status_shows_what_raw_has_to_say(world: World, shell: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """An object that left the listing stays in force: a finding that stands as long as it is so."""
    world.mirror.put_month("BTCUSDT", "2025-01", made_day(DAY))
    world.mirror.remove(day_key("BTCUSDT", DAY))
    assert shell.materialize(D, "BTCUSDT", DAY, "2025-01-02", refill=False, until=Zone.MERGED).ok
    for _ in range(2):
        app(["status", "--json"], standalone_mode=False)
        found = json.loads(capsys.readouterr().out)["findings"]
        assert ("raw", DAY, "withdrawn", 1) in rules(found)
    told = {(one["rule"], one["text"].partition(":")[0]) for one in found if one["zone"] == "raw"}
    assert ("withdrawn", f"BTCUSDT-1m-{DAY}.zip") in told
