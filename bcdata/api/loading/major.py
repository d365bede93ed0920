"""Prices in whole units of their currency: `load(unit="major")` gives pounds where pence were sent."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from bcdata.api import arguments
from bcdata.api.loading.adjusted import is_longer_than_a_session
from bcdata.api.loading.lacking import Missing, teller
from bcdata.api.loading.sources import Rows
from bcdata.errors import UsageError
from bcdata.frames.currencies import HUNDREDTHS
from bcdata.frames.money import divided, parts_of
from bcdata.pipeline.bars.prices_in import CODE, IS_STATED, PricesIn
from bcdata.store.store import Store

_MONEY = ("open", "high", "low", "close", "vwap", "quote_volume", "taker_buy_quote_volume")


class Unit(StrEnum):
    """What prices are given in: as they were sent, or in whole units of their currency."""

    RAW = "raw"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Major:
    """How bars of a dataset come to be in whole units.

    Attributes:
        prices: what they are in as they were sent.
        rows: which rows are meant.
        missing: what becomes of what only the symbol's suffix tells.
    """

    prices: PricesIn
    rows: Rows
    missing: Missing

    def of(self, bars: pl.DataFrame, symbol: str) -> pl.DataFrame:
        """The bars of a symbol with prices and amounts of money in whole units; volumes stay.

        Raises:
            UsageError: what they are in is not known, or changes within bars of several sessions.
            MissingDataError: the suffix alone tells that they are in hundredths, and that was to be an error.
        """
        if bars.is_empty():
            return bars
        coded = self.prices.beside(bars, symbol)
        self._require_known(coded, symbol)
        parts = parts_of(pl.col(CODE))
        names = [name for name in _MONEY if name in bars.columns]
        return coded.with_columns(divided(pl.col(name), parts).alias(name) for name in names).select(bars.columns)

    def _require_known(self, coded: pl.DataFrame, symbol: str) -> None:
        market = self.rows.source.market
        fix = f"write {{symbol: {symbol}, currency: ...}} under `instruments` of {market} in the catalog"
        unknown = coded.filter(pl.col(CODE).is_null())
        if unknown.height:
            at = unknown["session"][0]
            raise UsageError(f"what prices of {symbol} are in on {at} is not known, or told in two ways; {fix}")
        if self.rows.interval and is_longer_than_a_session(self.rows.interval) and coded[CODE].n_unique() > 1:
            words = f"prices of {symbol} change their unit, and bars of {self.rows.interval.name} may mix both"
            raise UsageError(f"{words}; load those of a day with unit='major' and make them of these")
        guessed = coded.filter(~pl.col(IS_STATED) & pl.col(CODE).is_in(list(HUNDREDTHS)))
        if guessed.height:
            words = f"no source says what prices of {symbol} are in: they are taken for {guessed[CODE][0]}"
            teller(self.missing)(f"{words}, like most with its suffix; if that is right, or not, {fix}")


def major_of(store: Store, rows: Rows, unit: object, missing: Missing) -> Major | None:
    """What `unit` asks for; None where bars are wanted as they were sent.

    Raises:
        UsageError: there is no such unit, or none of these rows.
    """
    if arguments.option("unit", unit, Unit) is Unit.RAW:
        return None
    if rows.zone not in {"merged", "resampled"} or rows.interval is None:
        raise UsageError("only bars have prices in a unit; leave `unit` out")
    if not rows.source.hours.are_sessions:
        raise UsageError(f"prices of {rows.source.market} are in no hundredths of a currency; leave `unit` out")
    return Major(PricesIn(store, rows.source), rows, missing)
