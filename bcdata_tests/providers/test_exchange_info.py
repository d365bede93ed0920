"""exchangeInfo of the three markets, as documented and as recorded."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bcdata.providers.binance.api.exchange_info import read_exchange_info


def documented(shared_data: Path, folder: str) -> bytes:
    path = shared_data / "providers" / "binance_rest" / "jkorf" / "Endpoints" / folder / "ExchangeData"
    text = (path / "GetExchangeInfo.txt").read_text(encoding="utf-8")
    return text[text.index("{") :].encode()


def test_futures_as_documented(shared_data: Path) -> None:
    info = read_exchange_info(documented(shared_data, "UsdFutures"))
    assert info.weight_a_minute == 2400
    (one,) = info.symbols
    assert (one.symbol, one.status, one.base, one.quote) == ("BLZUSDT", "TRADING", "BLZ", "USDT")
    assert one.contract_type == "PERPETUAL"
    assert one.onboard_date == datetime(2020, 8, 24, 7, 0, tzinfo=UTC)


def test_spot_as_documented(shared_data: Path) -> None:
    info = read_exchange_info(documented(shared_data, "Spot"))
    assert info.weight_a_minute is None
    (one,) = info.symbols
    assert (one.symbol, one.base, one.quote, one.contract_type, one.onboard_date) == (
        "ETHBTC",
        "ETH",
        "BTC",
        None,
        None,
    )


def test_coin_margined_names_its_status_otherwise() -> None:
    one = {"symbol": "BTCUSD_PERP", "contractStatus": "TRADING", "baseAsset": "BTC", "quoteAsset": "USD"}
    body = json.dumps({"symbols": [one | {"contractSize": 100, "contractType": "PERPETUAL"}]}).encode()
    (info,) = read_exchange_info(body).symbols
    assert (info.status, info.contract_size) == ("TRADING", 100.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"symbols": []}',
        b'{"symbols": [{"symbol": "A"}]}',
        b'{"symbols": [{"symbol": 7, "status": "", "baseAsset": "", "quoteAsset": ""}]}',
        b'{"symbols": [{"symbol": "A", "status": "", "baseAsset": "", "quoteAsset": "", "onboardDate": 1e30}]}',
        b"<html>",
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_exchange_info(body)


@pytest.mark.parametrize("stated", [-1, 0, 1, 10**30])
def test_a_limit_that_cannot_be_is_passed_over(stated: int) -> None:
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": stated}
    one = {"symbol": "AUSDT", "status": "TRADING", "baseAsset": "A", "quoteAsset": "USDT"}
    body = json.dumps({"rateLimits": [limit], "symbols": [one]}).encode()
    assert read_exchange_info(body).weight_a_minute is None
