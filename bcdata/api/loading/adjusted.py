"""Bars as they look after splits and dividends: computed when bars are read, out of what merged holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import get_args

import polars as pl

from bcdata import clock
from bcdata.actions.factors import Adjusted, factors
from bcdata.actions.table import ACTIONS, OF_CASH, OF_SHARES
from bcdata.actions.view import adjust
from bcdata.api import arguments
from bcdata.api.instants import instant
from bcdata.api.loading.lacking import Missing, teller
from bcdata.api.loading.sources import Rows
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.frames.currencies import HUNDREDTHS
from bcdata.frames.schema import conform
from bcdata.instruments.lives import Life
from bcdata.instruments.tickers import Tickers
from bcdata.interval import EPOCH, Interval
from bcdata.pipeline.actions.known import unknown
from bcdata.pipeline.bars.prices_in import CODE, PricesIn
from bcdata.pipeline.lake import read_over
from bcdata.store.store import Store
from bcdata.venues.calendar import session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

WAYS: tuple[Adjusted, ...] = get_args(Adjusted)
_DAY = timedelta(days=1)
_BACK = timedelta(days=20)
"""In which the last session before an ex-session lies: no exchange was closed for longer in living memory."""
_CLOSES = {"symbol": pl.String, "session": pl.Date, "close": pl.Float64, "code": pl.String}
_NAMED = 3
"""Refused actions that a text names."""


@dataclass(frozen=True, slots=True)
class AdjustedView:
    """How bars of a market are adjusted.

    Attributes:
        store: the lake.
        source: the dataset of the bars, whose raw closes tell what share of the price a payment is.
        actions: the dataset of the market's corporate actions.
        adjusted: for splits and stock dividends, or for payments as well.
        as_of: the instant (UTC): what was known later, or takes effect later, changes nothing.
        missing: what becomes of actions that were never published.
    """

    store: Store
    source: Dataset
    actions: Dataset
    adjusted: Adjusted
    as_of: datetime
    missing: Missing

    def of(self, bars: pl.DataFrame, symbol: str) -> pl.DataFrame:
        """The bars of a symbol, raw and with `session`, adjusted: those of each instrument that had it for its actions.

        Raises:
            MissingDataError: actions of the time were never published, and that was to be an error.
        """
        if bars.is_empty():
            return bars
        tickers = Tickers(self.store, self.actions, self.as_of)
        parts = [
            self._of_one(own, tickers.chain(life))
            for life in tickers.lives(symbol, bars["session"][0])
            if (own := bars.filter(life.sessions)).height
        ]
        nobodys = bars.filter(~pl.col("open_time").is_in(pl.concat([one["open_time"] for one in parts]).implode()))
        return pl.concat([*parts, nobodys]).sort("open_time") if parts else bars

    def _of_one(self, bars: pl.DataFrame, chain: Sequence[Life]) -> pl.DataFrame:
        """Bars of one instrument, under the first of its symbols, adjusted for what it did under all of them."""
        symbol = chain[0].symbol
        known = self._known(chain, bars["session"][0], bars["session"][-1])
        closes = self._closes(chain, known)
        found = factors(known, closes)
        refused = found.filter(pl.col("refused").is_not_null())
        if refused.height:
            teller(self.missing)(f"{symbol}: {_told(refused)}: not adjusted for")
        in_hundredths = closes.filter(pl.col("code").is_in(list(HUNDREDTHS)))
        if in_hundredths.height and known.filter(pl.col("kind").is_in(OF_CASH) & pl.col("currency").is_null()).height:
            words = (
                f"{self.actions.name} does not say in what {symbol} paid: it is taken for {in_hundredths['code'][0]}"
            )
            teller(self.missing)(f"{words}, which its prices are in")
        rows = bars.with_columns(symbol=pl.lit(symbol))
        return adjust(rows, found, self.adjusted, self.as_of).drop("symbol")

    def _known(self, chain: Sequence[Life], first: date, last: date) -> pl.DataFrame:
        """The actions (`ACTIONS`) of an instrument from a session on that were known by then, under its first symbol.

        Args:
            chain: its lives, one symbol after the other.
            first: the session.
            last: that of the last bar.
        """
        start, end = _midnight(first), _midnight(last) + _DAY
        present = min(self.as_of, clock.now())
        due = Window(start, max(_midnight(present), min(end, present)))
        kinds = OF_SHARES if self.adjusted == "splits" else (*OF_SHARES, *OF_CASH)
        found = [pl.DataFrame(schema=ACTIONS)]
        for life in chain:
            begin = max(start, _midnight(life.start)) if life.start else start
            self._tell_of_lacking(
                life.symbol, Window(begin, min(due.end, _midnight(life.end)) if life.end else due.end)
            )
            rows = read_over(self.store, self.actions, life.symbol, Window(begin, max(begin, self.as_of) + _DAY))
            known = rows.filter((pl.col("known_at") <= self.as_of) & pl.col("kind").is_in(kinds))
            own = known.with_columns(session=pl.col("ex_session"), symbol=pl.lit(chain[0].symbol)).filter(life.sessions)
            found.append(conform(own, ACTIONS))
        return pl.concat(found)

    def _tell_of_lacking(self, symbol: str, window: Window) -> None:
        """Says of which time up to the instant, or up to the last bar, no action is known."""
        absent, short = unknown(self.store, self.actions, symbol, window)
        keys = [*absent, *(key for key, _ in short)]
        if not keys:
            return
        name = self.actions.name
        if absent:
            words = (
                f"{name} of {symbol} is not published of {absent[0]} to {absent[-1]}: "
                "bars before splits in that time are not adjusted"
            )
        else:
            until = short[-1][1]
            words = (
                f"{name} of {symbol} is known up to {until:%Y-%m-%d} only: bars before later splits are not adjusted "
                "(those of a day are known when it is over, UTC)"
            )
        first, last = min(keys), max(keys)
        command = f"bcdata materialize --dataset {name} --symbols {symbol} --from {first} --to {last}"
        teller(self.missing)(f"{words}; fetch them with: {command}")

    def _closes(self, chain: Sequence[Life], actions: pl.DataFrame) -> pl.DataFrame:
        """The raw closes of the sessions before payments: `symbol`, `session`, `close`, `code` of their unit."""
        paid = actions.filter(pl.col("kind").is_in(OF_CASH))
        frames = [pl.DataFrame(schema=_CLOSES)]
        for at in paid["ex_session"].unique().sort():
            before = [life for life in chain if life.start is None or life.start <= at]
            closes = (self._close(life, at) for life in reversed(before))
            frames += [one.with_columns(symbol=pl.lit(chain[0].symbol)) for one in closes if one is not None][:1]
        return pl.concat(frames).unique(["symbol", "session"], keep="last", maintain_order=True)

    def _close(self, life: Life, ex_session: date) -> pl.DataFrame | None:
        """The last raw close of a life before an ex-session; None where there is no bar of the weeks before."""
        interval = self.source.bar_interval
        end = _midnight(ex_session) + _DAY
        bars = read_over(self.store, self.source, life.symbol, Window(end - _BACK, end), ["open_time", "close"])
        assert isinstance(interval, SessionInterval)  # noqa: S101 # nosec B101 # other markets have no actions
        told = bars.with_columns(session_of(interval).alias("session")).filter(pl.col("session") < ex_session)
        last = PricesIn(self.store, self.source).beside(told.filter(life.sessions).tail(1), life.symbol)
        named = last.select("session", "close", symbol=pl.lit(life.symbol), code=CODE)
        return named.select(*_CLOSES) if last.height else None


def view_of(
    store: Store, catalog: Catalog, rows: Rows, *, adjusted: object, as_of: str | date | None, missing: Missing
) -> AdjustedView | None:
    """The view that the arguments ask for; None where bars are wanted as they were traded.

    Raises:
        UsageError: there is no such view, or none of these rows.
    """
    way = _way(arguments.text("adjusted", adjusted, f"one of {', '.join(WAYS)}"))
    if as_of is not None and way == "none":
        raise UsageError("`adjusted_as_of` is of adjusted bars; write adjusted='splits' or 'all' with it")
    if way == "none":
        return None
    source = rows.source
    if rows.zone not in {"merged", "resampled"} or rows.interval is None:
        raise UsageError("only bars are adjusted; leave `adjusted` out")
    actions = next((one for one in _actions_of(catalog, source)), None)
    if not source.hours.are_sessions or actions is None:
        fix = f"add {source.market}_actions to {catalog.path}" if source.hours.are_sessions else "leave `adjusted` out"
        raise UsageError(f"there are no splits and dividends of {source.market} to adjust for; {fix}")
    if rows.grid is None and is_longer_than_a_session(rows.interval):
        raise UsageError(
            f"{rows.name} are as their source sent them, each of the prices of several days; "
            f"load bars of a day with interval={rows.interval.name!r} and adjust them"
        )
    at = clock.now() if as_of is None else instant(as_of)
    return AdjustedView(store, source, actions, way, at, missing)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=EPOCH.tzinfo)


def _way(text: str) -> Adjusted:
    for one in WAYS:
        if text == one:
            return one
    raise UsageError(f"{text!r} is no way to adjust; it is one of {', '.join(WAYS)}")


def _actions_of(catalog: Catalog, source: Dataset) -> Iterator[Dataset]:
    return (one for one in catalog if one.market == source.market and one.frame_type.adjusts_bars)


def is_longer_than_a_session(interval: Interval) -> bool:
    """Whether bars are of several sessions."""
    return interval.length is None or interval.length > _DAY


def _told(refused: pl.DataFrame) -> str:
    rows: Sequence[tuple[str, date, str]] = refused.select("kind", "ex_session", "refused").head(_NAMED).rows()
    return "; ".join(f"the {kind} of {at} {why}" for kind, at, why in rows)
