"""Rows of archive files turned into what REST sends."""

from decimal import Decimal

from bcdata.simulate.binance.market.market import KlineRow

_COLUMNS = 12
_MICROSECONDS_FROM = 10**14


def kline_rows(content: bytes) -> list[KlineRow]:
    """The rows of a klines file, ascending, one for each open; headers and broken lines are left out.

    Decimals stay as they are written; times become ms.
    """
    rows: dict[int, KlineRow] = {}
    for line in content.decode().splitlines():
        fields = line.split(",")
        if len(fields) != _COLUMNS or not (fields[0].isdecimal() and fields[6].isdecimal()):
            continue
        opening, closing = _ms(fields[0]), _ms(fields[6])
        trades = int(fields[8])
        rows[opening] = [opening, *fields[1:6], closing, fields[7], trades, *fields[9:11], "0"]
    return [rows[opening] for opening in sorted(rows)]


def funding_rows(content: bytes) -> dict[int, str]:
    """Rates (plain, eight decimals) by time (ms) of a fundingRate file."""
    fields = (line.split(",") for line in content.decode().splitlines())
    return {_ms(row[0]): f"{Decimal(row[2]):.8f}" for row in fields if row[0].isdecimal()}


def _ms(text: str) -> int:
    value = int(text)
    return value // 1000 if value >= _MICROSECONDS_FROM else value
