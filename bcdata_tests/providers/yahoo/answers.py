"""Charts as Yahoo sends them, for tests."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bcdata.providers.base import Series

NVDA = "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json"
LATER = {"date": 1_717_992_000, "numerator": 10, "denominator": 1, "splitRatio": "10:1"}
"""The split of 2024-06-10, as Yahoo lists it."""
DAYS = Series("us_equity", "klines", "AAPL", "1d")


def recorded(shared_data: Path, name: str) -> dict[str, Any]:
    """The answer of a recording."""
    path = shared_data / "providers/yahoo/yahoo_finance2_http" / name
    text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    found: dict[str, Any] = json.loads(text)["response"]
    answer: dict[str, Any] = found.get("bodyJson") or json.loads(found["body"])
    return answer


def result_of(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["chart"]["result"][0]
    return found


def chart(
    times: list[Any],
    prices: list[Any] | None = None,
    *,
    interval: str = "1d",
    symbol: str = "AAPL",
    quoted: int | None = None,
    period: tuple[int, int] | None = None,
    zone: str = "America/New_York",
    **parts: Any,
) -> dict[str, Any]:
    """A chart whose four prices are the same, and whose session is over unless something else is said."""
    latest = times[-1] + 7 * 3600 if quoted is None else quoted
    values = [10.0 + at for at in range(len(times))] if prices is None else prices
    start, end = period or (latest - 6 * 3600, latest - 1)
    meta = {
        "symbol": symbol, "dataGranularity": interval, "exchangeTimezoneName": zone, "currency": "USD",
        "regularMarketTime": latest, "currentTradingPeriod": {"regular": {"start": start, "end": end}},
    }  # fmt: skip
    quote = {name: list(values) for name in ("open", "high", "low", "close")}
    quote["volume"] = [None if one is None else 100 for one in values]
    result = {"meta": meta, "timestamp": times, "indicators": {"quote": [quote]}, **parts}
    return {"chart": {"result": [result], "error": None}}


def body(answer: Any) -> bytes:
    return json.dumps(answer).encode()


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def label(day: date) -> int:
    """The midnight of a date in µs since the epoch, UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**6
