"""What Polygon's answers hold: a list of results, and the address of the next page. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from bcdata.errors import BadAnswerError
from bcdata.net.answers import is_secret
from bcdata.net.plain import same_host
from bcdata.providers.json_body import decoded, text_of
from bcdata.providers.polygon.errors import GOOD

NAME = "polygon"


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows as sent, the address of the next page as sent (empty for the last), and whether prices are adjusted."""

    rows: list[Any]
    next_url: str
    is_adjusted: bool


def answer(body: bytes, ticker: str) -> Answer:
    """The answer in a body.

    Args:
        body: as sent.
        ticker: that it must be of, where it says so.

    Raises:
        ValueError: it is none; the text says how.
    """
    value = decoded(body)
    if not isinstance(value, dict) or value.get("status") not in GOOD:
        raise ValueError(f"it is no answer with a good status: {text_of(value)}")
    if value.get("ticker", ticker) != ticker:
        raise ValueError(f"it is of {text_of(value['ticker'])}, and {ticker} was asked for")
    rows, count = value.get("results"), value.get("resultsCount")
    rows = [] if rows is None else rows
    if not isinstance(rows, list) or (isinstance(count, int) and count != len(rows)):
        raise ValueError(f"it has not the {text_of(count)} results that it counts")
    following = value.get("next_url") or ""
    if not isinstance(following, str):
        raise ValueError(f"its next page is no address: {text_of(following)}")  # noqa: TRY004 (an answer)
    return Answer(rows, following, value.get("adjusted") is True)


def answers(bodies: Sequence[bytes], ticker: str) -> Iterator[tuple[int, Answer]]:
    """The answers of kept pages, numbered.

    Raises:
        BadAnswerError: a body is none.
    """
    for page, body in enumerate(bodies):
        try:
            yield page, answer(body, ticker)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None


def next_name(next_url: str, base: str) -> str | None:
    """Path and query of the next page below a base address, without keys; None where there is none.

    Raises:
        ValueError: it is at another host.
    """
    if not next_url:
        return None
    if not same_host(next_url, base):
        raise ValueError("its next page is at another host")
    parts = urlsplit(next_url)
    path = parts.path.removeprefix(urlsplit(base).path)
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not is_secret(name)]
    return f"{path or '/'}?{urlencode(pairs)}" if pairs else path or "/"
