"""Bars and corporate actions out of kept charts of Yahoo. Pure functions of bytes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from bcdata.errors import BadAnswerError
from bcdata.frames.schema import REPORTS
from bcdata.interval import EPOCH
from bcdata.providers.base import RawActions, RawBars, Series
from bcdata.providers.json_body import number
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.yahoo.chart import DAY, Chart, Row, chart_of, instant, require_spacing, seconds_of
from bcdata.providers.yahoo.splits import ADJUSTMENT_UNKNOWN, Splits, UnknownAdjustmentError, ratio_of

NAME = "yahoo"
_KINDS = {"splits": "split", "dividends": "cash", "capitalGains": "capital_gain"}


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The settled bars of kept charts, raw: splits are taken out, and rows held back where that cannot be done.

    Charts of days among those of a shorter interval tell of splits alone.

    Raises:
        BadAnswerError: a body is no chart, or one of another interval or symbol.
    """
    interval = series.interval or ""
    charts = list(_charts(series, bodies, interval))
    splits, found = Splits.of(charts), RawRows()
    for page, chart in enumerate(charts):
        if chart.interval != interval:
            continue
        for row in chart.settled():
            if row.at is None:
                found.refuse(page, row.line, row.sent, "it has no time")
            elif row.has_trade:
                _add(found, page, chart, row, splits)
    return found.built()


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """Splits, dividends and capital gains that kept charts of days tell of; payments as they were on their day.

    Raises:
        BadAnswerError: a body is no chart of days of this symbol.
    """
    charts = list(_charts(series, bodies, "1d"))
    splits, bad = Splits.of(charts), RawRows()
    rows: list[dict[str, Any]] = []
    for page, chart in enumerate(charts):
        for line, (kind, event) in enumerate(_events(chart)):
            at = instant(event.get("date"))
            if at is None:
                bad.refuse(page, line, event, f"a {kind} without a date")
                continue
            ex = chart.day(at)
            row = {"kind": kind, "ex_session": ex, "object": page, "line": line}
            label = (ex - EPOCH.date()).days * DAY
            try:
                value = _value(kind, event, splits.shares(ex, chart) if kind != "split" else Fraction(1))
            except UnknownAdjustmentError as error:
                bad.refuse(page, line, event, str(error), label, reason=ADJUSTMENT_UNKNOWN)
                continue
            if value is None:
                bad.refuse(page, line, event, f"a {kind} without a value above 0", label)
            elif kind == "split":
                rows.append({**row, "ratio": value})
            else:
                rows.append({**row, "amount": value, "currency": chart.currency})
    return RawActions(pl.DataFrame(rows, REPORTS), bad.bad_lines())


def _charts(series: Series, bodies: Sequence[bytes], interval: str) -> Iterator[Chart]:
    for page, body in enumerate(bodies):
        try:
            chart = chart_of(body, series.symbol)
            if interval == "1d" or chart.interval != "1d":
                require_spacing(chart, interval)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        yield chart


def _add(found: RawRows, page: int, chart: Chart, row: Row, splits: Splits) -> None:
    at = row.at or 0
    day = chart.day(at)
    opened = (day - EPOCH.date()).days * DAY if seconds_of(chart.interval) >= DAY else at
    try:
        shares = splits.shares(day, chart)
    except UnknownAdjustmentError as error:
        found.refuse(page, row.line, row.sent, str(error), opened, reason=ADJUSTMENT_UNKNOWN)
        return
    values = {name: _times(value, shares if name != "volume" else 1 / shares) for name, value in row.values.items()}
    found.add(page, row.line, opened, values)


def _times(value: float | None, factor: Fraction) -> float | None:
    product = None if value is None else value * factor.numerator / factor.denominator
    return product if product is not None and math.isfinite(product) else None


def _events(chart: Chart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((kind, event) for name, kind in _KINDS.items() for event in chart.events[name])


def _value(kind: str, event: Mapping[str, Any], shares: Fraction) -> float | None:
    """The ratio of a split, or what was paid for a share on the day; None where it is none."""
    if kind == "split":
        ratio = ratio_of(event)
        return None if ratio is None else float(ratio)
    amount = number(event.get("amount"))
    return _times(amount, shares) if amount is not None and amount > 0 else None
