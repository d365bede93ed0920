"""Metrics of generated markets, across the change of labels: what is published is what there is, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog
from bcdata.frames.columns import METRIC_VALUES
from bcdata.pipeline.records.scores import qualities
from bcdata.pipeline.zones import Zone
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata.simulate.binance.market.names import METRICS
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, Outage, from_ms
from bcdata.simulate.binance.market.zips import read_zip
from bcdata.sql.connection import query
from bcdata.store.store import Store
from bcdata.windows import Grain, Window
from bcdata_tests.run import ARCHIVE, Lake, pointed_at, utc

START, END, NOW = utc("2026-06-20"), utc("2026-06-29"), utc("2026-07-03")
FUNDING = ((START, 8),)
HOLE = Outage("um", utc("2026-06-23T23:40"), utc("2026-06-24T00:15"), METRICS)
MARKET = GeneratedMarket(
    [
        GeneratedSymbol("um", "BTCUSDT", "BTC", "USDT", START, 16_541.0, 1, 200.0, 3, funding=FUNDING),
        GeneratedSymbol("um", "ETHUSDT", "ETH", "USDT", utc("2026-06-21T07:20"), 1_200.0, 2, 900.0, 3, funding=FUNDING),
        GeneratedSymbol(
            "cm", "BTCUSD_PERP", "BTC", "USD", START, 16_538.0, 1, 900.0, 0, contract_size=100, funding=FUNDING
        ),
    ],
    outages=(HOLE,),
)
OLD = GeneratedMarket.demo()
SYMBOLS = [("um", "BTCUSDT"), ("um", "ETHUSDT"), ("cm", "BTCUSD_PERP")]
DAYS = [f"2026-06-{day}" for day in range(20, 29)]
FIELDS = "sources: [binance_archive], features: false"
CATALOG = f"""
datasets:
  um_metrics: {{grain: day, start: 2026-06-20, symbols: [BTCUSDT, ETHUSDT], {FIELDS}}}
  cm_metrics: {{grain: day, start: 2026-06-20, symbols: [BTCUSD_PERP], {FIELDS}}}
  um_klines_1h: {{grain: day, start: 2026-06-20, symbols: [BTCUSDT, ETHUSDT], {FIELDS}}}
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Iterator[Lake]:
    """Metrics of all symbols, made once."""
    folder = tmp_path_factory.mktemp("generated")
    with (
        LoopbackExchange(MARKET, now=NOW) as exchange,
        pointed_at(exchange.environment(), folder / "state"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("BCDATA_HTTP_READ_TIMEOUT", "20")
        own = Lake(folder / "lake", NOW, catalog)
        for dataset, symbols in (("um_metrics", "BTCUSDT,ETHUSDT"), ("cm_metrics", "BTCUSD_PERP")):
            assert own.materialize(dataset, symbols, DAYS[0], DAYS[-1]).troubles == []
        assert own.materialize("um_klines_1h", "BTCUSDT", DAYS[0], DAYS[-1], until=Zone.MERGED).troubles == []
        yield own


@pytest.mark.parametrize(("venue", "symbol"), SYMBOLS)
def test_what_is_published_is_the_truth(lake: Lake, venue: str, symbol: str) -> None:
    there = load(f"{venue}_metrics", symbol, START, END, root=lake.root, catalog=lake.catalog)
    expected = [
        (from_ms(one.time), *(None if value is None else float(value) for value in one.values))
        for one in MARKET.metric_rows(venue, symbol, Window(START, END))
    ]
    assert there.select("time", *METRIC_VALUES).rows() == expected
    assert any(None in row for row in expected)
    assert there["time"].is_unique().all()


@pytest.mark.parametrize(("venue", "symbol"), SYMBOLS)
def test_what_is_missing_was_out_or_not_listed(lake: Lake, venue: str, symbol: str) -> None:
    ledger = lake.ledger(f"{venue}_metrics", symbol, *DAYS)
    counts: dict[str, int] = {}
    for status, bars in ledger.select("status", "bars").iter_rows():
        counts[status] = counts.get(status, 0) + bars
    expected = {("um", "BTCUSDT"): {"open": 7}, ("um", "ETHUSDT"): {"open": 7, "not_listed": 288 + 88}}
    assert counts == expected.get((venue, symbol), {})


def test_files_have_what_genuine_ones_have() -> None:
    """Rows out of order, rows twice, blanks, and the label of the change in two files."""
    seen = set()
    for day in DAYS:
        key = f"data/futures/um/daily/metrics/ETHUSDT/ETHUSDT-metrics-{day}.zip"
        stored = MARKET.read(key, NOW)
        if stored is None:
            continue
        rows = read_zip(stored.body)[1].decode().splitlines()[1:]
        labels = [row[:19] for row in rows]
        seen |= {"unsorted"} if labels != sorted(labels) else set()
        seen |= {"twice"} if len(set(rows)) < len(rows) else set()
        seen |= {"blank"} if any(",," in row or row.endswith(",") for row in rows) else set()
        assert len({label[:10] for label in labels}) == (
            2 if day < "2026-06-25" and day != f"{HOLE.start:%Y-%m-%d}" else 1
        )
    assert seen == {"unsorted", "twice", "blank"}
    assert [one.count("2026-06-25 00:00:00") for one in map(labels_of, DAYS[4:7])] == [1, 1, 0]
    assert labels_of("2026-06-25")[-1] == "2026-06-25 23:55:00"
    assert {label[:10] for label in labels_of("2024-05-01", OLD)} == {"2024-05-01"}


def labels_of(day: str, market: GeneratedMarket = MARKET) -> list[str]:
    """The labels of a day's file, ascending."""
    stored = market.read(f"data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-{day}.zip", NOW)
    assert stored is not None
    return sorted(row[:19] for row in read_zip(stored.body)[1].decode().splitlines()[1:])


def test_across_the_change_of_the_layout_each_time_is_there(tmp_path: Path) -> None:
    days = ("2025-12-31", "2026-01-01")
    text = CATALOG.replace("2026-06-20", "2025-12-01")
    (tmp_path / "catalog.yaml").write_text(text)
    with LoopbackExchange(OLD, now=NOW) as exchange, pointed_at(exchange.environment(), tmp_path / "state"):
        own = Lake(tmp_path / "lake", NOW, load_catalog(tmp_path / "catalog.yaml"))
        assert own.materialize("um_metrics", "BTCUSDT", *days).troubles == []
        there = load("um_metrics", "BTCUSDT", days[0], "2026-01-02", root=own.root, catalog=own.catalog)
    window = Window(utc(days[0]), utc("2026-01-02"))
    assert there["time"].to_list() == [from_ms(one.time) for one in OLD.metric_rows("um", "BTCUSDT", window)]
    assert there.height == 576


def test_findings_count_repetitions_and_blanks(lake: Lake, catalog: Catalog) -> None:
    frame = query(Store(lake.root), catalog, "SELECT count(*) AS n, count(DISTINCT known_at) AS d FROM um_metrics")
    assert frame["n"][0] == 2 * 9 * 288 - 7 - 7 - 288 - 88
    gaps = query(Store(lake.root), catalog, "SELECT sum(bars)::BIGINT AS n FROM gaps.um_metrics WHERE status = 'open'")
    assert gaps["n"][0] == 14


def test_bars_get_them_on_request(lake: Lake) -> None:
    bars = load("um_klines_1h", "BTCUSDT", START, END, join="um_metrics", root=lake.root, catalog=lake.catalog)
    there = load("um_metrics", "BTCUSDT", START, END, root=lake.root, catalog=lake.catalog)
    rows = there.select("known_at", "sum_open_interest").rows()
    for known, value in bars.select("known_at", "sum_open_interest").iter_rows():
        assert value == max(row for row in rows if row[0] <= known)[1]
    assert set(there["source"]) == {ARCHIVE}


def test_rows_before_the_listing_are_not_expected_and_those_of_the_hole_are(lake: Lake) -> None:
    """A day before the listing has no score at all, which is not the score of a whole one."""
    expected = {"2026-06-20": 0, "2026-06-21": (24 * 60 - 7 * 60 - 20) // 5}
    hole = {"2026-06-23": 4, "2026-06-24": 3}
    for one in qualities(Store(lake.root), "um_metrics", Grain.DAY, symbols=["ETHUSDT"]):
        assert one.quality is not None
        assert (one.quality.expected, one.quality.open) == (expected.get(one.date, 288), hole.get(one.date, 0)), one
        score = (1 - one.quality.open / 288) * (1 - one.quality.duplicates / 288) if one.quality.expected else None
        assert one.quality.score == (None if score is None else pytest.approx(score, rel=1e-12))
