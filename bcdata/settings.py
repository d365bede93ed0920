"""Settings of this machine: the environment, then `.env` in the working directory, then the defaults."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from bcdata.errors import UsageError

PREFIX = "BCDATA_"
_FILE = ".env"
MASK = "**********"
_USERINFO = re.compile(r"(?<=://)[^/?#]*@")
"""A user and password in an address: whatever there is before the last `@` of its authority."""


def without_user(text: str) -> str:
    """A text in which users and passwords of addresses are masked."""
    return _USERINFO.sub(f"{MASK}@", text)


class SettingValue(NamedTuple):
    """One setting: the variable's name, its value (a secret's is masked), and where that came from."""

    name: str
    value: str
    origin: str


class LayeredSettings(BaseSettings):
    """Settings that can tell where each value came from. Variables are `BCDATA_<FIELD>`; an empty one is unset.

    Raises:
        UsageError: a value cannot be meant; the text names the variable, never a secret's value.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    _given: frozenset[str] = PrivateAttr(default=frozenset())

    def __init__(self, **given: Any) -> None:
        try:
            # What BaseSettings does too, but that makes its sources anew each time, which takes ten times as long.
            BaseModel.__init__(self, **{**_of_file(type(self)), **_of_environment(type(self)), **given})
        except UnicodeDecodeError:
            raise UsageError(".env is not UTF-8; save it as such") from None
        except ValidationError as error:
            raise UsageError("; ".join(_complaint(detail) for detail in error.errors())) from None
        self._given = frozenset(given)

    def explain(self) -> list[SettingValue]:
        """Every setting with its value and origin (`argument`, `environment`, `.env` or `default`).

        Origins are looked up when they are asked for: settings are read often, and seldom explained.
        """
        layers = {
            "argument": self._given,
            "environment": _of_environment(type(self)),
            _FILE: _of_file(type(self)),
        }
        origins = {
            field: next((name for name, layer in layers.items() if field in layer), "default")
            for field in type(self).model_fields
        }
        return [
            SettingValue(PREFIX + field.upper(), _shown(getattr(self, field)), origin)
            for field, origin in origins.items()
        ]


class Settings(LayeredSettings):
    """Where the lake and the catalog are. Read afresh whenever asked for: `Settings()`."""

    root: Path = Field(default=Path("data"), description="the folder of the lake")
    catalog: Path | None = Field(default=None, description="the catalog, if not catalog.yaml")

    jobs: int | None = Field(
        default=None, ge=1, le=256, description="partitions computed at once; one a core if not given, four at most"
    )
    fetches: int | None = Field(
        default=None, ge=1, le=256, description="partitions fetched at once; six of files, four of pages if not given"
    )
    daily_at: str = Field(default="30 9 * * *", description="when open partitions are refreshed: cron, UTC")
    history_every: str = Field(default="*/15 * * * *", description="when a stretch of history is worked off: cron, UTC")
    heal_every: int = Field(
        default=300, ge=1, description="seconds between two ticks of a sensor that heals; 60 or more but in tests"
    )
    verify_at: str = Field(default="0 3 * * 0", description="when all of raw is verified: cron, UTC")
    halts_at: str = Field(default="0 11 * * *", description="when halts are looked for: cron, UTC")
    providers_at: str = Field(default="0 * * * *", description="when it is noted how providers stand: cron, UTC")
    monthly_at: str = Field(
        default="0 12 8,24 * *", description="when the last month is run again, months first: cron, UTC"
    )
    state: Path = Field(
        default=Path("~/.local/state/bcdata"),
        validate_default=True,
        description="what all runs of this machine share: rate budgets and bans",
    )

    @field_validator("root", "catalog", "state")
    @classmethod
    def _with_home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None


_environments: dict[type[LayeredSettings], tuple[tuple[tuple[str, str], ...], dict[str, Any]]] = {}
"""The environment as it was last, and what was read of it, by the class of the settings."""


def _of_environment(kind: type[LayeredSettings]) -> dict[str, Any]:
    """What the environment says by field, read again whenever anything in it is another."""
    now = tuple(os.environ.items())
    known = _environments.get(kind)
    if known is None or known[0] != now:
        known = _environments[kind] = (now, EnvSettingsSource(kind)())
    return known[1]


def _of_file(kind: type[LayeredSettings]) -> dict[str, Any]:
    """What the file says by field; where there is one it is read each time."""
    is_absent = kind.model_config.get("env_file") in (None, _FILE) and not Path(_FILE).exists()
    return {} if is_absent else DotEnvSettingsSource(kind)()


def _complaint(detail: ErrorDetails) -> str:
    return f"{PREFIX}{str(detail['loc'][0]).upper()}: {detail['msg']}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    return without_user(str(value))
