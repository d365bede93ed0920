"""JSON as providers send it, read with suspicion. Pure."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST_TEXT = 500


def decoded(body: bytes) -> Any:
    """The value of a body. Numbers with a point or an exponent are left as the text that was sent.

    Raises:
        ValueError: it is not JSON in UTF-8, nested too deeply, has a number that is too long, or a key twice.
    """
    try:
        return json.loads(body.decode(), parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(_cause(error)) from None


def number(value: object) -> float | None:
    """A JSON number, or the decimal number that a text is; None for all else, infinities too."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: object, most: int) -> int | None:
    """A JSON integer from 0 to `most`; None for all else."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 <= value <= most else None  # type: ignore[operator,return-value]


def text_of(value: object) -> str:
    """A decoded value as one short line of ASCII, for those who look at what could not be read."""
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is not JSON"
    return str(error) if "key twice" in str(error) else "it has a number that is too long"
