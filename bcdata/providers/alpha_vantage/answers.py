"""What Alpha Vantage's answers hold: one series of rows by local time, and what it says of itself. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.errors import BadAnswerError
from bcdata.providers.alpha_vantage.symbols import written
from bcdata.providers.base import Series
from bcdata.providers.json_body import decoded, text_of
from bcdata.providers.stocks.local_time import NEW_YORK, day, zone

NAME = "alpha_vantage"
SPANS = {"1m": "1min", "5m": "5min", "15m": "15min", "1h": "60min", "1d": "Daily"}
"""What series are called, by interval."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as sent with their times, the zone of these, and the date up to which it is fresh, if it says so."""

    rows: list[tuple[str, Any]]
    place: ZoneInfo = NEW_YORK
    refreshed: date | None = None


def answer(body: bytes, series: Series) -> Answer:
    """The answer in a body, which must be of this symbol and interval; an empty object has no rows.

    Raises:
        ValueError: it is none; the text says how.
    """
    value = decoded(body)
    if value == {}:
        return Answer([])
    name = f"Time Series ({SPANS[series.interval or '']})"
    meta, rows = (value.get("Meta Data"), value.get(name)) if isinstance(value, dict) else (None, None)
    if not isinstance(meta, dict) or not isinstance(rows, dict):
        raise ValueError(f"it has no {name!r} and Meta Data: {text_of(value)}")  # noqa: TRY004 (an answer)
    told = {key.partition(". ")[2]: text for key, text in meta.items()}
    of = told.get("Symbol")
    if not isinstance(of, str) or of.upper() != written(series.symbol).upper():
        raise ValueError(f"it is of {text_of(of)}, and {written(series.symbol)} was asked for")
    return Answer(list(rows.items()), zone(told.get("Time Zone")), _date(told.get("Last Refreshed")))


def answers(bodies: Sequence[bytes], series: Series) -> Iterator[tuple[int, Answer]]:
    """The answers of kept pages, numbered.

    Raises:
        BadAnswerError: a body is none.
    """
    for page, body in enumerate(bodies):
        try:
            yield page, answer(body, series)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None


def _date(text: object) -> date | None:
    try:
        return day(text[: len("2024-03-08")] if isinstance(text, str) else None)
    except ValueError:
        return None
