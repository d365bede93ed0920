"""A lake that pages tell of, and a report whose values are hostile."""

from datetime import timedelta

import pytest

from bcdata.pictures.candles import Candle, Shade
from bcdata.site.values import Chart, DatasetEntry, Report, SymbolEntry
from bcdata_tests.api.research import Research, made
from bcdata_tests.run import utc

HOSTILE = (
    "<script>alert(1)</script>",
    "../../etc/passwd",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "ÄÖ中",
    "a",
    "A",
)


@pytest.fixture(scope="session")
def research(tmp_path_factory: pytest.TempPathFactory) -> Research:
    """Minutes of two symbols with gaps of every kind."""
    return made(tmp_path_factory.mktemp("reported"))


def chart(days: int = 3) -> Chart:
    """Bars of some days, one of them missing."""
    first = utc("2023-01-01")
    bars = [Candle(first + timedelta(days=n), 10.0 + n, 12.0 + n, 9.0 + n, 11.0 - n, n or None) for n in range(days)]
    return Chart(bars, [Shade(first + timedelta(days=1), first + timedelta(days=2), "open")], "1d", 86_400)


def report(symbols: tuple[str, ...] = HOSTILE, dataset: str = "spot_klines_1m") -> Report:
    """A report of symbols that may be named anything."""
    gap = {"start": utc("2023-01-02"), "end": utc("2023-01-02"), "bars": 1, "status": "open", "evidence": HOSTILE[0]}
    found = {"symbol": HOSTILE[0], "date": "2023-01", "zone": "merged", "rule": "ohlc", "rows": 3, "severity": "row",
             "text": HOSTILE[2]}  # fmt: skip
    entries = [
        SymbolEntry(dataset, one, "2023-01", "2023-01", 1440, 1439, {"open": 1}, [gap], 0, [], [found])
        for one in symbols
    ]
    zone = {"zone": "merged", "provider": None, "name": None, "partitions": 1, "symbols": len(symbols),
            "first": "2023-01", "last": "2023-01", "bytes": 2_500_000}  # fmt: skip
    facts = {"type": "klines", "market": "spot", "interval": "1m", "grain": "month", "start": "2023-01",
             "sources": ["binance_archive"]}  # fmt: skip
    held = {"symbol": HOSTILE[0], "date": "2023-01", "why": HOSTILE[2]}
    one = DatasetEntry(
        dataset, facts, [zone], 2_500_000, {"open": len(symbols)}, [held], 0, "<svg/>", [found], 1, entries
    )
    return Report(utc("2023-02-01"), [one], {"spot": {"trading": 2}})
