"""Types of the catalog's fields: each refuses what cannot be meant, in one clear line."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from bcdata.catalog.names import known
from bcdata.providers.registry import SOURCES
from bcdata.venues.symbols import complaint

_DURATION = re.compile(r"(\d{1,4})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Section(BaseModel):
    """A mapping of the catalog: immutable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def refusal(message: str, *at: str | int) -> PydanticCustomError:
    """An error at a place inside the field that is being validated: `at` are the steps down to it."""
    return PydanticCustomError("refused", "{message}", {"message": message, "at": at})


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if not match:
        raise refusal(f"{value!r} is not a length of time; write it like 90m, 36h or 20d")
    return int(match[1]) * _UNITS[match[2]]


def _symbol(symbol: str) -> str:
    problem = complaint(symbol)
    if problem:
        raise refusal(problem)
    return symbol


def _source(name: str) -> str:
    if name not in SOURCES:
        raise refusal(f"unknown source {name!r}; {known(name, SOURCES)}")
    return name


def _unique(items: tuple[Any, ...]) -> tuple[Any, ...]:
    seen: dict[Any, int] = {}
    for index, item in enumerate(items):
        if seen.setdefault(item, index) != index:
            raise refusal(f"{str(item)!r} is there twice", index)
    return items


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time, written `90m`, `36h` or `20d`."""

Symbol = Annotated[str, AfterValidator(_symbol)]
"""A symbol, or in lists of patterns a glob."""

SourceName = Annotated[str, AfterValidator(_source)]
"""A source that bcdata knows."""

Unique = AfterValidator(_unique)
"""Refuses a list that names something twice."""
