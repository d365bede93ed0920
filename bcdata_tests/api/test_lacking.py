"""Less than was asked for never comes back without a word; what a ledger explains needs none."""

import warnings
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bcdata
from bcdata.api.loading.lacking import Missing, tell_of_lacking
from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.frames.schema import LEDGER
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain
from bcdata_tests.api.test_load import bars

D = "spot_klines_1h"
NOW = datetime(2024, 6, 15, tzinfo=UTC)
MONTHS = ("2023-01", "2023-02", "2023-04")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PACKAGED)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three months of one symbol, the last of which has no bars, and one month of another."""
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())
    store = Store(tmp_path / "lake")
    for symbol, key in (*(("BTCUSDT", key) for key in MONTHS), ("ETHUSDT", "2023-01")):
        place = Partition("merged", D, symbol, key)
        found = bars(Grain.MONTH.window(key).start, [] if key == "2023-04" else [0, 1], 100)
        together = [Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {}), Rows(place, found, {})]
        store.publish_together(together, fingerprint="f", rules="1")
    store.close()
    return store.root


def said(root: Path, catalog: Catalog, *asked: str | None, **more: str) -> str | None:
    """The warning, if there is one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bcdata.load(D, *asked, root=root, catalog=catalog, **more)  # type: ignore[arg-type]
    texts = [str(one.message) for one in caught if one.category is bcdata.MissingDataWarning]
    assert len(texts) <= 1
    return texts[0] if texts else None


def test_a_hole_is_told_with_the_command_that_fetches_it(root: Path, catalog: Catalog) -> None:
    words = said(root, catalog, "BTCUSDT")
    assert words is not None
    assert words.startswith(f"{D}: never published is BTCUSDT 2023-03; fetch it with: bcdata materialize {D} ")
    assert "--symbols BTCUSDT --from 2023-03 --to 2023-03" in words


@pytest.mark.parametrize(
    ("asked", "range_"),
    [
        (("BTCUSDT", "2022-12", "2023-02"), "2022-12"),
        (("BTCUSDT", "2023-04", "2023-07"), "2023-05 .. 2023-06 (2 partitions)"),
        (("ETHUSDT", "2023-01", "2023-03"), "2023-02"),
        (("ETHUSDT", "2023-01-15", "2023-02-01T00:00:01"), "2023-02"),
    ],
)
def test_a_range_beyond_what_there_is_is_told(
    root: Path, catalog: Catalog, asked: tuple[str, ...], range_: str
) -> None:
    words = said(root, catalog, *asked)
    assert words is not None
    assert f"{asked[0]} {range_};" in words


@pytest.mark.parametrize(
    "asked",
    [
        ("BTCUSDT", "2023-01", "2023-03"),
        ("BTCUSDT", "2023-04", "2023-05"),
        ("ETHUSDT",),
        ("ETHUSDT", "2023-01", "2023-02-01"),
        ("ETHUSDT", "2010-01", "2017-08"),
    ],
)
def test_what_is_whole_and_what_a_ledger_explains_is_not(root: Path, catalog: Catalog, asked: tuple[str, ...]) -> None:
    assert said(root, catalog, *asked) is None


def test_what_is_not_due_is_not_told(root: Path, catalog: Catalog) -> None:
    words = said(root, catalog, "BTCUSDT", "2024-05", "2030-01")
    assert words is not None
    assert "BTCUSDT 2024-05 .. 2024-06 (2 partitions)" in words


def test_a_zone_of_which_there_is_nothing_is_told(root: Path, catalog: Catalog) -> None:
    words = said(root, catalog, zone="features")
    assert words == f"features of {D}: nothing of it was published yet; fetch it with: bcdata materialize {D}"


def test_who_wants_it_is_stopped_or_told_nothing(root: Path, catalog: Catalog) -> None:
    with pytest.raises(bcdata.MissingDataError, match="never published is BTCUSDT 2023-03"):
        bcdata.load(D, "BTCUSDT", missing="raise", root=root, catalog=catalog)
    assert said(root, catalog, "BTCUSDT", missing="ignore") is None


def test_of_many_symbols_some_are_named(catalog: Catalog) -> None:
    there = {f"S{at}USDT": [Partition("merged", D, f"S{at}USDT", "2023-01")] for at in range(5)}
    asked = (datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC))
    with pytest.warns(bcdata.MissingDataWarning) as caught:
        tell_of_lacking(catalog[D], D, there, asked, now=NOW, missing=Missing.WARN)
    text = str(caught[0].message)
    assert "S0USDT 2023-02, S1USDT 2023-02, S2USDT 2023-02, and of 2 more symbols" in text
    assert "--symbols S0USDT,S1USDT,S2USDT,S3USDT,S4USDT --from 2023-02 --to 2023-02" in text


@pytest.mark.parametrize(
    "asked", [("BTCUSDT", "2023-04", "2023-05"), ("BTCUSDT", "2010-01", "2010-02"), ("ETHUSDT", "2023-03")]
)
@pytest.mark.parametrize(
    "options", [{}, {"fill": "flat"}, {"fill": "null", "split": True}, {"columns": ["close", "volume"]}]
)
def test_no_rows_have_all_columns(
    root: Path, catalog: Catalog, asked: tuple[str, ...], options: dict[str, object]
) -> None:
    more = {"missing": "ignore", "root": root, "catalog": catalog, **options}
    some = bcdata.load(D, "BTCUSDT", "2023-01", "2023-02", **more)  # type: ignore[arg-type]
    none = bcdata.load(D, *asked, **more)  # type: ignore[arg-type]
    assert some.height > 0
    if options.get("fill") is None or asked[1] == "2010-01":
        assert none.is_empty()
    assert none.schema == some.schema


def test_a_zone_without_rows_has_its_columns(root: Path, catalog: Catalog) -> None:
    found = bcdata.load(D, zone="features", missing="ignore", root=root, catalog=catalog)
    assert found.is_empty()
    assert {"symbol", "open_time", "known_at", "log_ret_1"} <= set(found.columns)


@given(st.sets(st.integers(0, 11)), st.integers(0, 11), st.integers(0, 11))
def test_it_is_what_is_asked_for_without_what_is_there(held: set[int], one: int, other: int) -> None:
    catalog = load_catalog(PACKAGED)
    keys = Grain.MONTH.keys("2023-01", "2023-12")
    first, last = sorted([one, other])
    asked = (Grain.MONTH.window(keys[first]).start, Grain.MONTH.window(keys[last]).end)
    there = {"BTCUSDT": [Partition("merged", D, "BTCUSDT", keys[at]) for at in sorted(held)]}
    lacking = [keys[at] for at in range(first, last + 1) if at not in held]
    if not lacking:
        tell_of_lacking(catalog[D], D, there, asked, now=NOW, missing=Missing.RAISE)
        return
    with pytest.raises(bcdata.MissingDataError) as raised:
        tell_of_lacking(catalog[D], D, there, asked, now=NOW, missing=Missing.RAISE)
    assert f"--from {lacking[0]} --to {lacking[-1]}" in str(raised.value)


def test_bars_that_are_held_back_stop_who_wants_it(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger of a newer publication is there, its bars are not."""
    store, place = Store(root), Partition("merged", D, "BTCUSDT", "2023-02")
    path, old = root / place.key(), (root / place.key()).read_bytes()
    newer = [Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {}), Rows(place, store.read(place).head(1), {})]
    store.publish_together(newer, fingerprint="newer", rules="1")
    path.unlink()
    path.write_bytes(old)
    asked = {"root": root, "catalog": catalog, "missing": "raise"}
    words = f"merged {D} BTCUSDT 2023-02 is left out: .* two publications.*bcdata materialize"
    for read in (bcdata.load, bcdata.scan, bcdata.stats, partial(bcdata.load, interval="4h")):
        with pytest.raises(bcdata.MissingDataError, match=words):
            read(D, "BTCUSDT", "2023-01", "2023-03", **asked)
        read(D, "BTCUSDT", "2023-01", "2023-02", **asked)
    monkeypatch.setattr("bcdata.api.loading.rows.require_standing", lambda *_: None)  # it stood when it was looked up
    with pytest.raises(bcdata.MissingDataError, match=words):
        bcdata.load(D, "BTCUSDT", "2023-01", "2023-03", **asked)
    entities = pl.DataFrame({"symbol": ["BTCUSDT"], "time": [datetime(2023, 2, 5, tzinfo=UTC)]})
    with pytest.raises(bcdata.MissingDataError, match=words):
        bcdata.join(entities, D, "close", zone="merged", **asked)
