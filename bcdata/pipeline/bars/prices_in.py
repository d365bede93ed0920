"""What the prices of bars are in: what the catalog says for a time, what the source says, or what the symbol tells."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.currencies import currency_and_unit
from bcdata.interval import EPOCH
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.classification.priced_in import code_by_form

CODE, IS_STATED = "_code", "_is_stated"
"""The columns in which a bar's code stands, and whether somebody states it of this very symbol."""
_SEVERAL = ""
"""The code where a source states several."""


@dataclass(frozen=True, slots=True)
class PricesIn:
    """The codes of the prices of a dataset of bars with sessions: ISO 4217, or its hundredths (`GBp`).

    What the catalog states of a symbol and a time counts for most, then what its sources say of what they sent. Where
    neither says anything the suffix of the symbol tells, or the currency of the market.
    """

    store: Store
    dataset: Dataset

    def beside(self, bars: pl.DataFrame, symbol: str) -> pl.DataFrame:
        """The bars of a symbol with `CODE`, null where it is not known, and `IS_STATED`.

        Args:
            bars: with `open_time` and `session`.
            symbol: whose.
        """
        length = len(self.dataset.grain.key(EPOCH))
        keyed = bars.with_columns(_key=pl.col("open_time").dt.strftime("%Y-%m-%d").str.slice(0, length))
        sent = {key: code for key in keyed["_key"].unique() if (code := self._sent(symbol, key)) is not None}
        by_sources = pl.col("_key").replace_strict(sent, default=None, return_dtype=pl.String)
        stated = pl.coalesce(*self._stated(symbol), by_sources)
        by_form = pl.lit(code_by_form(self.dataset.parsed.market, symbol), pl.String)
        known = pl.coalesce(stated, by_form).replace({_SEVERAL: None})
        return keyed.with_columns(known.alias(CODE), stated.is_not_null().alias(IS_STATED)).drop("_key")

    def _sent(self, symbol: str, key: str) -> str | None:
        """What the sources of a partition state; None where they state nothing."""
        published = self.store.published(Partition("merged", self.dataset.name, symbol, key))
        by_meaning = {currency_and_unit(code): code for code in merged_record(published).get("codes", [])}
        return next(iter(by_meaning.values()), None) if len(by_meaning) <= 1 else _SEVERAL

    def _stated(self, symbol: str) -> Iterator[pl.Expr]:
        for one in self.dataset.parsed.market.dated:
            if one.symbol == symbol and one.currency:
                begun = pl.lit(value=True) if one.start is None else pl.col("session") >= one.start
                goes_on = pl.lit(value=True) if one.end is None else pl.col("session") < one.end
                yield pl.when(begun & goes_on).then(pl.lit(one.currency))
