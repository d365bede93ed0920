"""Every symbol in recorded answers of providers, with what the answer itself says of it."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DIALECTS = {
    "alpaca": "alpaca", "alpha_vantage": "alpha_vantage", "binance_live": "binance", "binance_rest": "binance",
    "coinbase": "coinbase", "fmp": "fmp", "openbb_vcr": "fmp", "ibkr": "ibkr", "kraken": "kraken",
    "polygon": "polygon", "tiingo": "tiingo", "yahoo": "yahoo",
}  # fmt: skip
"""By the folder of the recordings."""
_NAMES = {
    "symbol", "ticker", "tickers", "T", "pair", "altname", "wsname", "product_id", "contractSymbol", "underlyingSymbol",
    "underlying_ticker", "1. symbol", "01. symbol", "2. Symbol", "Symbol", "symbols", "product_ids",
}  # fmt: skip
"""Fields whose text, or texts, are symbols, whoever answers."""
_TABLES = {"bars", "trades", "quotes", "snapshots", "auctions", "orderbooks", "prices", "pricing"}
"""Alpaca's tables by symbol."""
_OF_A_PAIR = {"altname", "a", "asks"}
"""One of these is in whatever Kraken says of a pair, where that is no list of bars or trades."""
_LOG_LINE = re.compile(r"[\d.]+: (?:<-> |<- )?(.*)")
_OF_A_FILE = re.compile(r"(.+?)(?:-([A-Z]{1,2}))?-(?:1d|1wk|1h|15m)-.*")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A symbol, the dialect of who answered, and the fields beside it."""

    text: str
    dialect: str
    beside: dict[str, Any] = field(default_factory=dict, compare=False)


def symbols(folder: Path) -> list[Recorded]:
    """All of them, each once for each way in which an answer describes it."""
    found: dict[tuple[str, str, str], Recorded] = {}
    for path in sorted(one for name in DIALECTS for one in (folder / name).rglob("*") if one.is_file()):
        dialect = DIALECTS[path.relative_to(folder).parts[0]]
        for one in (*_of_the_name(path, dialect), *(one for value in _answers(path) for one in _in(value, dialect))):
            plain = {key: value for key, value in one.beside.items() if isinstance(value, str | int | bool)}
            described = json.dumps([plain.get(key) for key in _DESCRIBING])
            found[one.text, dialect, described] = Recorded(one.text, dialect, plain)
    return list(found.values())


_DESCRIBING = (
    "base_currency", "quote_currency", "baseAsset", "quoteAsset", "contractType", "base", "quote", "quoteType",
    "instrumentType", "type", "market", "assetType", "3. type", "AssetType", "aclass_base", "currency",
)  # fmt: skip


def _of_the_name(path: Path, dialect: str) -> Iterator[Recorded]:
    if path.parent.name == "yfinance_repair_csv" and (match := _OF_A_FILE.fullmatch(path.stem)):
        yield Recorded(f"{match[1]}.{match[2]}" if match[2] else match[1], dialect)


def _answers(path: Path) -> Iterator[Any]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", "replace")
    if path.suffix != ".yaml":
        yield from _documents(text)
        return
    for document in yaml.load_all(text, yaml.CSafeLoader):
        for body in _bodies(document):
            yield from _documents(body)


def _bodies(recording: dict[str, Any]) -> Iterator[str]:
    if "interactions" not in recording:
        yield recording["body"]
        return
    for one in recording["interactions"]:
        answer = one["response"]
        body = answer["body"]["string"] if "body" in answer else answer["content"]
        if isinstance(body, bytes) and zipfile.is_zipfile(io.BytesIO(body)):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                lines = [line.split(",") for line in archive.read(archive.namelist()[0]).decode().splitlines()]
            yield json.dumps([dict(zip(lines[0], line, strict=False)) for line in lines[1:]])
        else:
            yield gzip.decompress(body).decode() if isinstance(body, bytes) and body[:2] == b"\x1f\x8b" else str(body)


def _documents(text: str) -> Iterator[Any]:
    """The JSON of an answer: the whole text, or what follows the lines of the request, or one document a line."""
    starts = [at for at in (text.find("\n{"), text.find("\n[")) if at >= 0]
    for whole in (text, *(text[min(starts) :] for _ in starts[:1])):
        with suppress(ValueError):
            return iter([json.loads(whole)])
    return filter(None, map(_of_a_line, text.splitlines()))


def _of_a_line(line: str) -> Any:
    match = _LOG_LINE.fullmatch(line)
    with suppress(ValueError):
        return json.loads(match[1] if match else line)
    return None


def _in(value: Any, dialect: str, name: str = "") -> Iterator[Recorded]:
    if isinstance(value, list):
        for one in value:
            yield from _in(one, dialect, name)
    elif isinstance(value, str) and value[:1] in "{[":
        for document in _documents(value):
            yield from _in(document, dialect, name)
    elif isinstance(value, dict):
        yield from (Recorded(text, dialect, value) for text in _named(value, dialect))
        yield from (Recorded(text, dialect) for text in _keys(value, dialect, name))
        for key, one in value.items():
            yield from _in(one, dialect, key)


def _named(value: dict[str, Any], dialect: str) -> Iterator[str]:
    for key in _NAMES & value.keys():
        several = value[key] if isinstance(value[key], list) else [value[key]]
        yield from (one for one in several if isinstance(one, str) and one)
    if dialect == "binance" and "e" in value and isinstance(value.get("s"), str):
        yield value["s"]
    if dialect == "coinbase" and "base_currency" in value:
        yield value["id"]


def _keys(value: dict[str, Any], dialect: str, name: str) -> Iterator[str]:
    if dialect == "alpaca" and name in _TABLES:
        yield from (key for key, one in value.items() if len(key) > 1 and isinstance(one, dict | list))
    if dialect == "kraken" and name == "result":
        yield from (key for key, one in value.items() if _is_of_a_pair(one))
    if dialect == "ibkr" and any(isinstance(one, list) and one and "assetClass" in one[0] for one in value.values()):
        yield from value


def _is_of_a_pair(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(_OF_A_PAIR & value.keys())
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)
