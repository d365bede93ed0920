"""The generated market end to end: COIN-M, funding, outages, listings, any interval by catalog alone, grain by day."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.frames.schema import BAR
from bcdata.pipeline.zones import Zone
from bcdata_tests.golden.reader import instant
from bcdata_tests.pipeline.generated import MARKET, NOW
from bcdata_tests.pipeline.generated import generated_exchange as generated_exchange  # noqa: PLC0414 (a fixture)
from bcdata_tests.run import ARCHIVE, REST, Lake, Ran, utc

pytestmark = pytest.mark.usefixtures("exchange")
EPOCH = utc("1970-01-01")
INTERVALS = ("3m", "12h", "1d", "3d", "1w", "1mo")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", NOW)


def fields(key: str) -> list[list[str]]:
    """The rows of an object as lists of text."""
    stored = MARKET.read(key, NOW)
    assert stored is not None
    with zipfile.ZipFile(io.BytesIO(stored.body)) as archive:
        lines = archive.read(archive.namelist()[0]).decode().split()
    return [line.split(",") for line in lines if line[0].isdigit()]


def merged(lake: Lake, dataset: str, symbol: str, month: str) -> pl.DataFrame:
    bars = lake.bars(dataset, symbol, month)
    assert bars is not None
    return bars


def test_coin_m_volumes_are_base_and_quote_and_vwap_lies_within_the_bar(lake: Lake) -> None:
    assert lake.materialize("cm_klines_1m", "BTCUSD_PERP", "2023-01", until=Zone.MERGED).troubles == []
    bars = merged(lake, "cm_klines_1m", "BTCUSD_PERP", "2023-01")
    rows = fields("data/futures/cm/monthly/klines/BTCUSD_PERP/1m/BTCUSD_PERP-1m-2023-01.zip")
    assert bars.select("open_time", "volume", "quote_volume").rows() == [
        (instant(row[0]), float(row[7]), int(row[5]) * 100.0) for row in rows
    ]
    assert bars.select("taker_buy_volume", "taker_buy_quote_volume").rows() == [
        (float(row[10]), int(row[9]) * 100.0) for row in rows
    ]
    traded = bars.filter(pl.col("volume") > 0)
    assert traded.height > 40_000
    # Base volume has eight decimals: what the rounding of so small a number does to a price is allowed for.
    slack = pl.col("high") * (1e-9 + 0.5e-8 / pl.col("volume"))
    inside = pl.col("vwap").is_between(pl.col("low") - slack, pl.col("high") + slack)
    assert traded.select(inside.all()).item()
    parsed = lake.root / "parsed/binance_archive/cm_klines_1m/symbol=BTCUSD_PERP/date=2023-01/part-0.parquet"
    assert pl.read_parquet(parsed)["contracts"].to_list() == [float(row[5]) for row in rows]


def test_settlements_stand_at_the_minute_that_opens_then(lake: Lake) -> None:
    assert lake.materialize("um_klines_1m", "ARBUSDT", "2023-05", until=Zone.MERGED).troubles == []
    settled = [
        (instant(row[0]) + timedelta(seconds=30), float(row[2]))
        for row in fields("data/futures/um/monthly/fundingRate/ARBUSDT/ARBUSDT-fundingRate-2023-05.zip")
    ]
    expected = [(at.replace(second=0, microsecond=0), rate) for at, rate in settled]
    bars = merged(lake, "um_klines_1m", "ARBUSDT", "2023-05")
    paid = bars.filter(pl.col("funding_rate").is_not_null()).select("open_time", "funding_rate").rows()
    assert paid == expected
    assert {at.minute for at, _ in paid} == {0}


def test_the_interval_in_force_changes_when_the_exchange_says(lake: Lake) -> None:
    assert lake.materialize("um_funding", "ARBUSDT", "2023-05", until=Zone.MERGED).troubles == []
    settled = merged(lake, "um_funding", "ARBUSDT", "2023-05")
    change = utc("2023-05-11T08:00")
    assert set(settled.filter(pl.col("time") < change)["interval_hours"]) == {8}
    assert set(settled.filter(pl.col("time") > change)["interval_hours"]) == {4}
    assert lake.ledger("um_funding", "ARBUSDT", "2023-05").is_empty()


@pytest.mark.slow
def test_settlements_before_a_listing_are_not_listed(lake: Lake) -> None:
    assert lake.materialize("um_funding", "ARBUSDT", "2023-01", "2023-03", until=Zone.MERGED).troubles == []
    ledger = lake.ledger("um_funding", "ARBUSDT", "2023-01", "2023-02", "2023-03")
    assert set(ledger["status"]) == {"not_listed"}
    assert ledger["bars"].sum() == (31 + 28 + 22) * 3 + 2
    assert merged(lake, "um_funding", "ARBUSDT", "2023-03")["time"].min() == utc("2023-03-23T16:00")


def test_the_open_month_of_funding_comes_from_rest(lake: Lake) -> None:
    """July has no file yet."""
    ran = lake.materialize("um_funding", "ARBUSDT", "2023-07", until=Zone.MERGED)
    assert ran.troubles == []
    settled = merged(lake, "um_funding", "ARBUSDT", "2023-07")
    assert settled["time"].to_list() == [utc("2023-07-01") + at * timedelta(hours=4) for at in range(18)]
    assert ran.of(Zone.PARSED, REST)["ARBUSDT", "2023-07"].rows == 18


@pytest.mark.parametrize(
    ("dataset", "start", "bars"),
    [("um_klines_1m", "2023-02-17T06:02", 7), ("spot_klines_1m", "2023-03-24T12:40", 80)],
)
def test_an_outage_is_upstream(lake: Lake, dataset: str, start: str, bars: int) -> None:
    month = start[:7]
    assert lake.materialize(dataset, "BTCUSDT", month, until=Zone.MERGED).troubles == []
    assert lake.ledger(dataset, "BTCUSDT", month).select("start", "bars", "status").rows() == [
        (utc(start), bars, "upstream")
    ]


@pytest.mark.slow
def test_what_is_after_a_delisting_is_delisted(lake: Lake) -> None:
    assert lake.materialize("spot_klines_1m", "SRMUSDT", "2023-05", "2023-06", until=Zone.MERGED).troubles == []
    ledger = lake.ledger("spot_klines_1m", "SRMUSDT", "2023-05", "2023-06")
    assert set(ledger["status"]) == {"delisted"}
    assert ledger["start"].min() == utc("2023-05-10T03:00")
    assert ledger["bars"].sum() == (utc("2023-07-01") - utc("2023-05-10T03:00")) // timedelta(minutes=1)


@pytest.mark.slow
def test_what_is_before_a_listing_is_not_listed(lake: Lake) -> None:
    assert lake.materialize("spot_klines_1m", "币安人生USDT", "2023-05", "2023-06", until=Zone.MERGED).troubles == []
    ledger = lake.ledger("spot_klines_1m", "币安人生USDT", "2023-05", "2023-06")
    assert set(ledger["status"]) == {"not_listed"}
    assert ledger["end"].max() == utc("2023-06-05T09:29")
    assert merged(lake, "spot_klines_1m", "币安人生USDT", "2023-06")["open_time"].min() == utc("2023-06-05T09:30")


@dataclass
class Coarse:
    """Six more intervals by catalog alone, beside the minutes; each is made when it is first looked at."""

    lake: Lake
    runs: dict[str, Ran] = field(default_factory=dict)

    def ran(self, interval: str) -> Ran:
        if interval not in self.runs:
            self.runs[interval] = self.lake.materialize(
                f"spot_klines_{interval}", "BTCUSDT", "2023-03", "2023-04", until=Zone.MERGED
            )
        return self.runs[interval]


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Coarse:
    folder = tmp_path_factory.mktemp("coarse")
    entry = f"{{grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [{ARCHIVE}, {REST}]}}"
    names = [f"  spot_klines_{interval}: {entry}" for interval in ("1m", *INTERVALS)]
    (folder / "catalog.yaml").write_text("\n".join(["datasets:", *names]))
    lake = Lake(folder / "lake", NOW, load_catalog(folder / "catalog.yaml"))
    made = Coarse(lake)
    assert made.ran("1m").ok
    return made


def floor(interval: str, at: datetime) -> datetime:
    """Where a bar begins, counted by hand."""
    match interval:
        case "1mo":
            return at.replace(day=1, hour=0, minute=0)
        case "1w":
            return at.replace(hour=0, minute=0) - timedelta(days=at.weekday())
        case "3d":
            return at.replace(hour=0, minute=0) - timedelta(days=(at - EPOCH).days % 3)
        case _:
            length = {"3m": 3, "12h": 720, "1d": 1440}[interval]
            return at - timedelta(minutes=(at.hour * 60 + at.minute) % length)


@pytest.mark.slow
@pytest.mark.one_in(6, slow=3)
@pytest.mark.parametrize("interval", INTERVALS)
def test_any_interval_is_a_line_of_the_catalog(coarse: Coarse, interval: str) -> None:
    lake, ran = coarse.lake, coarse.ran(interval)
    assert ran.ok
    name, months = f"spot_klines_{interval}", ("2023-03", "2023-04")
    minutes = pl.concat(merged(lake, "spot_klines_1m", "BTCUSDT", month) for month in months)
    bars = pl.concat(merged(lake, name, "BTCUSDT", month) for month in months)
    groups: dict[datetime, list[tuple[float, ...]]] = {}
    for row in minutes.select(BAR.names()).iter_rows():
        groups.setdefault(floor(interval, row[0]), []).append(row[1:])
    # The window's first week begins before it, and its last one may end after it.
    whole = {at: groups[at] for at in sorted(groups)[:-1] if at >= utc("2023-03-01")}
    last = max(groups)
    compared = {row[0]: row[1:] for row in bars.select(BAR.names()).iter_rows() if row[0] < last}
    assert compared.keys() == whole.keys()
    for at, rows in whole.items():
        opened, high, low, close, volume, _, trades, *_ = compared[at]
        assert (opened, high, low) == (rows[0][0], max(one[1] for one in rows), min(one[2] for one in rows))
        assert (close, trades) == (rows[-1][3], sum(one[6] for one in rows))
        assert volume == pytest.approx(sum(one[4] for one in rows), rel=1e-12)
    for (_, date), outcome in ran.of(Zone.MERGED).items():
        assert "interval_disagree" not in outcome.verdict.counts(), date


def test_by_day_and_by_month_the_bars_are_the_same(coarse: Coarse, tmp_path: Path) -> None:
    lake = coarse.lake
    assert lake.materialize("spot_klines_1m", "BTCUSDT", "2023-03").ok
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(
        "datasets: {spot_klines_1m: {grain: day, start: 2023-01-01, symbols: [BTCUSDT],"
        f" sources: [{ARCHIVE}, {REST}]}}}}"
    )
    days = Lake(tmp_path / "lake", NOW, load_catalog(catalog))
    ran = days.materialize("spot_klines_1m", "BTCUSDT", "2023-03-22", "2023-03-26", until=Zone.FEATURES)
    assert ran.troubles == []
    keys = [f"2023-03-{at}" for at in range(22, 27)]
    bars = pl.concat(merged(days, "spot_klines_1m", "BTCUSDT", key) for key in keys)
    month = merged(lake, "spot_klines_1m", "BTCUSDT", "2023-03")
    window = pl.col("open_time").is_between(utc("2023-03-22"), utc("2023-03-27"), closed="left")
    assert bars.equals(month.filter(window))
    assert days.ledger("spot_klines_1m", "BTCUSDT", *keys).select("start", "bars", "status").rows() == [
        (utc("2023-03-24T12:40"), 80, "upstream")
    ]
    ours, theirs = (
        pl.concat(merged_features(one, keys_) for keys_ in chosen)
        for one, chosen in ((days, keys[2:]), (lake, ["2023-03"]))
    )
    assert ours.equals(theirs.filter(window & (pl.col("open_time") >= utc("2023-03-24"))))


def merged_features(lake: Lake, date: str) -> pl.DataFrame:
    table = lake.bars("spot_klines_1m", "BTCUSDT", date, "features")
    assert table is not None
    return table
