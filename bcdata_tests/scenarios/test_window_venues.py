"""Venues that are asked by windows, raw to features: bars equal the venue's truth, all that is missing is explained."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.healing.scrub_raw import verify
from bcdata.healing.scrub_report import Issue
from bcdata.ledger.ledger import Status
from bcdata.pipeline.context import open_run_context
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate import Fault
from bcdata.simulate.coinbase.loopback import LoopbackCoinbase
from bcdata.simulate.kraken.loopback import LoopbackKraken
from bcdata.windows import Window
from bcdata_tests.providers.venues import Scripted, truth, us
from bcdata_tests.run import Lake, pointed_at, tree, utc
from bcdata_tests.scenarios.window_lake import (
    BITCOIN,
    CATALOG,
    COINBASE,
    DAYS,
    KRAKEN,
    MARKET,
    NOW,
    PRODUCT,
    assert_tiles,
    lake_at,
    merged,
)

FIRST_PAGE, SECOND_PAGE = (us(utc(f"2025-03-02T{hour}:00")) // 10**6 for hour in ("00", "05"))


@pytest.fixture
def coinbase(tmp_path: Path) -> Iterator[LoopbackCoinbase]:
    with LoopbackCoinbase(MARKET, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        yield venue


def test_kraken(tmp_path: Path) -> None:
    """The latest 720 bars are the exchange's own, empty ones among them; what is older is built from trades."""
    lake = lake_at(tmp_path)
    with LoopbackKraken(MARKET, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        ran = lake.materialize(KRAKEN, "XBTUSD", DAYS[0], DAYS[-1])
        assert ran.ok, ran.troubles
        venue.clear()
        again = lake.materialize(KRAKEN, "XBTUSD", DAYS[0], DAYS[-1])
        assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
        assert not venue.requests, "what is covered is not asked again"
    bars = merged(lake, KRAKEN, "XBTUSD")
    own = bars.filter(pl.col("source") == "kraken_rest")
    assert own.height == 720  # the row of the running minute is none
    assert own["open_time"].max() == utc("2025-03-03T14:59")
    assert own["quote_volume"].is_null().all()
    assert own.filter(pl.col("volume") > 0)["vwap"].is_not_null().all()
    traded = bars.filter(pl.col("volume") > 0)
    expected = truth(MARKET, BITCOIN, 60, Window(utc(DAYS[0]), utc("2025-03-03T15:00")))
    assert traded["open_time"].cast(pl.Int64).to_list() == expected["open_time"].to_list()
    for name in ("open", "high", "low", "close", "trades"):
        assert traded[name].to_list() == expected[name].to_list(), name
    missing = assert_tiles(lake, KRAKEN, "XBTUSD", utc("2025-03-03T15:00"))
    assert set(missing) == {Status.NO_TRADES, Status.NOT_LISTED}
    assert missing[Status.NOT_LISTED] >= 390
    hours = lake.bars("kraken_klines_1h", "XBTUSD", DAYS[1], "resampled")
    assert hours is not None
    assert (hours["bars"] + hours["explained"] == hours["expected"]).all()
    assert hours["volume"].sum() == pytest.approx(
        traded.filter(pl.col("open_time").dt.date() == utc(DAYS[1]).date())["volume"].sum()
    )


def test_coinbase(tmp_path: Path, coinbase: LoopbackCoinbase) -> None:
    lake = lake_at(tmp_path)
    ran = lake.materialize(COINBASE, "BTC-USD", DAYS[0], DAYS[-1])
    assert ran.ok, ran.troubles
    bars = merged(lake, COINBASE, "BTC-USD")
    expected = truth(MARKET, PRODUCT, 60, Window(utc(DAYS[0]), utc("2025-03-03T14:59")))
    assert bars["open_time"].cast(pl.Int64).to_list() == expected["open_time"].to_list()
    assert bars["close"].to_list() == expected["close"].to_list()
    assert bars.select("quote_volume", "trades", "taker_buy_volume", "vwap").null_count().row(0) == (bars.height,) * 4
    missing = assert_tiles(lake, COINBASE, "BTC-USD", utc("2025-03-03T15:00"))
    assert set(missing) <= {Status.NO_TRADES, Status.NOT_LISTED, Status.OPEN, Status.NOT_PUBLISHED}
    assert missing[Status.NOT_LISTED] >= 390
    # Whether the newest silence is one shows with the next bar: it is asked about again, and nothing else is.
    coinbase.clear()
    coinbase.now = NOW + timedelta(days=2)
    later = replace(lake, now=coinbase.now)
    assert later.materialize(COINBASE, "BTC-USD", DAYS[0], DAYS[-1]).ok
    asked = [one.path for one in coinbase.requests]
    assert asked
    starts = [int(path.partition("start=")[2].partition("&")[0]) for path in asked]
    assert min(starts) >= us(utc("2025-03-02T23:00")) // 10**6
    assert set(assert_tiles(later, COINBASE, "BTC-USD", utc("2025-03-04"))) == {Status.NO_TRADES, Status.NOT_LISTED}


@pytest.mark.slow
def test_what_came_before_a_failure_is_kept(tmp_path: Path, coinbase: LoopbackCoinbase) -> None:
    lake, down = lake_at(tmp_path), Fault(f"start={SECOND_PAGE}", "status", status=500)
    coinbase.add(down)
    ran = lake.materialize(COINBASE, "BTC-USD", DAYS[0], DAYS[1])
    failed = [one for one in ran.outcomes if not one[1].ok]
    assert [(step.zone, one.partition.date) for step, one in failed] == [(Zone.RAW, DAYS[1])]
    assert "BCDATA_COINBASE_URL" in failed[0][1].verdict.summary()
    assert Status.OPEN in set(lake.ledger(COINBASE, "BTC-USD", DAYS[1])["status"])
    coinbase.remove(down)
    coinbase.clear()
    assert lake.materialize(COINBASE, "BTC-USD", DAYS[0], DAYS[1]).ok
    assert not [one.path for one in coinbase.requests if f"start={FIRST_PAGE}" in one.path], "the first page is there"
    (tmp_path / "other").mkdir()
    whole = lake_at(tmp_path / "other")
    assert whole.materialize(COINBASE, "BTC-USD", DAYS[0], DAYS[1]).ok
    assert tree(lake.root / "merged") == tree(whole.root / "merged")
    assert tree(lake.root / "gaps") == tree(whole.root / "gaps")


@pytest.mark.usefixtures("coinbase")
def test_a_symbol_that_the_venue_does_not_know(tmp_path: Path) -> None:
    ran = lake_at(tmp_path).materialize(COINBASE, "NO-SUCH", DAYS[0])
    assert [one.partition.zone for _, one in ran.outcomes if not one.ok][:2] == ["raw", "merged"]
    assert "NO-SUCH" in ran.troubles[0]
    assert not list((tmp_path / "lake").rglob("*.parquet")), "nothing is published of what nobody knows"


ROW = '[{at}, "9.5", "11", "10", "10.5", "3"]'
HOSTILE: dict[str, tuple[Callable[[int], str], str]] = {
    "a null price": (lambda at: f'[{at}, null, "11", "10", "10.5", "3"]', "values"),
    "the word None": (lambda at: f'[{at}, "None", "11", "10", "10.5", "3"]', "values"),
    "thousands commas": (lambda at: f'[{at}, "9.5", "1,100", "10", "10.5", "3"]', "values"),
    "not a number": (lambda at: f"[{at}, NaN, 11, 10, 10.5, 3]", "values"),
    "a negative price": (lambda at: f"[{at}, -1, 11, 10, 10.5, 3]", "positive_prices"),
    "high below low": (lambda at: f"[{at}, 12, 11, 10, 10.5, 3]", "ohlc_bounds"),
    "off the grid": (lambda at: f'[{at + 7}, "9.5", "11", "10", "10.5", "3"]', "grid"),
    "a foreign time": (lambda at: f'[{at + 10**8}, "9.5", "11", "10", "10.5", "3"]', "content_matches_name"),
    "a row too short": (lambda at: f'[{at}, "9.5", "11"]', "unreadable_line"),
    "no row at all": (lambda _: '"hello"', "unreadable_line"),
    "the same open twice": (lambda at: ROW.format(at=at - 60).replace('"3"', '"4"'), "duplicate_conflict"),
}


@pytest.mark.one_in(4, slow=2)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_row_costs_a_row(tmp_path: Path, name: str) -> None:
    """It is set aside with its reason, and its neighbours are published."""
    bad, rule = HOSTILE[name]

    def reply(parameters: Mapping[str, str]) -> bytes:
        first, last = int(parameters["start"]), int(parameters["end"])
        rows = [ROW.format(at=at) for at in range(first, last + 60, 60)]
        if first == us(utc(DAYS[0])) // 10**6:
            rows[5] = bad(first + 5 * 60)
        return f"[{','.join(reversed(rows))}]".encode()

    lake = lake_at(tmp_path)
    with Scripted(reply) as venue, pointed_at({"BCDATA_COINBASE_URL": venue.url}, tmp_path / "state"):
        ran = lake.materialize(COINBASE, "BTC-USD", DAYS[0], until=Zone.MERGED)
    assert ran.ok, ran.troubles
    assert rule in ran.rules(Zone.PARSED, "BTC-USD", DAYS[0], "coinbase_rest")
    bars = lake.bars(COINBASE, "BTC-USD", DAYS[0])
    assert bars is not None
    assert bars.height >= 1440 - 2
    assert bars.height + int(lake.ledger(COINBASE, "BTC-USD", DAYS[0])["bars"].sum()) == 1440


UNREADABLE = {"no time": '["x"]', "objects": '{{"t": {at}}}', "a time that nobody asked for": "[1, 1, 1, 1, 1, 1]"}


@pytest.mark.parametrize("form", UNREADABLE)
def test_what_cannot_be_read_is_not_taken_for_silence(tmp_path: Path, form: str) -> None:
    """Half of each page: none of its minutes is one without trades."""

    def reply(parameters: Mapping[str, str]) -> bytes:
        if parameters["granularity"] != "60":
            return b"[]"  # the first day is looked for; there is none
        opens = range(int(parameters["end"]), int(parameters["start"]) - 60, -60)
        rows = [ROW.format(at=at) if line < len(opens) // 2 else UNREADABLE[form].format(at=at)
                for line, at in enumerate(opens)]  # fmt: skip
        return f"[{','.join(rows)}]".encode()

    lake = lake_at(tmp_path)
    with Scripted(reply) as venue, pointed_at({"BCDATA_COINBASE_URL": venue.url}, tmp_path / "state"):
        assert lake.materialize(COINBASE, "BTC-USD", DAYS[0], until=Zone.MERGED).ok
    gaps = lake.ledger(COINBASE, "BTC-USD", DAYS[0])
    assert set(gaps["status"]) == {Status.QUARANTINED}
    assert gaps["bars"].sum() == 720


@pytest.mark.usefixtures("coinbase")
def test_a_page_that_is_damaged_or_lost_is_asked_for_again(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    assert lake.materialize(COINBASE, "BTC-USD", DAYS[0]).ok
    before = tree(lake.root)
    first, *_, last = sorted((lake.root / "raw").rglob("2025*.json"))
    flip(first)
    last.unlink()
    with open_run_context(lake.root, lake.catalog, lake.now) as context:
        [found] = [*verify(context, lake.catalog[COINBASE])]
        assert sorted(one.trouble for one in found.problems) == [Issue.DAMAGED, Issue.MISSING]
        assert all(one.repairable for one in found.problems)
    assert lake.materialize(COINBASE, "BTC-USD", DAYS[0]).ok
    assert tree(lake.root) == before
    with open_run_context(lake.root, lake.catalog, lake.now) as context:
        assert not [one for checked in verify(context, lake.catalog[COINBASE]) for one in checked.problems]


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def test_a_foreign_row_does_not_prove_the_silence_before_it(tmp_path: Path) -> None:
    """A row of next year in the newest page: the silence after the last true bar stays open."""
    now = utc("2025-03-01T06:00:30")

    def reply(parameters: Mapping[str, str]) -> bytes:
        first, last = int(parameters["start"]), min(int(parameters["end"]), us(utc("2025-03-01T05:30")) // 10**6)
        return f"[{','.join(ROW.format(at=at) for at in [*range(first, last + 60, 60), first + 3 * 10**7])}]".encode()

    lake = lake_at(tmp_path, now)
    with Scripted(reply) as venue, pointed_at({"BCDATA_COINBASE_URL": venue.url}, tmp_path / "state"):
        assert lake.materialize(COINBASE, "BTC-USD", DAYS[0], until=Zone.MERGED).ok
    gaps = lake.ledger(COINBASE, "BTC-USD", DAYS[0])
    assert Status.NO_TRADES not in set(gaps["status"])
    assert gaps.filter(pl.col("status") == Status.OPEN.value)["bars"].sum() >= 28


def test_a_window_out_of_depth_is_said_once(tmp_path: Path) -> None:
    text = CATALOG.replace("[kraken_rest, kraken_trades]", "[kraken_rest]")
    (tmp_path / "alone.yaml").write_text(text)
    lake = Lake(tmp_path / "lake", NOW, load_catalog(tmp_path / "alone.yaml"))
    with LoopbackKraken(MARKET, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        ran = lake.materialize(KRAKEN, "XBTUSD", DAYS[2], until=Zone.RAW)
    [outcome] = ran.of(Zone.RAW, "kraken_rest").values()
    assert [one.rule for one in outcome.verdict.findings].count("out_of_depth") == 1
