"""Splits and dividends as Alpha Vantage tells of them. Pure."""

from collections.abc import Sequence
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.providers.alpha_vantage.answers import NAME
from bcdata.providers.alpha_vantage.symbols import written
from bcdata.providers.base import RawActions, Series
from bcdata.providers.json_body import decoded, number, text_of
from bcdata.providers.stocks.sent_rows import RawReports

FUNCTIONS = ("SPLITS", "DIVIDENDS")


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """The actions of pages of splits and of dividends, which tell themselves apart by their dates.

    Raises:
        BadAnswerError: a body is no page of either.
    """
    found = RawReports()
    for page, body in enumerate(bodies):
        try:
            rows = rows_of(body, series)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        for line, row in enumerate(rows):
            if not isinstance(row, dict):
                found.refuse(page, line, row, "not an object")
            elif "effective_date" in row:
                ratio = number(row.get("split_factor"))
                found.add(page, line, row, "split", ex=row["effective_date"], ratio=ratio)
            else:
                found.add(
                    page,
                    line,
                    row,
                    "cash",
                    ex=row.get("ex_dividend_date"),
                    amount=number(row.get("amount")),
                    declared=row.get("declaration_date"),
                    record=row.get("record_date"),
                    pay=row.get("payment_date"),
                )
    return found.built()


def rows_of(body: bytes, series: Series) -> list[Any]:
    """The rows of a page; an empty object has none.

    Raises:
        ValueError: it is none; the text says how.
    """
    value = decoded(body)
    if value == {}:
        return []
    rows = value.get("data") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        raise ValueError(f"it has no list of data: {text_of(value)}")  # noqa: TRY004 (an answer, not an argument)
    of = value.get("symbol")
    if not isinstance(of, str) or of.upper() != written(series.symbol).upper():
        raise ValueError(f"it is of {text_of(of)}, and {written(series.symbol)} was asked for")
    return rows
