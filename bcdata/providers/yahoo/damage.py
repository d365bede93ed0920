"""What charts contradict themselves in: units, splits and payments. Pure.

It is looked for in what was sent, before splits are taken out: charts alone have adjusted closes.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import polars as pl

from bcdata.frames.schema import DAMAGED
from bcdata.providers.json_body import number
from bcdata.providers.yahoo.chart import DAY, Chart, instant, seconds_of
from bcdata.providers.yahoo.splits import answered_on, ratio_of
from bcdata.quality.damage.found import damage

_PAYMENTS = {"dividends": "cash", "capitalGains": "capital_gain"}
_BAR = {"at": pl.Int64, "day": pl.Date}
_VALUES = dict.fromkeys(("open", "high", "low", "close", "volume", "adjusted_close"), pl.Float64)
_ACTION = {"kind": pl.String, "ex_session": pl.Date, "ratio": pl.Float64, "amount": pl.Float64}


def damage_of(charts: Iterable[Chart], interval: str) -> pl.DataFrame:
    """The damage of the charts of an interval (`DAMAGED`), with what all charts of the same day tell of actions.

    Charts of one day are adjusted for the same splits and payments; those of different days are not compared.
    """
    found = [pl.DataFrame(schema=DAMAGED)]
    for _, group in groupby(sorted(charts, key=answered_on), answered_on):
        of_day = list(group)
        bars = _bars([one for one in of_day if one.interval == interval])
        told = damage(bars, _actions(of_day))
        opened = bars[told["row"]]["at"] if seconds_of(interval) < DAY else told["session"].cast(pl.Int32) * DAY
        found.append(told.select("rule", open_time=opened.cast(pl.Int64) * 1_000_000, session="session", words="words"))
    together = pl.concat(found).unique(["rule", "open_time"], keep="first", maintain_order=True)
    return together.sort("open_time", "rule")


def _bars(charts: Sequence[Chart]) -> pl.DataFrame:
    rows = [
        (row.at, chart.day(row.at), *(row.values[name] for name in list(_VALUES)[:-1]), row.adjusted)
        for chart in charts
        for row in chart.settled()
        if row.at is not None
    ]
    bars = pl.DataFrame(rows, {**_BAR, **_VALUES}, orient="row")
    return bars.unique("at", keep="last", maintain_order=True)


def _actions(charts: Iterable[Chart]) -> pl.DataFrame:
    """Each action of a day once, as charts repeat each other; amounts and shares as they are adjusted."""
    told: dict[tuple[str, date], tuple[Any, ...]] = {}
    for chart in charts:
        for kind, day, ratio, amount in _told(chart):
            told[kind, day] = (kind, day, ratio, amount)
    return pl.DataFrame(list(told.values()), _ACTION, orient="row")


def _told(chart: Chart) -> Iterator[tuple[str, date, float | None, float | None]]:
    for event in chart.events["splits"]:
        at, ratio = instant(event.get("date")), ratio_of(event)
        if at is not None and ratio:
            yield "split", chart.day(at), float(ratio), None
    for name, kind in _PAYMENTS.items():
        for event in chart.events[name]:
            at, amount = instant(event.get("date")), number(event.get("amount"))
            if at is not None and amount and amount > 0:
                yield kind, chart.day(at), None, amount
