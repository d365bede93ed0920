"""Control bars are read out of raw, with the rules that hold for bars; what cannot be read is named and left out."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bcdata.errors import StoreError
from bcdata.frames.schema import BAR
from bcdata.pipeline.parsed.control_bars import read_controls, read_controls_with_findings
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window
from bcdata_tests.mirror import csv_of, zipped
from bcdata_tests.run import utc

RAW = Partition("raw", "spot_klines_1m", "BTCUSDT", "2023-03", "binance_archive")
MARCH = Window(utc("2023-03-01"), utc("2023-04-01"))
HOUR_US = 3_600_000_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lake")


def hours(day: str, count: int = 24) -> list[list[str]]:
    start = int((utc(day) - utc("1970-01-01")) / timedelta(microseconds=1))
    rows = []
    for at in range(count):
        opened = start + at * HOUR_US
        rows.append(
            [str(opened), "100", "102", "99", "101", "5", str(opened + HOUR_US - 1), "502", "7", "2", "201", "0"]
        )
    return rows


def put(store: Store, name: str, content: bytes, *, raw: Partition = RAW) -> dict[str, Any]:
    """A control object in raw, and its record."""
    body = zipped(f"{name}.csv", content)
    store.objects.put(raw.key(f"{name}.x.zip"), body)
    date = name.split("-", 2)[2]
    return {
        "name": f"{name}.zip",
        "file": f"{name}.x.zip",
        "period": "daily" if date.count("-") == 2 else "monthly",
        "date": date,
        "interval": name.split("-")[1],
        "sha256": hashlib.sha256(body).hexdigest(),
        "bytes": len(body),
    }


def test_the_bars_of_all_objects_of_an_interval_are_one_frame(store: Store) -> None:
    controls = [
        put(store, "BTCUSDT-1h-2023-03", csv_of(hours("2023-03-01"))),
        put(store, "BTCUSDT-1h-2023-03-02", csv_of(hours("2023-03-02"))),
    ]
    frames = read_controls(store, RAW, controls, MARCH)
    assert list(frames) == ["1h"]
    assert frames["1h"].schema == BAR
    assert frames["1h"]["open_time"].to_list() == [utc("2023-03-01") + at * timedelta(hours=1) for at in range(48)]


def test_no_controls_no_frames(store: Store) -> None:
    assert read_controls(store, RAW, [], MARCH) == {}


def test_bars_outside_the_window_are_left_out(store: Store) -> None:
    controls = [put(store, "BTCUSDT-1h-2023-03", csv_of(hours("2023-03-01")))]
    window = Window(utc("2023-03-01") + timedelta(hours=3), utc("2023-03-01") + timedelta(hours=5))
    assert read_controls(store, RAW, controls, window)["1h"].height == 2


def test_a_row_that_breaks_a_rule_checks_nothing(store: Store) -> None:
    rows = hours("2023-03-01")
    rows[4][2] = "1"  # a high below the low
    rows[5][4] = "x"
    controls = [put(store, "BTCUSDT-1h-2023-03", csv_of(rows) + b"1,2,3\n")]
    assert read_controls(store, RAW, controls, MARCH)["1h"].height == 22


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_what_is_not_as_it_came_is_an_error_since_it_can_be_had_again(store: Store, damage: str) -> None:
    """Without it the same bars would be published with other findings."""
    bad = put(store, "BTCUSDT-1h-2023-03", csv_of(hours("2023-03-01")))
    store.objects.delete(RAW.key(bad["file"]))
    if damage == "damaged":
        store.objects.put(RAW.key(bad["file"]), b"PK nothing")
    with pytest.raises(StoreError, match="is lost or damaged; repair it with: bcdata materialize"):
        read_controls(store, RAW, [bad], MARCH)


@pytest.mark.parametrize("damage", ["columns", "member"])
def test_what_cannot_be_read_is_named_and_left_out(store: Store, damage: str) -> None:
    good = put(store, "BTCUSDT-1d-2023-03-01", csv_of(hours("2023-03-01", 1)))
    bad = put(store, "BTCUSDT-1h-2023-03", csv_of(hours("2023-03-01")))
    match damage:
        case "columns":
            bad = put(store, "BTCUSDT-1h-2023-03", b"a,b,c\n1,2,3\n")
        case "member":
            body = zipped("other.csv", csv_of(hours("2023-03-01")))
            store.objects.put(RAW.key(bad["file"]), body)
            bad["sha256"] = hashlib.sha256(body).hexdigest()
    frames, found = read_controls_with_findings(store, RAW, [good, bad], MARCH)
    assert list(frames) == ["1d"]
    assert [(one.rule, one.severity, one.count) for one in found] == [("control_unreadable", "warn", 1)]
    assert "BTCUSDT-1h-2023-03.zip" in found[0].message


def test_coin_margined_controls_have_base_volume(store: Store) -> None:
    raw = Partition("raw", "cm_klines_1m", "BTCUSD_PERP", "2023-03", "binance_archive")
    rows = [[*row[:5], "50", row[6], "49.5", "7", "20", "19.8", "0"] for row in hours("2023-03-01")]
    record = put(store, "BTCUSD_PERP-1h-2023-03", csv_of(rows), raw=raw)
    frame = read_controls(store, raw, [record], MARCH)["1h"]
    assert frame.select("volume", "quote_volume", "taker_buy_volume").row(0) == (49.5, 5000.0, 19.8)
    assert frame.filter(pl.col("trades") != 7).is_empty()
