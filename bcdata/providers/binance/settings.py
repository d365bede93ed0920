"""Base addresses of Binance's servers, each of which can be pointed elsewhere."""

from pydantic import Field, field_validator

from bcdata.providers.address import base_address
from bcdata.settings import LayeredSettings


class BinanceSettings(LayeredSettings):
    """`BCDATA_BINANCE_..._URL`. Read afresh whenever asked for: `BinanceSettings()`."""

    binance_archive_url: str = Field(
        default="https://data.binance.vision", description="objects; /data/... is appended"
    )
    binance_listing_url: str = Field(
        default="https://s3-ap-northeast-1.amazonaws.com/data.binance.vision",
        description="the S3 listing of the objects",
    )
    binance_spot_url: str = Field(default="https://api.binance.com", description="or https://data-api.binance.vision")
    binance_um_url: str = Field(default="https://fapi.binance.com", description="USD-M futures")
    binance_cm_url: str = Field(default="https://dapi.binance.com", description="COIN-M futures")

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return base_address(url)

    @property
    def rest_urls(self) -> dict[str, str]:
        """The REST base address of each market."""
        return {"spot": self.binance_spot_url, "um": self.binance_um_url, "cm": self.binance_cm_url}
