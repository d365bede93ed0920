"""Where alerts go. Off until `BCDATA_ALERT_URLS` names a channel."""

import re
from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from bcdata.settings import LayeredSettings

_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
"""Addresses may hold commas; a new one begins with its scheme."""


class AlertSettings(LayeredSettings):
    """`BCDATA_ALERT_...`. The addresses hold secrets: they are read from the environment alone, never from `.env`."""

    model_config = SettingsConfigDict(env_file=None)

    alert_urls: SecretStr = Field(default=SecretStr(""), description="Apprise addresses, blanks or commas between")
    alert_every_hours: int = Field(default=6, ge=0, description="what repeats within so many hours is one message")

    @property
    def urls(self) -> list[str]:
        """The addresses, one by one. They are secrets."""
        return [url for url in _BETWEEN.split(self.alert_urls.get_secret_value().strip(" \t\n,")) if url]

    @property
    def is_on(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.urls)

    @property
    def window(self) -> timedelta:
        """How long repetitions are folded."""
        return timedelta(hours=self.alert_every_hours)
