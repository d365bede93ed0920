"""Alpha Vantage's base address, which can be pointed elsewhere, and the plan that is paid for."""

from datetime import timedelta

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.plans import known_name, table
from bcdata.settings import LayeredSettings

_TERMS = "terms of service, 2.a: for personal, non-commercial use"
_DAY = timedelta(days=1)
_COMPACT = timedelta(days=150)
"""The latest hundred sessions reach no further back."""
FREE = Plan("free", terms=_TERMS, depth=_COMPACT, delay=_DAY, intervals=("1d",))
A_MINUTE = {"premium": 75, "premium_150": 150, "premium_300": 300, "premium_600": 600, "premium_1200": 1200}
"""Requests, by plan; the smallest is `premium` alone."""
PLANS = table(FREE, *(Plan(name, terms=_TERMS, delay=_DAY) for name in A_MINUTE))


class AlphaVantageSettings(LayeredSettings):
    """`BCDATA_ALPHA_VANTAGE_URL` and `BCDATA_ALPHA_VANTAGE_PLAN`. Read afresh whenever asked for."""

    alpha_vantage_url: str = Field(default="https://www.alphavantage.co", description="/query?... is appended")
    alpha_vantage_plan: str = Field(default=FREE.name, description=f"one of {', '.join(PLANS)}")

    @field_validator("alpha_vantage_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @field_validator("alpha_vantage_plan")
    @classmethod
    def _is_plan(cls, name: str) -> str:
        return known_name(name, PLANS, "Alpha Vantage")
