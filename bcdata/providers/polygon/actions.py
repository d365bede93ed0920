"""Splits and dividends as Polygon's reference data tells of them. Pure."""

from collections.abc import Sequence

from bcdata.providers.base import RawActions, Series
from bcdata.providers.json_body import number
from bcdata.providers.polygon.answers import answers
from bcdata.providers.polygon.symbols import written
from bcdata.providers.stocks.sent_rows import RawReports, quotient

ENDPOINTS = {"splits": "execution_date", "dividends": "ex_dividend_date"}
"""The name of the ex-date in each."""
_KINDS = {"CD": "cash", "SC": "special", "LT": "capital_gain", "ST": "capital_gain"}
"""Cash, special cash, long-term and short-term capital gains."""


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """The actions of pages of splits and of dividends, which tell themselves apart by their ex-dates.

    Raises:
        BadAnswerError: a body is no page of either.
    """
    found, ticker = RawReports(), written(series.symbol)
    for page, answer in answers(bodies, ticker):
        for line, row in enumerate(answer.rows):
            if not isinstance(row, dict) or row.get("ticker", ticker) != ticker:
                found.refuse(page, line, row, f"not an object that tells of {ticker}")
            elif "execution_date" in row:
                ratio = quotient(row.get("split_to"), row.get("split_from"))
                found.add(page, line, row, "split", ex=row["execution_date"], ratio=ratio)
            else:
                told = row.get("dividend_type")
                found.add(
                    page,
                    line,
                    row,
                    _KINDS.get(told, str(told)) if isinstance(told, str) else "cash",
                    ex=row.get("ex_dividend_date"),
                    amount=number(row.get("cash_amount")),
                    currency=row.get("currency"),
                    declared=row.get("declaration_date"),
                    record=row.get("record_date"),
                    pay=row.get("pay_date"),
                )
    return found.built()
