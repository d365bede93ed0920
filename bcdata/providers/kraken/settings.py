"""The base address of Kraken's server, which can be pointed elsewhere."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.settings import LayeredSettings


class KrakenSettings(LayeredSettings):
    """`BCDATA_KRAKEN_URL`. Read afresh whenever asked for: `KrakenSettings()`."""

    kraken_url: str = Field(default="https://api.kraken.com", description="spot; /0/public/... is appended")

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)
