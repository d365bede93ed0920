"""FMP's base address, which can be pointed elsewhere, and the plan that is paid for."""

from datetime import timedelta

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.plans import known_name, table
from bcdata.settings import LayeredSettings

_TERMS = "terms of service: for your own use, kept while the subscription lasts, not to be passed on"
_FIVE_YEARS = timedelta(days=5 * 365)
BASIC = Plan("basic", terms=_TERMS, depth=_FIVE_YEARS, intervals=("1d",))
PLANS = table(
    BASIC,
    Plan("starter", terms=_TERMS, depth=_FIVE_YEARS, intervals=("1d",)),
    Plan("premium", terms=_TERMS, intervals=("5m", "15m", "1h", "4h", "1d")),
    Plan("ultimate", terms=_TERMS),
)
A_DAY = {"basic": 250}
A_MINUTE = {"starter": 300, "premium": 750, "ultimate": 3000}
"""Requests, by plan."""


class FmpSettings(LayeredSettings):
    """`BCDATA_FMP_URL` and `BCDATA_FMP_PLAN`. Read afresh whenever asked for: `FmpSettings()`."""

    fmp_url: str = Field(default="https://financialmodelingprep.com", description="FMP; /stable/... is appended")
    fmp_plan: str = Field(default=BASIC.name, description=f"one of {', '.join(PLANS)}; basic is the free one")

    @field_validator("fmp_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @field_validator("fmp_plan")
    @classmethod
    def _is_plan(cls, name: str) -> str:
        return known_name(name, PLANS, "FMP")
