"""The answers of Kraken's public endpoints: one list of rows under the name of a pair, and `last`. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.providers.json_body import decoded, text_of
from bcdata.providers.kraken.errors import errors_of

_LONGEST = 19
"""Digits of a time in ns."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows as sent, and `last`: a time in the endpoint's unit, None where there is none."""

    rows: list[Any]
    last: int | None


def answer(body: bytes) -> Answer:
    """The answer in a body, whatever name Kraken gives the pair: XBTUSD is answered as XXBTZUSD.

    Raises:
        ValueError: it is none; the text says how.
    """
    value = decoded(body)
    if texts := errors_of(value):
        raise ValueError(f"it is an error: {', '.join(texts)}")
    result = value.get("result") if isinstance(value, dict) else None
    if not isinstance(result, dict):
        raise ValueError(f"it has no result: {text_of(value)}")  # noqa: TRY004 (an answer, not an argument)
    pairs = [name for name in result if name != "last"]
    if len(pairs) != 1 or not isinstance(result[pairs[0]], list):
        raise ValueError(f"it has not one list of rows but {text_of(pairs)}")
    return Answer(result[pairs[0]], _last(result.get("last")))


def answers(source: str, bodies: Sequence[bytes]) -> Iterator[tuple[int, Answer]]:
    """The answers of kept pages, numbered.

    Raises:
        BadAnswerError: a body is none.
    """
    for page, body in enumerate(bodies):
        try:
            yield page, answer(body)
        except ValueError as error:
            raise BadAnswerError(f"{source}: page {page} is not usable: {error}", provider=source) from None


def _last(value: object) -> int | None:
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else None
