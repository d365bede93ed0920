"""Keys of providers: read from the environment at each request, and taken out of whatever comes back.

No key is ever in a `Question`, a URL, an error, a log or the state: they know the variable's name.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from multidict import CIMultiDict, CIMultiDictProxy

from bcdata.errors import BadKeyError

_MASK = "***"
_SHORT = 8
"""A key shorter than this is masked where it stands alone only: numbers would be full of it."""
_MARKS = (b"%", b"\\", b"&")
"""One of these stands in each way to write a character that is not the character itself."""

E = TypeVar("E", bound=Exception)


@dataclass(frozen=True, slots=True)
class Key:
    """Where a key is read, and how it is sent: in a header, or as a parameter of the query.

    Attributes:
        variable: the environment variable that holds it.
        header: the header that it is sent in; empty where it is a parameter.
        parameter: the parameter that it is sent as; empty where it is a header.
        form: what the header says, `{}` for the key: `Token {}`.
    """

    variable: str
    header: str = ""
    parameter: str = ""
    form: str = "{}"

    def problem(self) -> str | None:
        """What is wrong with the variable as it is now, in words that do not show it; None where it is a key."""
        value = _value(self.variable)
        if not value:
            return f"{self.variable} is not set"
        if not (value.isascii() and value.isprintable()) or " " in value:
            return f"{self.variable} is no key: it has a line break, blank or other character that no key has"
        return None


@dataclass(frozen=True)
class Secrets:
    """The values of keys at one request, by key. They are shown nowhere."""

    values: Mapping[Key, str]

    def __repr__(self) -> str:
        return f"Secrets({', '.join(key.variable for key in self.values)})"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the keys are sent in."""
        return {key.header: key.form.format(value) for key, value in self.values.items() if key.header}

    @property
    def params(self) -> dict[str, str | int]:
        """The parameters that the keys are sent as."""
        return {key.parameter: value for key, value in self.values.items() if key.parameter}

    def mask(self, data: bytes) -> tuple[bytes, bool]:
        """Bytes without the keys, and whether they had one: as it is, percent-encoded, or escaped as in JSON."""
        plain = any(value.encode() in data for value in self.values.values())
        if self._pattern is None or not (plain or any(mark in data for mark in _MARKS)):
            return data, False
        masked, count = self._pattern.subn(_MASK.encode(), data)
        return masked, count > 0

    def text(self, text: str) -> str:
        """A text without the keys."""
        return self.mask(text.encode("utf-8", "surrogateescape"))[0].decode("utf-8", "surrogateescape")

    def kept(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Headers of a reply without the keys, looked up without regard to case."""
        if not self.values:
            return headers
        return CIMultiDictProxy(CIMultiDict((self.text(name), self.text(value)) for name, value in headers.items()))

    def cleaned(self, error: E) -> E:
        """An error without the keys in its texts, and without what it came of, which may have them."""
        error.args = tuple(self.text(one) if isinstance(one, str) else one for one in error.args)
        error.__cause__ = error.__context__ = None
        return error

    @cached_property
    def _pattern(self) -> re.Pattern[bytes] | None:
        ways = [_ways(value) for value in sorted(self.values.values(), key=len, reverse=True)]
        return re.compile("|".join(ways).encode()) if ways else None


NONE = Secrets({})


def read(keys: Sequence[Key], *, provider: str) -> Secrets:
    """The keys as they are now.

    Raises:
        BadKeyError: one is missing, or is none; the text names the variable.
    """
    for key in keys:
        if problem := key.problem():
            raise BadKeyError(f"{provider}: {problem}; set {key.variable} to the provider's key", provider=provider)
    return Secrets({key: _value(key.variable) for key in keys}) if keys else NONE


def tag(variables: Iterable[str]) -> str:
    """What tells the keys of these variables from others without showing them; empty where there are none.

    Budgets and quotas are counted under it, so that another key begins with its own.
    """
    values = [_value(variable) for variable in sorted(variables)]
    return hashlib.sha256("\0".join(values).encode()).hexdigest()[:8] if any(values) else ""


def under(name: str, tag: str) -> str:
    """The name under which something is counted for keys with this tag."""
    return f"{name}#{tag}" if tag else name


def _value(variable: str) -> str:
    return os.environ.get(variable, "").strip(" ")


def _ways(value: str) -> str:
    pattern = "".join(map(_written, value))
    return pattern if len(value) >= _SHORT else rf"(?<![0-9A-Za-z.]){pattern}(?![0-9A-Za-z.])"


def _written(char: str) -> str:
    """The ways in which a character of a key may be written."""
    code = f"{ord(char):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    coded = rf"%{digits}|\\[uU]00{digits}|\\[xX]{digits}|&#0*{ord(char)};|&#[xX]0*{digits};"
    return rf"(?:{coded}|\\?{re.escape(char)})"
