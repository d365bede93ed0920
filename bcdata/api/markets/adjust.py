"""Prices adjusted for splits and payments, and the raw ones out of what a provider has adjusted."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

import polars as pl

from bcdata import clock
from bcdata.actions.factors import OTHER_CURRENCY, WHOLE_PRICE, Adjusted, factors, in_force
from bcdata.actions.table import OF_CASH
from bcdata.actions.view import adjust as adjusted_view
from bcdata.actions.view import undo_splits as raw_of
from bcdata.api.instants import instant
from bcdata.api.markets.given import KEYS, actions_of, frame_of, tell
from bcdata.errors import UsageError
from bcdata.frames.currencies import HUNDREDTHS
from bcdata.instruments.by_instrument import ORIGINAL, ByInstrument, renames_in

_ISO = re.compile("[A-Z]{3}")
_IN_PARTS = frozenset({*HUNDREDTHS, *HUNDREDTHS.values()} - {"USD"})
"""Currencies in which shares are priced in whole units or in hundredths; shares in dollars are not, grains are."""


def adjust(
    bars: Any,
    actions: Any,
    adjusted: Adjusted = "all",
    *,
    as_of: str | date | None = None,
    closes: Any = None,
    currency: str | Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Raw bars as they look after splits and payments: before each ex-session prices are multiplied by its factor.

    A split of r new shares for each old one: prices × 1/r, volumes × r. A payment of d: prices × (1 - d/C), volumes as
    they are, where C is the raw close of the session before; where shares are split in that session too, d is that of a
    new share and C is divided by r. So CRSP's cumulative factors and Yahoo's adjusted closes are made.

    Args:
        bars: a frame with `symbol`, `session` (its label) and prices, raw: as `load` gives bars of stocks.
            `open`, `high`, `low`, `close`, `vwap`, and `volume`, `taker_buy_volume` are adjusted where they are there.
        actions: a frame with `symbol`, `kind` (split, stock, cash, special or capital_gain), `ex_session` (a date), and
            `ratio` (new shares for each old one) or `amount` (a share's, in the unit of the prices, or in that of a
            column `currency`); a rename has `renamed_to` or `renamed_from`, and bars then follow their instrument from
            symbol to symbol; with `source`, that of the first one counts, by name; with `known_at` (UTC) it is known
            then, otherwise as its ex-session begins, at midnight UTC.
        adjusted: `none`; `splits`, for splits and stock dividends; `all`, for payments as well.
        as_of: the view of this instant (UTC): what is known later, or takes effect later, changes nothing; now if None.
        closes: raw `symbol`, `session`, `close` from the first bar to the last ex-session, where the bars do not reach
            so far; those of the bars if None.
        currency: what the prices are in, ISO 4217 or its hundredths (`GBp`), of all symbols or by symbol: payments in
            pounds then count in pence. Needed where the actions pay in a currency that is quoted in hundredths as well.

    Returns:
        The bars in their order, with their columns. The newest are raw.

    Raises:
        UsageError: a column is not there, or holds something else; the closes end before a payment's ex-session; or it
            is not known whether prices are in a currency or in its hundredths.

    Warns:
        MissingDataWarning: a payment has no factor: it pays the whole price or more, or two sources differ about an
            action by more than a hundredth.

    Examples:
        >>> days = [datetime(2024, 1, 2), datetime(2024, 1, 3)]
        >>> bars = pl.DataFrame({"symbol": "A", "session": days, "close": [100.0, 98.0]})
        >>> paid = pl.DataFrame({"symbol": "A", "kind": "cash", "ex_session": days[1:], "amount": [2.0]})
        >>> bcdata.adjust(bars, paid, as_of="2024-01-03")["close"].to_list()
        [98.0, 98.0]
    """
    if adjusted not in get_args(Adjusted):
        raise UsageError(f"`adjusted` is {adjusted!r}; it is one of {', '.join(get_args(Adjusted))}")
    rows, known, at = frame_of("bars", bars, KEYS), actions_of(actions), instant(as_of) if as_of else clock.now()
    raw = frame_of("closes", rows if closes is None else closes, {**KEYS, "close": pl.Float64})
    raw = (raw.sort("open_time") if "open_time" in raw.columns else raw).select(*KEYS, "close")
    raw = raw.unique([*KEYS], keep="last", maintain_order=True).with_columns(code=_codes(currency))
    if adjusted == "all":
        _require_unit(known, raw)
    by_instrument = ByInstrument.of(renames_in(known.filter(pl.col("known_at") <= at)))
    raw, known = by_instrument.renamed(raw, "session"), by_instrument.renamed(known, "ex_session")
    found = in_force(factors(known, raw), adjusted, at)
    _require_reach(found, raw)
    told = found.filter(pl.col("refused").is_in([WHOLE_PRICE, OTHER_CURRENCY]))
    for symbol, session, why in told.select("symbol", "ex_session", "refused").iter_rows():
        tell(f"prices of {symbol} before {session} are not adjusted for what was paid: it {why}")
    named = by_instrument.renamed(rows, "session")
    return adjusted_view(named, found, adjusted, at).drop("symbol").rename({ORIGINAL: "symbol"}).select(rows.columns)


def undo_splits(bars: Any, actions: Any, *, answered: str | date, known_until: str | date | None) -> pl.DataFrame:
    """Raw bars out of those that a provider has adjusted for all splits up to the day on which it answered.

    Prices × the product of the ratios of all splits after the bar's session and up to the day of the answer; volumes
    are divided by it.

    Args:
        bars: a frame with `symbol`, `session` and prices, as the provider sent them.
        actions: as in `adjust`; payments change nothing.
        answered: the day of the answer: what was split later is not in its prices.
        known_until: up to which day all splits are known for certain; None if they never were asked for.

    Returns:
        The bars with `held_back`, null where prices are raw. Where `known_until` comes before the answer it is
        `adjustment_unknown`, and prices are as they were sent: one split that is missing makes them wrong.

    Raises:
        UsageError: a column is not there, or holds something else.

    Warns:
        MissingDataWarning: two sources differ about a split by more than a hundredth.

    Examples:
        >>> days = [datetime(2024, 6, 7), datetime(2024, 6, 10)]
        >>> bars = pl.DataFrame({"symbol": "A", "session": days[:1], "close": [120.89]})
        >>> split = pl.DataFrame({"symbol": "A", "kind": "split", "ex_session": days[1:], "ratio": [10.0]})
        >>> bcdata.undo_splits(bars, split, answered="2025-02-22", known_until="2025-02-22")["close"].to_list()
        [1208.9]
    """
    until = None if known_until is None else instant(known_until).date()
    return raw_of(frame_of("bars", bars, KEYS), actions_of(actions), instant(answered).date(), until)


def _codes(currency: object) -> pl.Expr:
    """The code of a symbol's prices."""
    by_symbol = currency if isinstance(currency, Mapping) else {}
    for code in [*by_symbol.values()] if by_symbol else [currency]:
        if not (code is None or (isinstance(code, str) and (code in HUNDREDTHS or _ISO.fullmatch(code)))):
            raise UsageError(
                f"`currency` is {code!r}; write three capitals like GBP, or one of {', '.join(HUNDREDTHS)}"
            )
    if by_symbol:
        return pl.col("symbol").replace_strict(dict(by_symbol), default=None, return_dtype=pl.String)
    return pl.lit(currency, pl.String)


def _require_unit(actions: pl.DataFrame, closes: pl.DataFrame) -> None:
    """Passes payments of which it is known what they are beside the prices: 0.02 may be of pounds, and prices pence."""
    unsaid = closes.filter(pl.col("code").is_null())["symbol"].unique()
    in_parts = actions.filter(pl.col("kind").is_in(OF_CASH) & pl.col("currency").is_in([*_IN_PARTS]))
    doubtful = in_parts.filter(pl.col("symbol").is_in(unsaid.implode()))
    for symbol, code in doubtful.select("symbol", "currency").head(1).iter_rows():
        raise UsageError(
            f"{symbol} pays in {code}, and its prices may be in {HUNDREDTHS.get(code, code)} or in hundredths of it: "
            f"say which with `currency`, like currency={{{symbol!r}: {code!r}}}"
        )


def _require_reach(found: pl.DataFrame, closes: pl.DataFrame) -> None:
    """Passes factors of payments before whose ex-session a close is known to be the last one."""
    last = closes.group_by("symbol").agg(pl.col("session").max())
    beyond = (
        found.filter(pl.col("kind").is_in(OF_CASH))
        .join(last, "symbol")
        .filter(pl.col("ex_session") > pl.col("session"))
    )
    for symbol, session, ex_session in beyond.select("symbol", "session", "ex_session").head(1).iter_rows():
        raise UsageError(
            f"closes of {symbol} end on {session}, before the payment of {ex_session}: "
            "give `closes` up to it, or an earlier `as_of`"
        )
