"""What `load` and `export` take: an argument of a wrong kind is an error that names it. Pure."""

import math
import os
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from numbers import Real
from pathlib import Path
from typing import TypeVar

from bcdata.catalog import Catalog
from bcdata.errors import UsageError

_Option = TypeVar("_Option", bound=StrEnum)


def text(name: str, value: object, takes: str) -> str:
    """The value, if it is text.

    Raises:
        UsageError: it is not, or is no Unicode.
    """
    if not isinstance(value, str) or not _is_unicode(value):
        raise _wrong(name, value, takes)
    return value


def texts(name: str, value: object, takes: str) -> list[str]:
    """The values of anything that yields text, which is consumed once; each once, in their order.

    Raises:
        UsageError: it yields something else, or is itself text or bytes.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise _wrong(name, value, takes)
    return list(dict.fromkeys(text(name, one, takes) for one in value))


def option(name: str, value: object, options: type[_Option]) -> _Option:
    """One of the options, by its name.

    Raises:
        UsageError: it is none; the text lists them.
    """
    takes = f"one of {', '.join(options)}"
    if text(name, value, takes) not in set(options):
        raise UsageError(f"`{name}` is {value!r}; it is {takes}")
    return options(str(value))


def symbols(value: object) -> list[str]:
    """One symbol, or several, as a list."""
    return texts("symbols", [value] if isinstance(value, str) else value, "a symbol, or several in a list, or None")


def columns(value: object) -> list[str] | None:
    """Names of columns; None for all."""
    return None if value is None else texts("columns", value, "names of columns in a list, or None")


def number(name: str, value: object) -> float:
    """A finite number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise _wrong(name, value, "a finite number, 0 or more")
    return float(value)


def duration(name: str, value: object) -> timedelta | None:
    """A length of time, 0 or more; None for none."""
    if value is not None and (not isinstance(value, timedelta) or not value >= timedelta()):
        raise _wrong(name, value, "a timedelta, 0 or more, or None")
    return value


def flag(name: str, value: object) -> bool:
    """True or False, and nothing that merely counts as such."""
    if not isinstance(value, bool):
        raise _wrong(name, value, "True or False")
    return value


def folder(name: str, value: object) -> Path:
    """A folder's path."""
    if not isinstance(value, str | os.PathLike) or not isinstance(path := os.fspath(value), str) or not path:
        raise _wrong(name, value, "a path")
    return Path(path)


def catalog(value: object) -> Catalog | None:
    """A catalog, or None for the one in force."""
    if value is not None and not isinstance(value, Catalog):
        raise _wrong("catalog", value, "what bcdata.catalog.load_catalog returns, or None")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrong(name: str, value: object, takes: str) -> UsageError:
    return UsageError(f"`{name}` takes {takes}; this is {value!r}")
