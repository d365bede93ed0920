"""Polygon's base address, which can be pointed elsewhere, and the plan that is paid for."""

from datetime import timedelta

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.plans import known_name, table
from bcdata.settings import LayeredSettings

_TERMS = "market data terms, 1: for your personal, non-business, and non-commercial purposes"
_YEAR = timedelta(days=365)
_DELAYED = timedelta(minutes=16)
BASIC = Plan("basic", terms=_TERMS, depth=2 * _YEAR, delay=timedelta(days=1))
PLANS = table(
    BASIC,
    Plan("starter", terms=_TERMS, depth=5 * _YEAR, delay=_DELAYED),
    Plan("developer", terms=_TERMS, depth=10 * _YEAR, delay=_DELAYED),
    Plan("advanced", terms=_TERMS, delay=timedelta(minutes=1)),
)


class PolygonSettings(LayeredSettings):
    """`BCDATA_POLYGON_URL` and `BCDATA_POLYGON_PLAN`. Read afresh whenever asked for: `PolygonSettings()`."""

    polygon_url: str = Field(default="https://api.massive.com", description="/v2/aggs/... and /v3/... are appended")
    polygon_plan: str = Field(default=BASIC.name, description=f"one of {', '.join(PLANS)}")

    @field_validator("polygon_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @field_validator("polygon_plan")
    @classmethod
    def _is_plan(cls, name: str) -> str:
        return known_name(name, PLANS, "Polygon")
