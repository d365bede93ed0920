"""What Alpaca's answers hold: rows under names, and the token of the next page. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.providers.json_body import decoded, text_of

NAME = "alpaca"


@dataclass(frozen=True, slots=True)
class Answer:
    """Lists of rows by symbol, or by kind of action, as sent; and the token of the next page, empty for the last."""

    lists: dict[str, list[Any]]
    token: str


def answer(body: bytes, held: str) -> Answer:
    """The answer in a body.

    Args:
        body: as sent.
        held: what it has its rows under: `bars` or `corporate_actions`.

    Raises:
        ValueError: it is none; the text says how.
    """
    value = decoded(body)
    if not isinstance(value, dict) or held not in value:
        raise ValueError(f"it has no {held}: {text_of(value)}")
    lists = {} if value[held] is None else value[held]
    if not isinstance(lists, dict) or not all(one is None or isinstance(one, list) for one in lists.values()):
        raise ValueError(f"its {held} are no lists by name: {text_of(lists)}")
    token = value.get("next_page_token") or ""
    if not isinstance(token, str):
        raise ValueError(f"its next page is no token: {text_of(token)}")  # noqa: TRY004 (an answer)
    return Answer({name: rows or [] for name, rows in lists.items()}, token)


def answers(bodies: Sequence[bytes], held: str) -> Iterator[tuple[int, Answer]]:
    """The answers of kept pages, numbered.

    Raises:
        BadAnswerError: a body is none.
    """
    for page, body in enumerate(bodies):
        try:
            yield page, answer(body, held)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
