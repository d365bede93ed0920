"""`bcdata.load` over ranges that have no bars or no files, and where a file goes while it is read."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import bcdata
from bcdata.api.instants import asked_range, instant
from bcdata.catalog import Catalog
from bcdata.errors import StoreError, UsageError
from bcdata.pipeline.lake import read_groups_sound
from bcdata.store.footer import frame_of
from bcdata_tests.api.test_load import JANUARY, D
from bcdata_tests.api.test_load import catalog as catalog  # noqa: PLC0414 (a fixture)
from bcdata_tests.api.test_load import root as root  # noqa: PLC0414 (a fixture)


def test_a_range_without_bars_is_filled_as_a_longer_one_is(root: Path, catalog: Catalog) -> None:
    """The bar of 02:00 is missing: it is a row of nulls whether or not a bar before it is asked for."""
    asked = ("2023-01-01T02:00", "2023-01-01T03:00")
    null = bcdata.load(D, "BTCUSDT", *asked, fill="null", root=root, catalog=catalog)
    assert null.select("open_time", "close").rows() == [(JANUARY + timedelta(hours=2), None)]
    longer = bcdata.load(D, "BTCUSDT", "2023-01-01T01:00", asked[1], fill="null", root=root, catalog=catalog)
    assert longer.tail(1).equals(null)
    flat = bcdata.load(D, "BTCUSDT", *asked, fill="flat", root=root, catalog=catalog)
    assert flat.height == 0, "no close before is in the range"
    assert flat.schema["filled"] == pl.Boolean


@pytest.mark.parametrize("fill", ["none", "null", "flat"])
def test_a_range_without_files_has_the_columns_all_the_same(root: Path, catalog: Catalog, fill: str) -> None:
    there = bcdata.load(D, "BTCUSDT", fill=fill, root=root, catalog=catalog)
    found = bcdata.load(D, "BTCUSDT", "2024-01", "2024-02", fill=fill, missing="ignore", root=root, catalog=catalog)
    assert (found.height, found.schema) == (0, there.schema)
    asked = bcdata.load(
        D, "BTCUSDT", "2024-01", fill=fill, columns=["close"], missing="ignore", root=root, catalog=catalog
    )
    assert asked.columns == ["symbol", "open_time", "close"]
    with pytest.raises(UsageError, match=r"no column clsoe; near are close.*; there are symbol, open_time"):
        bcdata.load(D, "BTCUSDT", "2024-01", columns=["clsoe"], missing="ignore", root=root, catalog=catalog)


@pytest.mark.parametrize("months", [("2023-01", "2023-02"), ("2023-01", "2023-03")])
def test_a_file_that_goes_while_it_is_read_is_an_error_and_no_absence(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, months: tuple[str, str]
) -> None:
    [path] = (root / "merged" / D / "symbol=BTCUSDT" / "date=2023-01").iterdir()

    def too_late(*arguments: Any) -> list[pl.DataFrame | None]:
        path.unlink()
        return read_groups_sound(*arguments)

    monkeypatch.setattr("bcdata.reading.verified_files.read_groups_sound", too_late)
    with pytest.raises(StoreError, match=r"2023-01.*is lost.*bcdata materialize --dataset"):
        bcdata.load(D, "BTCUSDT", *months, root=root, catalog=catalog)


def test_a_range_that_ends_where_it_begins_is_told_how_ranges_are_meant(root: Path, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="`end` itself is left out: write the next one"):
        bcdata.load(D, "BTCUSDT", "2023-01", "2023-01", root=root, catalog=catalog)


@pytest.mark.parametrize(("start", "end"), [("2300-01", None), (None, "1960-01")])
def test_a_range_without_an_end_outside_of_all_rows_is_told_why(start: str | None, end: str | None) -> None:
    with pytest.raises(UsageError, match="there are no rows before 1970 and from 2200 on"):
        asked_range(start, end)


def test_a_time_that_is_none_is_no_instant() -> None:
    with pytest.raises(UsageError, match="NaT is no instant"):
        instant(pd.NaT)  # type: ignore[arg-type]


@pytest.mark.parametrize("read", [bcdata.load, bcdata.scan])
def test_a_file_that_is_replaced_by_a_shorter_one_while_it_is_read_is_read_anew(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    """polars panics there: it reads beyond the end of the new file."""
    expected = bcdata.load(D, "BTCUSDT", root=root, catalog=catalog)

    monkeypatch.setattr("bcdata.store.together.pl.collect_all", lambda *_args, **_more: _panic())
    assert read(D, "BTCUSDT", root=root, catalog=catalog).lazy().collect().equals(expected)


def test_a_file_that_is_replaced_while_it_is_read_alone_is_read_anew(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, replaced = bcdata.load(D, "BTCUSDT", root=root, catalog=catalog), set[Path]()

    def replacing(path: Path, *args: Any, **more: Any) -> pl.DataFrame:
        if path in replaced:
            return frame_of(path, *args, **more)
        replaced.add(path)
        body = path.read_bytes()
        path.unlink()
        path.write_bytes(body)
        raise pl.exceptions.PanicException("assertion failed: range.end as u64 <= self.size")

    monkeypatch.setattr("bcdata.store.together.pl.collect_all", lambda *_args, **_more: _panic())
    monkeypatch.setattr("bcdata.store.reading.frame_of", replacing)
    assert bcdata.load(D, "BTCUSDT", root=root, catalog=catalog).equals(expected)
    assert replaced


def _panic() -> None:
    raise pl.exceptions.PanicException("assertion failed: range.end as u64 <= self.size")
