"""London in pence: what Yahoo sends, what the lake keeps, and what `load` gives in pounds."""

import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.errors import MissingDataWarning, UsageError
from bcdata.frames.schema import LEDGER, conform, merged_bar
from bcdata.pipeline.publish import Draft
from bcdata.quality.verdict import Verdict
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

if TYPE_CHECKING:
    from bcdata.pipeline.records.in_footers import MergedRecord

NOW = utc("2024-12-20T20:00")
BARS, ACTIONS = "uk_equity_klines_1d", "uk_equity_actions"
TEXT = """
markets:
  uk_equity: {calendar: XLON, type: stock, currency: GBP, since: 1990-01INSTRUMENTS}
datasets:
  uk_equity_klines_1d:
    {grain: month, start: 2024-10, symbols: [VOD.L, SAME.L, VUSD.L], sources: [yahoo], features: false, resample: [1w]}
  uk_equity_actions: {grain: month, start: 2024-10, symbols: [VOD.L, SAME.L, VUSD.L], sources: [yahoo]}
"""
PAID = date(2024, 11, 21)
SCHEMA = merged_bar(funding=False, sessions=True)
MONEY = ("open", "high", "low", "close")


def instruments(*entries: str) -> str:
    return TEXT.replace("INSTRUMENTS", f", instruments: [{', '.join(entries)}]" if entries else "")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """VOD.L pays in pounds and SAME.L, its twin, in pence; VUSD.L is priced in dollars, whatever its suffix says."""
    folder = tmp_path_factory.mktemp("units")
    hours = hours_of("XLON", date(2024, 6, 3), date(2024, 12, 31))
    splits = (Split(date(2024, 12, 10), 2),)

    def listed(symbol: str, currency: str, paid: Dividend) -> ListedSymbol:
        return ListedSymbol(symbol, hours, date(2024, 6, 3), 70.0, None, splits, (paid,), currency)

    market = SessionMarket(
        [
            listed("VOD.L", "GBp", Dividend(PAID, 0.02, "GBP")),
            listed("SAME.L", "GBp", Dividend(PAID, 2.0, "GBp")),
            listed("VUSD.L", "USD", Dividend(PAID, 2.0, "USD")),
        ]
    )
    made = lake_at(folder, instruments(), NOW)
    with LoopbackYahoo(market, now=NOW) as server, pointed_at(server.environment(), folder / "state"):
        for symbol in ("VOD.L", "SAME.L", "VUSD.L"):
            for dataset in (BARS, ACTIONS):
                ran = made.materialize(dataset, symbol, "2024-10", "2024-12")
                assert ran.ok, ran.troubles
    return made


def publish(lake: Lake, symbol: str, rows: pl.DataFrame) -> None:
    """The rows of a month as if a source had sent them that says nothing of their unit."""
    record: MergedRecord = {"closed": "2024-11-01T00:00:00+00:00"}
    draft = Draft(conform(rows, SCHEMA), Verdict(rows.height), record, ledger=pl.DataFrame(schema=LEDGER))
    assert draft.publish(Store(lake.root), Partition("merged", BARS, symbol, "2024-10"), f"made of {symbol}").ok


@pytest.fixture
def ask(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`load` with a catalog that states these instruments; a warning is an error."""
    monkeypatch.setenv("BCDATA_NOW", "2024-12-20T20:00:00Z")

    def asked(symbol: str, *entries: str, dataset: str = BARS, **options: Any) -> pl.DataFrame:
        catalog = lake_at(tmp_path, instruments(*entries), NOW).catalog
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return load(dataset, symbol, "2024-10-01", root=lake.root, catalog=catalog, missing="ignore", **options)

    return asked


def test_pence_in_the_lake_and_pounds_on_demand(ask: Any) -> None:
    raw, major = ask("VOD.L"), ask("VOD.L", unit="major")
    assert raw.equals(ask("VOD.L", unit="raw"))
    for name in MONEY:
        assert major[name].to_list() == [one / 100 for one in raw[name]], name
    assert major.drop(MONEY, "vwap").equals(raw.drop(MONEY, "vwap"))
    assert major.columns == raw.columns
    lazy = ask("VOD.L", unit="major", lazy=True).select("close").collect()
    assert lazy["close"].equals(major["close"])
    assert ask("VOD.L", unit="major", columns=["close"])["close"].equals(major["close"])


def test_a_source_that_states_dollars_is_believed_before_the_suffix(ask: Any) -> None:
    assert ask("VUSD.L", unit="major").equals(ask("VUSD.L"))


def test_the_catalog_is_believed_before_the_source(ask: Any) -> None:
    stated = "{symbol: VOD.L, currency: GBP}"
    assert ask("VOD.L", stated, unit="major").equals(ask("VOD.L"))


def test_a_unit_that_changes_on_a_date(ask: Any) -> None:
    """Two dated rows: pence up to a session, pounds from it on."""
    at = date(2024, 11, 14)
    stated = f"{{symbol: VOD.L, currency: GBp, to: {at}}}", f"{{symbol: VOD.L, currency: GBP, from: {at}}}"
    raw, major = ask("VOD.L"), ask("VOD.L", *stated, unit="major")
    expected = [close / 100 if label < at else close for label, close in raw.select("session", "close").rows()]
    assert major["close"].to_list() == expected
    for options in ({"interval": "1w"}, {"dataset": "uk_equity_klines_1w", "zone": "resampled"}):
        with pytest.raises(UsageError, match=r"prices of VOD\.L change their unit, and bars of 1w may mix both"):
            ask("VOD.L", *stated, unit="major", **options)


def test_coarser_bars_of_one_unit(ask: Any) -> None:
    for options in ({"interval": "1w"}, {"dataset": "uk_equity_klines_1w", "zone": "resampled"}):
        raw, major = ask("VOD.L", **options), ask("VOD.L", unit="major", **options)
        assert major["close"].to_list() == [one / 100 for one in raw["close"]]
        assert major["volume"].equals(raw["volume"])


def test_a_payment_in_pounds_and_one_in_pence_are_the_same_share(ask: Any) -> None:
    """Prices of the twins differ; the share that a payment is of the close before does not depend on its unit."""
    for symbol in ("VOD.L", "SAME.L"):
        raw, both = ask(symbol), ask(symbol, adjusted="all")
        before = raw.filter(pl.col("session") < PAID)
        close = before["close"][-1]
        factor = (1 - 2.0 / close) / 2
        assert both["close"][0] == pytest.approx(raw["close"][0] * factor, rel=1e-6)
        pounds = ask(symbol, adjusted="all", unit="major")
        assert pounds["close"].to_list() == [one / 100 for one in both["close"]]


def test_flat_bars_and_segments_are_of_the_same_unit(ask: Any) -> None:
    raw, major = ask("VOD.L", fill="flat", split=True), ask("VOD.L", fill="flat", split=True, unit="major")
    assert major["close"].to_list() == [one / 100 for one in raw["close"]]
    assert major["segment"].equals(raw["segment"])


def test_what_only_the_suffix_tells_is_told_and_what_nothing_tells_is_an_error(lake: Lake, tmp_path: Path) -> None:
    """Bars whose source says nothing of their unit."""
    other = lake_at(tmp_path, TEXT.replace("INSTRUMENTS", "").replace("VUSD.L", "BP.L, SAP.DE, ODD"), NOW)
    rows = load(BARS, "VOD.L", "2024-10", "2024-11", root=lake.root, catalog=lake.catalog, missing="ignore")
    for symbol in ("BP.L", "SAP.DE", "ODD"):
        publish(other, symbol, rows.drop("symbol"))

    def asked(symbol: str, missing: str = "warn") -> pl.DataFrame:
        return load(BARS, symbol, root=other.root, catalog=other.catalog, unit="major", missing=missing)

    with pytest.warns(MissingDataWarning, match=r"no source says what prices of BP\.L are in: they are taken for GBp"):
        assert asked("BP.L")["close"].to_list() == [one / 100 for one in rows["close"]]
    for symbol in ("SAP.DE", "ODD"):
        with pytest.raises(UsageError, match=f"what prices of {symbol} are in on .* is not known.*instruments"):
            asked(symbol, missing="ignore")


@pytest.mark.parametrize(
    ("dataset", "options", "complaint"),
    [
        (BARS, {"unit": "pounds"}, "unit"),
        (ACTIONS, {"unit": "major"}, "only bars have prices in a unit"),
        (BARS, {"unit": "major", "zone": "features"}, "only bars have prices in a unit"),
    ],
)
def test_what_cannot_be_meant(ask: Any, dataset: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        ask("VOD.L", dataset=dataset, **options)
