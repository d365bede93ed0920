"""Bars and corporate actions out of kept charts of Yahoo. Pure functions of bytes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from bcdata.errors import BadAnswerError
from bcdata.frames.schema import REPORTS
from bcdata.interval import EPOCH
from bcdata.providers.base import RawActions, RawBars, Series
from bcdata.providers.json_body import number
from bcdata.providers.raw_rows import UNREADABLE_LINE, RawRows
from bcdata.providers.yahoo.chart import DAY, Chart, Row, chart_of, instant, require_spacing, seconds_of
from bcdata.providers.yahoo.damage import damage_of
from bcdata.providers.yahoo.splits import ADJUSTMENT_UNKNOWN, Splits, UnknownAdjustmentError, answered_on, ratio_of
from bcdata.quality.damage.jumps import UNIT_JUMP

if TYPE_CHECKING:
    from datetime import date

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
    splits, found, is_long = Splits.of(charts), RawRows(), seconds_of(interval) >= DAY
    for page, chart in enumerate(charts):
        if chart.interval != interval:
            continue
        answered = answered_on(chart)
        for row in chart.settled():
            if row.at is None:
                found.refuse(page, row.line, row.sent, "it has no time")
            elif row.has_trade:
                day = chart.day(row.at)
                opened = (day - EPOCH.date()).days * DAY if is_long else row.at
                try:
                    found.add(page, row.line, opened, _raw(row, splits.shares(day, answered)))
                except UnknownAdjustmentError as error:
                    found.refuse(page, row.line, row.sent, str(error), opened, reason=ADJUSTMENT_UNKNOWN)
    codes = {chart.currency for chart in charts if chart.currency and chart.interval == interval}
    return replace(found.built(), codes=tuple(sorted(codes)), damage=damage_of(charts, interval))


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """Splits, dividends and capital gains that kept charts of days tell of; payments as they were on their day.

    What several charts tell of is told once, by the latest: the same payment, made raw again, may differ in digits.

    Raises:
        BadAnswerError: a body is no chart of days of this symbol.
    """
    charts = list(_charts(series, bodies, "1d"))
    splits, bad = Splits.of(charts), RawRows()
    told: dict[tuple[str, date], dict[str, Any]] = {}
    for page, chart in sorted(enumerate(charts), key=lambda one: -one[1].quoted):
        for line, (kind, event) in enumerate(_events(chart)):
            at = instant(event.get("date"))
            if at is None:
                bad.refuse(page, line, event, f"a {kind} without a date")
                continue
            ex = chart.day(at)
            try:
                if (kind, ex) not in told:
                    values = _values(kind, event, chart, splits)
                    told[kind, ex] = {"kind": kind, "ex_session": ex, "object": page, "line": line, **values}
            except ValueError as error:
                reason = ADJUSTMENT_UNKNOWN if isinstance(error, UnknownAdjustmentError) else UNREADABLE_LINE
                bad.refuse(page, line, event, str(error), (ex - EPOCH.date()).days * DAY, reason=reason)
    damage = damage_of(charts, "1d").filter(pl.col("rule") != UNIT_JUMP)  # it is the bars'
    return RawActions(pl.DataFrame(list(told.values()), REPORTS), bad.bad_lines(), damage)


def _charts(series: Series, bodies: Sequence[bytes], interval: str) -> Iterator[Chart]:
    for page, body in enumerate(bodies):
        try:
            chart = chart_of(body, series.symbol)
            if interval == "1d" or chart.interval != "1d":
                require_spacing(chart, interval)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        yield chart


def _raw(row: Row, shares: Fraction) -> dict[str, float | int | None]:
    return {name: _times(value, 1 / shares if name == "volume" else shares) for name, value in row.values.items()}


def _times(value: float | None, factor: Fraction) -> float | None:
    product = None if value is None else value * factor.numerator / factor.denominator
    return product if product is not None and math.isfinite(product) else None


def _events(chart: Chart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((kind, event) for name, kind in _KINDS.items() for event in chart.events[name])


def _values(kind: str, event: Mapping[str, Any], chart: Chart, splits: Splits) -> dict[str, Any]:
    """The ratio of a split, or what was paid for a share on the day.

    Raises:
        UnknownAdjustmentError: which splits the payment is adjusted for cannot be told.
        ValueError: it is none.
    """
    value: float | Fraction | None
    if kind == "split":
        value, name = ratio_of(event), "ratio"
    else:
        value, name = number(event.get("amount")), "amount"
    if value is None or value <= 0:
        raise ValueError(f"a {kind} whose {name} is not above 0")
    if kind == "split":
        return {name: float(value)}
    shares = splits.shares(chart.day(event["date"]), answered_on(chart))
    own = event.get("currency")  # payments may be told in pounds where prices are in pence
    return {name: _times(float(value), shares), "currency": own if isinstance(own, str) and own else chart.currency}
