"""Tiingo's base address, which can be pointed elsewhere, and the plan that is paid for."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.plans import known_name, table
from bcdata.settings import LayeredSettings

FREE = Plan(
    "free",
    may_be_kept=False,
    terms="terms of use of 2026-08-05: free users may not store the data in files",
    symbols_a_month=500,
)
PLANS = table(FREE, Plan("power", terms="terms of use: for internal use, kept while the plan lasts"))
REQUESTS = {"free": (50, 1_000), "power": (5_000, 50_000)}
"""Requests an hour and a day, by plan."""


class TiingoSettings(LayeredSettings):
    """`BCDATA_TIINGO_URL` and `BCDATA_TIINGO_PLAN`. Read afresh whenever asked for: `TiingoSettings()`."""

    tiingo_url: str = Field(
        default="https://api.tiingo.com", description="Tiingo; /tiingo/daily/... and /iex/... are appended"
    )
    tiingo_plan: str = Field(default=FREE.name, description=f"one of {', '.join(PLANS)}")

    @field_validator("tiingo_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @field_validator("tiingo_plan")
    @classmethod
    def _is_plan(cls, name: str) -> str:
        return known_name(name, PLANS, "Tiingo")
