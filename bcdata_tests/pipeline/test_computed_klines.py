"""Bars of prices that are computed and not traded: marks, indices and premiums, of a generated market."""

import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import UsageError
from bcdata.frames.columns import PRICES
from bcdata.frames.schema import merged_bar
from bcdata.pipeline.zones import Zone, steps
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata_tests.mirror import Mirror, csv_of, zipped
from bcdata_tests.pipeline.generated import MARKET, NOW
from bcdata_tests.pipeline.generated import generated_exchange as generated_exchange  # noqa: PLC0414 (a fixture)
from bcdata_tests.run import ARCHIVE, REST, Lake, pointed_at, utc

pytestmark = pytest.mark.usefixtures("exchange")
DAY = "2023-02-18"
EPOCH = utc("1970-01-01")
FOLDERS = {"mark": "markPriceKlines", "index": "indexPriceKlines", "premium": "premiumIndexKlines"}
CASES = [
    (venue, word, symbol)
    for venue, contract, pair in (("um", "BTCUSDT", "BTCUSDT"), ("cm", "BTCUSD_PERP", "BTCUSD"))
    for word, symbol in (("mark", contract), ("index", pair), ("premium", contract))
]
AMOUNTS = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume", "vwap")
HOLE = (utc("2023-02-18T11:20"), utc("2023-02-18T11:31"))
"""Marks of um that the market lacks: first and last open."""


def body(venue: str, word: str, symbol: str, *, features: str = "false", more: str = "") -> str:
    fields = f"grain: day, start: 2023-01-01, symbols: [{symbol}], sources: [{ARCHIVE}, {REST}], features: {features}"
    return f"  {venue}_{word}_klines_1m: {{{fields}{more}}}\n"


ALL = "datasets:\n" + "".join(body(*case, more=", resample: [1h]") for case in CASES)


def catalog(folder: Path, text: str) -> Catalog:
    (folder / "catalog.yaml").write_text(text)
    return load_catalog(folder / "catalog.yaml")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", NOW, catalog(tmp_path, ALL))


def rows(venue: str, word: str, symbol: str) -> list[tuple[datetime, ...]]:
    """An object's bars, read on their own: opens and prices."""
    folder = f"data/futures/{venue}/daily/{FOLDERS[word]}/{symbol}/1m"
    stored = MARKET.read(f"{folder}/{symbol}-1m-{DAY}.zip", NOW)
    assert stored is not None
    with zipfile.ZipFile(io.BytesIO(stored.body)) as archive:
        lines = archive.read(archive.namelist()[0]).decode().split()
    fields = [line.split(",") for line in lines if line[0].isdigit()]
    return [(EPOCH + timedelta(milliseconds=int(row[0])), *map(float, row[1:5])) for row in fields]


@pytest.mark.parametrize(("venue", "word", "symbol"), CASES)
def test_prices_are_those_of_the_files_and_amounts_are_null(lake: Lake, venue: str, word: str, symbol: str) -> None:
    dataset = f"{venue}_{word}_klines_1m"
    ran = lake.materialize(dataset, symbol, DAY)
    assert ran.troubles == []
    assert "undeclared" not in ran.rules(Zone.PARSED, symbol, DAY, ARCHIVE)
    bars = lake.bars(dataset, symbol, DAY)
    assert bars is not None
    assert bars.schema == merged_bar(funding=False)
    assert bars.select("open_time", *PRICES).rows() == rows(venue, word, symbol)
    assert bars.select(pl.col(*AMOUNTS).null_count()).row(0) == (bars.height,) * len(AMOUNTS)
    assert (bars["low"].min() < 0) is (word == "premium")  # type: ignore[operator]
    hours = lake.bars(f"{venue}_{word}_klines_1h", symbol, DAY, "resampled")
    assert hours is not None
    assert hours.height == 24
    assert hours["high"].max() == bars["high"].max()
    assert hours["volume"].null_count() == hours.height
    assert "funding_rate" not in hours.columns


def test_gaps_are_its_own_and_confirmed_by_rest(lake: Lake) -> None:
    lake.materialize("um_mark_klines_1m", "BTCUSDT", DAY, until=Zone.MERGED)
    ledger = lake.ledger("um_mark_klines_1m", "BTCUSDT", DAY)
    assert ledger.select("start", "end", "bars", "status").rows() == [(*HOLE, 12, "upstream")]
    lake.materialize("um_index_klines_1m", "BTCUSDT", DAY, until=Zone.MERGED)
    assert lake.ledger("um_index_klines_1m", "BTCUSDT", DAY).is_empty()


@pytest.mark.one_in(8, slow=2)
@pytest.mark.parametrize(("venue", "word", "symbol"), CASES)
def test_what_the_archive_lacks_comes_from_rest(
    tmp_path: Path, exchange: LoopbackExchange, venue: str, word: str, symbol: str
) -> None:
    lost = Fault(f"{venue}/.*/{FOLDERS[word]}/{symbol}/1m/{symbol}-1m-2023-02", "missing", unlisted=True)
    exchange.add(lost)
    lake = Lake(tmp_path / "lake", NOW, catalog(tmp_path, ALL))
    dataset = f"{venue}_{word}_klines_1m"
    ran = lake.materialize(dataset, symbol, DAY, until=Zone.MERGED)
    exchange.remove(lost)
    assert ran.troubles == []
    bars = lake.bars(dataset, symbol, DAY)
    assert bars is not None
    assert bars.select("open_time", *PRICES).rows() == rows(venue, word, symbol)
    assert set(bars["source"]) == {REST}
    assert bars.select(pl.col(*AMOUNTS).null_count()).row(0) == (bars.height,) * len(AMOUNTS)
    history = lake.ledger(dataset, symbol, DAY).filter(pl.col("status") == "refilled")
    assert history["bars"].sum() == bars.height


def copied(mirror: Mirror, word: str, interval: str, *, spoil: bool = False) -> None:
    """Puts a day of the generated market into a mirror; `spoil` makes a low far too low, and two bars of one open."""
    key = f"data/futures/um/daily/{FOLDERS[word]}/BTCUSDT/{interval}/BTCUSDT-{interval}-{DAY}.zip"
    stored = MARKET.read(key, NOW)
    assert stored is not None
    with zipfile.ZipFile(io.BytesIO(stored.body)) as archive:
        head, *lines = archive.read(archive.namelist()[0]).decode().split()
    if spoil:
        fields = lines[100].split(",")
        low = float(fields[3])
        lines[100] = ",".join([*fields[:3], str(low - abs(low) * 9 if word == "premium" else low * 0.5), *fields[4:]])
        other = lines[200].split(",")
        lines.insert(201, ",".join([other[0], *[other[4]] * 4, *other[5:]]))
    content = "\n".join([head, *lines, ""]).encode()
    mirror.put(key, zipped(f"BTCUSDT-{interval}-{DAY}.csv", content))


@pytest.mark.parametrize("word", ["mark", "premium"])
def test_what_hours_refute_and_what_disagrees_is_set_aside_and_comes_from_rest(tmp_path: Path, word: str) -> None:
    mirror, truth = Mirror(tmp_path / "archive"), Mirror(tmp_path / "truth")
    copied(mirror, word, "1m", spoil=True)
    for interval in ("1h", "1d"):
        copied(mirror, word, interval)
    for interval in ("1m", "1h", "1d"):
        copied(truth, word, interval)
    market = FolderMarket(mirror.root, rest_source=truth.root)
    with LoopbackExchange(market, now=NOW) as other, pointed_at(other.environment(), tmp_path / "state"):
        lake = Lake(tmp_path / "lake", NOW, catalog(tmp_path, "datasets:\n" + body("um", word, "BTCUSDT")))
        dataset = f"um_{word}_klines_1m"
        ran = lake.materialize(dataset, "BTCUSDT", DAY, until=Zone.MERGED)
    assert ran.troubles == []
    found = ran.rules(Zone.PARSED, "BTCUSDT", DAY, ARCHIVE)
    assert found["refuted"] == 60
    assert found["duplicate_conflict"] == 2
    bars = lake.bars(dataset, "BTCUSDT", DAY)
    assert bars is not None
    assert bars.select("open_time", *PRICES).rows() == rows("um", word, "BTCUSDT")
    assert bars.filter(pl.col("source") == REST).height == 61


def test_a_premium_with_volume_is_published_without_it_and_said(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "archive")
    start = (utc("2023-02-01") - EPOCH) // timedelta(milliseconds=1)
    made = [
        [str(start + at * 60_000), "-0.0001", "0.0002", "-0.0003", "0.0001", "5" if at == 7 else "0",
         str(start + at * 60_000 + 59_999), "0", "60", "0", "0", "0"]
        for at in range(1440)
    ]  # fmt: skip
    key = "data/futures/um/daily/premiumIndexKlines/BTCUSDT/1m/BTCUSDT-1m-2023-02-01.zip"
    mirror.put(key, zipped("BTCUSDT-1m-2023-02-01.csv", csv_of(made)))
    text = "datasets:\n" + body("um", "premium", "BTCUSDT")
    with (
        LoopbackExchange(FolderMarket(mirror.root), now=NOW) as other,
        pointed_at(other.environment(), tmp_path / "state"),
    ):
        lake = Lake(tmp_path / "lake", NOW, catalog(tmp_path, text))
        ran = lake.materialize("um_premium_klines_1m", "BTCUSDT", "2023-02-01", until=Zone.MERGED)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", "2023-02-01", ARCHIVE)["undeclared"] == 1
    bars = lake.bars("um_premium_klines_1m", "BTCUSDT", "2023-02-01")
    assert bars is not None
    assert bars.height == 1440
    assert bars["volume"].null_count() == 1440


def test_features_are_those_that_read_prices_alone(tmp_path: Path) -> None:
    text = "datasets:\n" + "".join(body(*case, features="true") for case in CASES if case[1] != "premium")
    known = catalog(tmp_path, text)
    for dataset in known:
        assert dataset.features is not None
        assert "log_ret_1" in (dataset.features.select or ())
        assert not {"ret_vol_z", "rel_volume", "vwap_dist"} & set(dataset.features.select or ()) - {"ret_vol_z"}
    lake = Lake(tmp_path / "lake", NOW, known)
    ran = lake.materialize("um_mark_klines_1m", "BTCUSDT", DAY, until=Zone.FEATURES)
    assert ran.troubles == []
    assert "lacking_columns" not in ran.rules(Zone.FEATURES, "BTCUSDT", DAY)
    table = lake.bars("um_mark_klines_1m", "BTCUSDT", DAY, "features")
    assert table is not None
    assert table["log_ret_1"].null_count() < 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (body("um", "mark", "BTCUSDT", features="{select: [log_ret_1, rel_volume]}"), "rel_volume reads columns that"),
        (body("um", "premium", "BTCUSDT", features="true"), "premium_klines has none"),
        (body("um", "premium", "BTCUSDT", more=", labels: {horizons: [1]}"), "premium_klines has none"),
        (body("spot", "mark", "BTCUSDT"), "the spot market has no mark_klines"),
    ],
)
def test_what_such_bars_cannot_have_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        catalog(tmp_path, "datasets:\n" + text)


def test_signed_prices_are_not_split(lake: Lake) -> None:
    lake.materialize("um_premium_klines_1m", "BTCUSDT", DAY, until=Zone.MERGED)
    options = {"root": lake.root, "catalog": lake.catalog}
    assert load("um_premium_klines_1m", "BTCUSDT", fill="flat", **options)["volume"].null_count()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="prices below zero"):
        load("um_premium_klines_1m", "BTCUSDT", split=True, **options)  # type: ignore[arg-type]


def test_premiums_have_bars_and_coarser_bars_and_nothing_else(lake: Lake) -> None:
    zones = {step.zone for step in steps(lake.catalog["um_premium_klines_1m"])}
    assert zones == {Zone.RAW, Zone.PARSED, Zone.MERGED, Zone.RESAMPLED}
