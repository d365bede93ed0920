"""Alpaca's base address, which can be pointed elsewhere, and the plan that is paid for."""

from datetime import timedelta

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.plans import known_name, table
from bcdata.settings import LayeredSettings

_TERMS = "customer agreement: market data are for your own use, not to be passed on"
BASIC = Plan("basic", terms=_TERMS, delay=timedelta(minutes=16))
PLANS = table(BASIC, Plan("algo_trader_plus", terms=_TERMS, delay=timedelta(minutes=1)))
A_MINUTE = {"basic": 200, "algo_trader_plus": 10_000}
"""Requests, by plan."""


class AlpacaSettings(LayeredSettings):
    """`BCDATA_ALPACA_URL` and `BCDATA_ALPACA_PLAN`. Read afresh whenever asked for: `AlpacaSettings()`."""

    alpaca_url: str = Field(
        default="https://data.alpaca.markets", description="market data; /v2/stocks/... is appended"
    )
    alpaca_plan: str = Field(default=BASIC.name, description=f"one of {', '.join(PLANS)}")

    @field_validator("alpaca_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @field_validator("alpaca_plan")
    @classmethod
    def _is_plan(cls, name: str) -> str:
        return known_name(name, PLANS, "Alpaca")
