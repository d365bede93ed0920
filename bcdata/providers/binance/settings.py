"""Base addresses of Binance's servers, each of which can be pointed elsewhere."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from bcdata.net.plain import exposes_a_secret
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
        if not url.isprintable() or " " in url:  # parsers of addresses drop some of these, or take them as they are
            raise ValueError("a base address has no blanks or control characters; write them as %20 and the like")
        try:
            parts = urlsplit(url)
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address or parts.query or parts.fragment:
            raise ValueError("not a base address; write it like https://host or http://127.0.0.1:8080/path")
        if exposes_a_secret(url):
            raise ValueError("a user and password would travel unencrypted; write https")
        return url.rstrip("/")

    @property
    def rest_urls(self) -> dict[str, str]:
        """The REST base address of each market."""
        return {"spot": self.binance_spot_url, "um": self.binance_um_url, "cm": self.binance_cm_url}
