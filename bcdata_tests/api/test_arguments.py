"""A wrong kind of argument is an error that names it and says what it takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import bcdata
from bcdata import clock
from bcdata.api.loading.forms import Form
from bcdata.api.loading.lacking import Missing
from bcdata.bars.fill import Fill
from bcdata.catalog import Catalog
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.exports.files import export
from bcdata_tests.api.test_load import D
from bcdata_tests.api.test_load import catalog as catalog  # noqa: PLC0414 (a fixture)
from bcdata_tests.api.test_load import root as root  # noqa: PLC0414 (a fixture)

EAST, WEST = timezone(timedelta(hours=5)), timezone(-timedelta(hours=5))
TOO_LATE, TOO_EARLY = "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+05:00"
WRONG: list[tuple[str, list[Any]]] = [
    ("dataset", [5, None, [D], b"spot"]),
    ("symbols", [5, "\udcff", [1], [None], [[]], b"BTCUSDT", {1: 2}]),
    ("columns", [5, [5], [None], b"close", "close", [["close"]]]),
    ("zone", [5, None, []]),
    ("fill", [5, None, [], {}]),
    ("split", ["no", 1, None]),
    ("min_days", ["x", None, float("nan"), float("inf"), -1, True]),
    ("min_price_change", ["x", None, float("nan"), float("inf"), -0.1]),
    ("root", [5, b"lake", ["lake"]]),
    ("catalog", ["x", 5, {}]),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG for value in values])
def test_what_an_argument_does_not_take(root: Path, catalog: Catalog, name: str, value: object) -> None:
    asked: dict[str, Any] = {"dataset": D, "root": root, "catalog": catalog, "split": True, name: value}
    with pytest.raises(UsageError, match=f"^`{name}` takes .*; this is "):
        bcdata.load(**asked)


OPTIONS: dict[str, type[StrEnum]] = {"fill": Fill, "missing": Missing, "to": Form}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_there_is_not(root: Path, catalog: Catalog, name: str) -> None:
    there = ", ".join(OPTIONS[name])
    for value in ("perhaps", next(iter(OPTIONS[name])).upper(), ""):
        with pytest.raises(UsageError, match=f"^`{name}` is {value!r}; it is one of {there}$"):
            bcdata.load(D, root=root, catalog=catalog, **{name: value})  # type: ignore[arg-type]
    for value in (5, None, [], ["none"]):
        with pytest.raises(UsageError, match=f"^`{name}` takes one of {there}; this is "):
            bcdata.load(D, root=root, catalog=catalog, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        b"2023",
        [],
        "",
        TOO_LATE,
        TOO_EARLY,
        datetime.min.replace(tzinfo=EAST),
        datetime.max.replace(tzinfo=WEST),
    ],
)
def test_what_is_no_instant(root: Path, catalog: Catalog, name: str, value: object) -> None:
    with pytest.raises(UsageError, match="instant"):
        bcdata.load(D, root=root, catalog=catalog, **{name: value})  # type: ignore[arg-type]


def test_the_edges_of_time_themselves(root: Path, catalog: Catalog) -> None:
    for fill in ("none", "flat"):
        first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - it is UTC
        options = {"split": True, "missing": "ignore", "root": root, "catalog": catalog}
        found = bcdata.load(D, "BTCUSDT", first, last, fill=fill, **options)  # type: ignore[arg-type]
        assert found["trades"].gt(0).sum() == 5


@pytest.mark.filterwarnings("ignore:merged .* is left out:bcdata.errors.MissingDataWarning")
def test_anything_that_yields_names_is_consumed_once(root: Path, catalog: Catalog) -> None:
    def these(*names: str) -> Iterator[str]:
        yield from names

    found = bcdata.load(
        D, these("ETHUSDT", "BTCUSDT"), columns=these("close", "volume", "close"), root=root, catalog=catalog
    )
    assert found.columns == ["symbol", "open_time", "close", "volume"]
    assert found["symbol"].unique(maintain_order=True).to_list() == ["ETHUSDT", "BTCUSDT"]
    for columns in (np.array(["close"]), {"close": 1}, {"close"}, ("close",)):
        found = bcdata.load(D, "BTCUSDT", columns=columns, root=root, catalog=catalog)  # type: ignore[arg-type]
        assert found.columns == ["symbol", "open_time", "close"]
    assert bcdata.load(D, columns=[], root=root, catalog=catalog).columns == ["symbol", "open_time"]


def test_a_root_that_is_not_there_is_no_empty_lake(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "none", tmp_path / "file", str(tmp_path / "\0")):
        with pytest.raises(UsageError, match=r"there is no lake at .*BCDATA_ROOT"):
            bcdata.load(D, root=place, catalog=catalog)
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path / "typo"))
    with pytest.raises(UsageError, match=r"there is no lake at .*typo.*BCDATA_ROOT"):
        bcdata.load(D, catalog=catalog)


@pytest.mark.parametrize(
    ("name", "value"),
    [("symbols", 5), ("symbols", [None]), ("symbols", None), ("dataset", 5), ("out", 5), ("form", "x")],
)
def test_export_too(root: Path, catalog: Catalog, tmp_path: Path, name: str, value: object) -> None:
    asked: dict[str, Any] = {"dataset": D, "symbols": ["BTCUSDT"], "out": tmp_path / "out", name: value}
    with pytest.raises(UsageError, match=f"^`{name}` (takes|is 'x'; it is one of csv, parquet)"):
        list(export(**asked, start=None, end=None, root=root, catalog=catalog))
    assert not (tmp_path / "out").exists()


def test_one_symbol_is_exported_as_one(root: Path, catalog: Catalog, tmp_path: Path) -> None:
    [written] = export(D, "BTCUSDT", None, None, out=tmp_path / "out", root=root, catalog=catalog)
    assert written.symbol == "BTCUSDT"


@pytest.mark.parametrize("text", [TOO_LATE, TOO_EARLY])
def test_an_instant_that_has_no_utc(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="years 1 to 9999"):
        clock.parse_instant(text)
    monkeypatch.setenv("BCDATA_NOW", text)
    with pytest.raises(UsageError, match=f"{text[:4]}.*years 1 to 9999"):
        clock.now()


def test_instants_with_offsets() -> None:
    assert clock.parse_instant("2023-01-01T01:00+01:00") == datetime(2023, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        ["export", "--dataset", D, "--symbols", "BTCUSDT", "--out", "out", "--to", TOO_LATE],
        ["export", "--dataset", D, "--symbols", "BTCUSDT", "--out", "out", "--from", TOO_EARLY],
        ["universe", "--market", "spot", "--as-of", TOO_EARLY],
        ["simulate", "--now", TOO_LATE],
    ],
)
def test_commands_refuse_them(
    root: Path, catalog: Catalog, words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BCDATA_ROOT", str(root))
    monkeypatch.setenv("BCDATA_CATALOG", str(catalog.path))
    assert isinstance(CliRunner().invoke(app, words).exception, UsageError)


@pytest.mark.parametrize("now", ["9999-12-31T23:59:59", "0001-01-01", TOO_LATE])
@pytest.mark.parametrize("words", [["status"], ["gaps"], ["universe", "--market", "spot"]])
def test_a_clock_at_the_edge_is_no_traceback(
    root: Path, catalog: Catalog, words: list[str], now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(root))
    monkeypatch.setenv("BCDATA_CATALOG", str(catalog.path))
    monkeypatch.setenv("BCDATA_NOW", now)
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, UsageError), done.exception
