"""The base address of Yahoo's charts, which can be pointed elsewhere."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.settings import LayeredSettings


class YahooSettings(LayeredSettings):
    """`BCDATA_YAHOO_URL`. Read afresh whenever asked for: `YahooSettings()`."""

    yahoo_url: str = Field(
        default="https://query2.finance.yahoo.com",
        description="Yahoo's charts; /v8/finance/chart/... is appended. Elsewhere than at Yahoo cookies are there too",
    )

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)
