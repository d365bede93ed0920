"""Which source would be asked, and why not the others: by name, by rule, by plan, by time, and as asking goes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import CatalogError, UsageError
from bcdata.net.health import Health, HostHealth
from bcdata.reporting.choice import Explained, Question

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = (
    "TIINGO_API_KEY",
    "FMP_API_KEY",
    "POLYGON_API_KEY",
    "ALPACA_API_KEY",
    "ALPACA_API_SECRET",
    "ALPHA_VANTAGE_API_KEY",
)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, f"{name.lower()}12345")


def catalog(folder: Path, sources: str = "auto", top: str = "", interval: str = "1d") -> Catalog:
    entry = f"{{grain: month, start: 2024-01, symbols: [AAPL], sources: {sources}}}"
    path = folder / "catalog.yaml"
    path.write_text(f"{top}datasets:\n  us_equity_klines_{interval}: {entry}\n")
    return load_catalog(path)


def asked(found: list[Explained]) -> list[str]:
    return [one.source for one in found if one.order]


def why(found: list[Explained], source: str) -> str:
    return next(one.why for one in found if one.source == source)


def test_the_rules_choose_in_order_and_leave_out_what_may_not_be_kept(tmp_path: Path) -> None:
    found = Question(catalog(tmp_path), None, NOW, Health(NOW)).explain("aapl", "1d")
    assert asked(found) == ["yahoo", "fmp", "polygon", "alpaca", "alpha_vantage"]
    assert "do not let its data be kept" in why(found, "tiingo")
    paid = catalog(tmp_path, top="providers: {tiingo: {plan: power}}\n")
    assert asked(Question(paid, None, NOW, Health(NOW)).explain("AAPL", "1d"))[:2] == ["yahoo", "tiingo"]


def test_rules_of_ones_own(tmp_path: Path) -> None:
    top = "choice:\n  - {type: stock, interval: 1d, sources: [alpaca, yahoo]}\n  - {sources: [polygon]}\n"
    assert catalog(tmp_path, top=top)["us_equity_klines_1d"].sources == ("alpaca", "yahoo")
    assert catalog(tmp_path, top=top, interval="1m")["us_equity_klines_1m"].sources == ("polygon",)


def test_who_names_a_source_gets_that_source(tmp_path: Path) -> None:
    found = Question(catalog(tmp_path, "[polygon]"), None, NOW, Health(NOW)).explain("AAPL", "1d")
    assert asked(found) == ["polygon"]
    assert why(found, "yahoo") == "the dataset names other sources"


def test_a_source_without_its_key_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYGON_API_KEY")
    found = Question(catalog(tmp_path, "[polygon, alpaca]", interval="1m"), None, NOW, Health(NOW)).explain(
        "AAPL", "1m"
    )
    assert asked(found) == ["alpaca"]
    assert "POLYGON_API_KEY is not set" in why(found, "polygon")


def test_what_lies_too_far_back_is_told(tmp_path: Path) -> None:
    there = catalog(tmp_path, "[polygon, yahoo]", interval="1m")
    long_ago = Question(there, NOW - timedelta(days=365 * 3), NOW, Health(NOW)).explain("AAPL", "1m")
    assert asked(long_ago) == []
    assert why(long_ago, "polygon") == "its plan 'basic' reaches back to 2024-06-01"
    assert why(long_ago, "yahoo") == "its bars of 1m reach back to 2026-05-02"
    lately = Question(there, NOW - timedelta(days=10), NOW, Health(NOW)).explain("AAPL", "1m")
    assert asked(lately) == ["polygon", "yahoo"]
    assert why(Question(there, NOW + timedelta(days=1), NOW, Health(NOW)).explain("AAPL", "1m"), "yahoo").endswith(
        "future"
    )


def test_an_open_breaker_and_a_spent_quota(tmp_path: Path) -> None:
    hosts = {
        "query2.finance.yahoo.com": HostHealth("open", 5, NOW + timedelta(minutes=1)),
    }
    found = Question(catalog(tmp_path), None, NOW, Health(NOW, hosts=hosts)).explain("AAPL", "1d")
    assert "its last 5 requests failed" in why(found, "yahoo")
    assert asked(found)[0] == "fmp"


def test_a_symbol_that_no_dataset_has(tmp_path: Path) -> None:
    found = Question(catalog(tmp_path), None, NOW, Health(NOW)).explain("MSFT", "5m")
    assert {one.dataset for one in found} == {"us_equity_klines_5m"}
    with pytest.raises(UsageError, match="no dataset has bars of 1m of BTCUSDT"):
        Question(catalog(tmp_path), None, NOW, Health(NOW)).explain("BTCUSDT", "1m")


@pytest.mark.parametrize(
    ("top", "sources", "interval", "complaint"),
    [
        ("", "[tiingo]", "1d", "do not let its data be kept"),
        ("providers: {tiingo: {plan: gold}}\n", "[yahoo]", "1d", "'gold' is no plan of Tiingo"),
        ("providers: {tingo: {plan: power}}\n", "[yahoo]", "1d", "unknown provider 'tingo'; did you mean 'tiingo'?"),
        ("providers: {kraken: {plan: power}}\n", "[yahoo]", "1d", "kraken has no plans"),
        ("providers: {tiingo: {plan: power}}\n", "[polygon, tiingo]", "5m", "no series is made of both"),
        ("choice: yahoo\n", "auto", "1d", "must be a list of rules"),
        (
            "choice: [{type: stok, sources: [yahoo]}]\n",
            "auto",
            "1d",
            "'stok' is no type of market; did you mean 'stock'?",
        ),
        ("choice: [{interval: 1day, sources: [yahoo]}]\n", "auto", "1d", "'1day' is not an interval"),
        ("choice: [{type: stock, sources: [yaho]}]\n", "auto", "1d", "unknown source 'yaho'"),
        ("choice: [{type: forex, sources: [yahoo]}]\n", "auto", "1d", "no source can be chosen: no rule is for bars"),
        ("choice: [{sources: [tiingo]}]\n", "auto", "1d", "no source can be chosen: the terms of tiingo's plan"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, top: str, sources: str, interval: str, complaint: str) -> None:
    with pytest.raises(CatalogError, match=complaint.replace("?", r"\?")):
        catalog(tmp_path, sources, top, interval)
