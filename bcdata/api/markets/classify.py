"""What symbols are, read from their text as their providers write them."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date

import polars as pl

from bcdata.api import arguments
from bcdata.api.instants import instant
from bcdata.errors import UsageError
from bcdata.frames.schema import Type
from bcdata.hints import choose
from bcdata.providers.dialects import classify as classified
from bcdata.providers.dialects import known_dialects
from bcdata.venues.classification.dialects import STATED

CLASSIFIED: dict[str, Type] = {
    "text": pl.String, "dialect": pl.String, "kind": pl.String, "symbol": pl.String, "exchange": pl.String,
    "base": pl.String, "quote": pl.String, "root": pl.String, "expiry": pl.String, "contract": pl.String,
    "currency": pl.String, "unit": pl.Float64, "right": pl.String, "strike": pl.Float64, "figi": pl.String,
    "rule": pl.String,
}  # fmt: skip
_NONE = {"kind": "unknown", "unit": 1.0, "rule": "no dialect makes anything of it"}


def classify(
    symbols: str | Iterable[str],
    dialect: str | None = None,
    *,
    on: str | date | None = None,
    stated: str | None = None,
) -> pl.DataFrame:
    """What symbols are, and by which rule: `BTC-USD` a pair of coins, `VOD.L` a stock in London, `ESZ25` a future.

    A ticker is a stock whatever coins are called so: `ETH` is none where no dialect writes pairs as one word. Neither a
    lake nor a network is needed, and whether there is such a symbol is not asked.

    Args:
        symbols: one, or several.
        dialect: who writes them so (`yahoo`, `polygon`, `ibkr`, `barchart`, ...); if None, all that make something of
            each.
        on: the date for which it is asked: a future's year of one digit depends on it.
        stated: what the provider itself calls them, e.g. `ETF`; this counts for more than the form of the text.

    Returns:
        Rows in the order of the symbols, one for each dialect: `text` as it was given; `dialect`; `kind`: crypto,
        stock, etf, index, fund, future, option, forex or unknown; `symbol` as the lake writes it, null where the text
        alone names no instrument; `exchange`, its code (ISO 10383) or the venue; `base` and `quote` of pairs; `root`,
        the product of a future or the stock of an option; `expiry`, `YYYY-MM` or `YYYY-MM-DD`; `contract`: perpetual,
        delivery or continuous; `currency` of prices (ISO 4217), and their `unit` in it, 0.01 of pence; `right` and
        `strike` of options; `figi`, where the text is that; `rule`, what decided. Of a text of which no dialect makes
        anything there is one row without a dialect.

    Raises:
        UsageError: there is no such dialect, or no kind that is called so; the text has the nearest names.

    Examples:
        >>> bcdata.classify(["VOD.L", "ESZ25"], "yahoo").select("kind", "exchange", "currency", "unit")
    """
    texts = arguments.symbols(symbols)
    if dialect is not None:
        arguments.text("dialect", dialect, "the name of a dialect, or None")
    if stated is not None and arguments.text("stated", stated, "a kind").strip().lower() not in STATED:
        raise UsageError(f"no kind is called {stated!r}; {choose(stated, STATED)}")
    day = None if on is None else instant(on).date()
    rows = [row for text in texts for row in _rows(text, dialect, day, stated)]
    return pl.DataFrame(rows, schema=CLASSIFIED)


def _rows(text: str, dialect: str | None, on: date | None, stated: str | None) -> Iterator[dict[str, object]]:
    found = False
    for name in known_dialects() if dialect is None else (dialect,):
        one = classified(text, name, stated=stated, on=on)
        if dialect is not None or one.kind != "unknown" or one.figi:
            found = True
            yield {"text": text, "dialect": name, **asdict(one)}
    if not found:
        yield {"text": text, **_NONE}
