"""Where exchanges are asked that the ccxt library reads."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.settings import LayeredSettings


class CcxtSettings(LayeredSettings):
    """`BCDATA_CCXT_URL`. Read afresh whenever asked for: `CcxtSettings()`."""

    ccxt_url: str = Field(
        default="", description="asked in place of every exchange's own server: a mirror, or a server for tests"
    )

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url) if url else url
