"""exchangeInfo and fundingInfo."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bcdata.simulate.binance.market.market import Instrument
from bcdata.simulate.binance.market.symbols import to_ms

_NEVER = 4_133_404_800_000
"""The delivery date (ms) of perpetuals: 2100-12-25."""
_USUAL_FUNDING_HOURS = 8


def exchange_info(venue: str, instruments: Sequence[Instrument], now: datetime, weight_limit: int) -> dict[str, Any]:
    """What the venue's exchangeInfo says: limits and symbols. Delisted futures are no longer in it."""
    limit = {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": weight_limit,
    }
    show = _spot if venue == "spot" else _futures
    shown = [one for one in instruments if venue == "spot" or _trades(one, now)]
    return {
        "timezone": "UTC",
        "serverTime": to_ms(now),
        "rateLimits": [limit],
        "exchangeFilters": [],
        "symbols": [show(one, now) for one in shown],
    }


def funding_info(instruments: Sequence[Instrument], now: datetime) -> list[dict[str, Any]]:
    """The funding intervals in force, of the symbols alone whose interval is not the usual one."""
    return [
        {
            "symbol": one.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": one.funding_hours,
            "disclaimer": False,
        }
        for one in instruments
        if one.funding_hours not in (None, _USUAL_FUNDING_HOURS) and _trades(one, now)
    ]


def _trades(one: Instrument, now: datetime) -> bool:
    return one.delisted is None or now < one.delisted


def _spot(one: Instrument, now: datetime) -> dict[str, Any]:
    trading = _trades(one, now)
    return {
        "symbol": one.symbol,
        "status": "TRADING" if trading else "BREAK",
        "baseAsset": one.base,
        "baseAssetPrecision": 8,
        "quoteAsset": one.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": trading,
        "permissions": [],
    }


def _futures(one: Instrument, now: datetime) -> dict[str, Any]:
    perpetual = "_" not in one.symbol or one.symbol.endswith("_PERP")
    shown: dict[str, Any] = {
        "symbol": one.symbol,
        "pair": one.symbol.partition("_")[0],
        "contractType": "PERPETUAL" if perpetual else "CURRENT_QUARTER",
        "deliveryDate": _NEVER if one.delivery is None else to_ms(one.delivery),
        "onboardDate": to_ms(one.listed),
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.base if one.venue == "cm" else one.quote,
    }
    status = "TRADING" if one.delivery is None or now < one.delivery else "SETTLING"
    if one.venue == "cm":
        return {**shown, "contractStatus": status, "contractSize": one.contract_size}
    return {**shown, "status": status}
