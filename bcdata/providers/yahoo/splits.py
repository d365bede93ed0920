"""Takes out of prices the splits that Yahoo has put into them. Pure.

Prices are adjusted for all splits up to the day of the answer, but the answer lists those alone that lie in the time
that was asked for. Only a daily chart that reaches to the day of the latest price lists all of them from its first bar
on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from bcdata.providers.json_body import number
from bcdata.providers.yahoo.chart import Chart, instant

ADJUSTMENT_UNKNOWN = "adjustment_unknown"
"""The rule by which a row is held back whose prices cannot be made raw."""
_MOST = 1_000_000
"""Shares that a split may make of one, or one of them."""
_DAY = timedelta(days=1)


class UnknownAdjustmentError(ValueError):
    """It cannot be told which splits prices are adjusted for."""


@dataclass(frozen=True, slots=True)
class Splits:
    """The splits that charts tell of, by ex-date (None for a ratio that cannot be read), and what they know in full.

    `known` are pairs: all splits are known from the first date to the second one, the day of the chart's latest price.
    `due` are splits after the day of a chart's latest price, by that day.
    """

    ratios: dict[date, Fraction | None]
    known: list[tuple[date, date]]
    due: dict[date, date]

    @classmethod
    def of(cls, charts: Iterable[Chart]) -> "Splits":
        """What these charts tell together."""
        found = cls({}, [], {})
        for chart in charts:
            answered = answered_on(chart)
            days = [chart.day(row.at) for row in chart.rows if row.at is not None]
            if chart.interval == "1d" and days and max(days) >= chart.day(chart.quoted):
                found.known.append((min(days), answered))
            for event in chart.events["splits"]:
                at = instant(event.get("date"))
                if at is None:
                    return cls({}, [], {})  # a split of any day: nothing is known for certain
                found.ratios[chart.day(at)] = ratio_of(event)
                if chart.day(at) > answered:
                    found.due[answered] = chart.day(at)
        return found

    def shares(self, day: date, answered: date) -> Fraction:
        """What a share of a session's has become by the day of an answer: what its prices are to be multiplied by.

        Raises:
            UnknownAdjustmentError: that cannot be told.
        """
        if answered in self.due:
            words = f"a split is due on {self.due[answered]}, and whether prices have it already cannot be told"
            raise UnknownAdjustmentError(words)
        if not any(first <= day + _DAY and answered <= last for first, last in self.known):
            words = f"prices are adjusted for splits up to {answered}, and not all of those after {day} are known"
            raise UnknownAdjustmentError(words)
        product = Fraction(1)
        for ex, ratio in self.ratios.items():
            if day < ex <= answered:
                if ratio is None:
                    raise UnknownAdjustmentError(f"the ratio of the split on {ex} cannot be read")
                product *= ratio
        return product


def answered_on(chart: Chart) -> date:
    """The day up to which a chart's prices are adjusted: that of the latest price, or of a later bar of a day."""
    quoted = chart.day(chart.quoted)
    if chart.interval != "1d":
        return quoted
    return max([quoted, *(chart.day(row.at) for row in chart.rows if row.at is not None)])


def ratio_of(event: object) -> Fraction | None:
    """New shares for each old one; None where that cannot be read."""
    given = [number(event.get(name)) for name in ("numerator", "denominator")] if isinstance(event, dict) else []
    sound = [one for one in given if one is not None and 1 / _MOST <= one <= _MOST]
    return Fraction(sound[0]) / Fraction(sound[1]) if len(sound) > 1 else None
