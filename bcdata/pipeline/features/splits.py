"""The splits that features, labels and profiles of a market with sessions undo, and payments, out of merged actions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

from bcdata.actions.factors import factors
from bcdata.actions.table import ACTIONS, OF_CASH, OF_SHARES
from bcdata.catalog import Catalog, Dataset
from bcdata.features.table.context import SplitAt
from bcdata.frames.schema import conform
from bcdata.interval import EPOCH
from bcdata.pipeline.actions.known import known_until, unknown
from bcdata.pipeline.bars.prices_in import CODE, PricesIn
from bcdata.pipeline.lake import keys_over, merged_over, read_over
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.store import Store
from bcdata.venues.calendar import session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

_MICROSECOND = timedelta(microseconds=1)
Made = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Splits:
    """The splits of the symbols of a dataset.

    Attributes:
        store: the lake.
        dataset: that of the bars.
        actions: that of the market's corporate actions; None where there is none, and bars are taken as they are.
    """

    store: Store
    dataset: Dataset
    actions: Dataset | None

    @classmethod
    def of(cls, store: Store, catalog: Catalog, dataset: Dataset) -> "Splits":
        """Those of the actions that the catalog has of the market."""
        found = (one for one in catalog if one.market == dataset.market and one.frame_type.adjusts_bars)
        return cls(store, dataset, next(found, None))

    def reads(self, symbol: str, window: Window) -> list[Made]:
        """The merged partitions of actions that are looked at: date keys, and what each was made of."""
        if self.actions is None:
            return []
        return [(one.date, made) for one, made in merged_over(self.store, self.actions, symbol, self.dates(window))]

    def within(self, symbol: str, window: Window) -> tuple[SplitAt, ...]:
        """The splits whose first session opens in the window, by that instant."""
        if self.actions is None:
            return ()
        near = Window(window.start - timedelta(days=7), self.dates(window).end)
        rows = read_over(self.store, self.actions, symbol, near, ["time", "kind", "ex_session", "ratio"])
        of_shares = rows.filter(pl.col("kind").is_in(OF_SHARES))
        told = of_shares.select("ex_session", "ratio").iter_rows()
        found = (SplitAt(self._opened(label), ratio) for label, ratio in told)
        return tuple(sorted(one for one in found if one.at in window))

    def reinvested(self, symbol: str, window: Window) -> tuple[SplitAt, ...]:
        """What payments would add to the shares of whoever buys more with them: 1 / (1 - d / C) of a payment d.

        C is the last raw close before the ex-session in the window, and that of its new shares where these are split
        with it. A payment of C or more, and one without a close before it, adds nothing.
        """
        if self.actions is None:
            return ()
        near = Window(window.start - timedelta(days=7), self.dates(window).end)
        told = read_over(self.store, self.actions, symbol, near)
        if told.filter(pl.col("kind").is_in(OF_CASH)).is_empty():
            return ()
        bars = read_over(self.store, self.dataset, symbol, window, ["open_time", "close"])
        closes = bars.with_columns(session=session_of(self._interval)).unique("session", keep="last")
        priced = PricesIn(self.store, self.dataset).beside(closes, symbol)
        told_in = priced.select("session", "close", symbol=pl.lit(symbol), code=CODE)
        found = factors(conform(told.with_columns(symbol=pl.lit(symbol)), ACTIONS), told_in)
        paid = found.filter(pl.col("kind").is_in(OF_CASH) & pl.col("refused").is_null())
        added = (SplitAt(self._opened(at), 1 / price) for at, price in paid.select("ex_session", "price").iter_rows())
        return tuple(sorted(one for one in added if one.at in window))

    def dates(self, window: Window) -> Window:
        """The time of the actions of all sessions that open in a window: as far as the midnight of the last one's date.

        A session may open before its date, and its actions lie in a later partition than its bars.
        """
        calendar = self._interval.calendar.sessions
        edges = [(edge - EPOCH) // _MICROSECOND for edge in (window.start, window.end)]
        first, last = np.searchsorted(calendar.opens, edges)
        if first == last:
            return window
        label: date = calendar.labels[last - 1].item()
        return Window(window.start, max(window.end, datetime.combine(label, time(), UTC) + _MICROSECOND))

    @property
    def _interval(self) -> SessionInterval:
        found = self.dataset.bar_interval
        assert isinstance(found, SessionInterval)  # noqa: S101 # nosec B101 # other markets have no actions
        return found

    def _opened(self, label: date) -> datetime:
        interval = self._interval
        opens, _ = interval.calendar.opens_of(interval.of("1d"), np.array([label], dtype="datetime64[D]"))
        return EPOCH + int(opens[0]) * _MICROSECOND

    def findings(self, symbol: str, window: Window) -> list[Finding]:
        """A warning where splits are not known: prices before one are then taken for those after it."""
        if not self.dataset.hours.are_sessions:
            return []
        if self.actions is None:
            words = (
                f"there is no {self.dataset.market}_actions in the catalog: prices are as traded, and splits are jumps"
            )
            return [Finding("unadjusted", Severity.WARN, 1, words)]
        due = self.dates(window.until(self._closed(symbol, window)))
        absent, short = unknown(self.store, self.actions, symbol, due)
        absent = [key for key in absent if key >= self.actions.start]
        name = self.actions.name
        if absent:
            words = f"no merged {name} of {', '.join(absent)}: splits there are jumps"
            return [Finding("unadjusted", Severity.WARN, len(absent), words)]
        if short:
            words = f"{name} is known up to {short[-1][1]:%Y-%m-%d} only: splits since then are jumps"
            return [Finding("unadjusted", Severity.WARN, len(short), words)]
        return []

    def _closed(self, symbol: str, window: Window) -> datetime:
        """Up to when bars of the window are there: a split after the last one is no jump."""
        keys = keys_over(self.dataset, window)
        told = (known_until(self.store, self.dataset, symbol, key) for key in keys)
        return max((one for one in told if one is not None), default=window.start)
