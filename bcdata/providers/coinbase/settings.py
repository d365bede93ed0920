"""The base address of Coinbase's exchange, which can be pointed elsewhere."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.settings import LayeredSettings


class CoinbaseSettings(LayeredSettings):
    """`BCDATA_COINBASE_URL`. Read afresh whenever asked for: `CoinbaseSettings()`."""

    coinbase_url: str = Field(
        default="https://api.exchange.coinbase.com", description="the Exchange API; /products/... is appended"
    )

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)
