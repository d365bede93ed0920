"""The universe table: which instruments a market has had, since when, until when, and when that was learnt. Pure.

Valid time is `first_seen` to `last_seen`, the days of the archive's first and last object; known time is `known_from`.
A row is never changed: what is learnt later is a new row, so that `as_of` reads what was known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from bcdata.frames.schema import TIME, schema_of
from bcdata.providers.registry import MARKETS
from bcdata.providers.roles import SymbolInfo

UNIVERSE_IS_LOST = (
    "restore it from a backup, or delete it and its manifest under .lake/manifests/universe: it is then learnt again,"
    " but for what was known when"
)
"""What there is to do where its file is damaged."""
UNIVERSE = schema_of(
    {
        "instrument_id": pl.String,
        "symbol": pl.String,
        "use": pl.Int64,
        "market": pl.String,
        "contract": pl.String,
        "first_seen": pl.Date,
        "last_seen": pl.Date,
        "status": pl.String,
        "status_source": pl.String,
        "renamed_from": pl.String,
        "evidence": pl.String,
        "known_from": TIME,
    }
)
"""What was known of a symbol from an instant on. `last_seen` is null while objects still come, `first_seen` while there
are none. Rows of one `instrument_id` are one instrument, whatever its symbol. `use` numbers the instruments of a
symbol, from 1 on in the order of time: mostly there is one."""

TRADING, PENDING, SUSPENDED, SETTLING = "trading", "pending", "break", "settling"
SETTLED, DELISTED, UNKNOWN = "settled", "delisted", "unknown"
STATUSES = (PENDING, TRADING, SUSPENDED, SETTLING, SETTLED, DELISTED, UNKNOWN)

_BY_WORD = {
    "TRADING": TRADING,
    "PENDING_TRADING": PENDING,
    "PRE_TRADING": PENDING,
    "PRE_SETTLE": SETTLING,
    "SETTLING": SETTLING,
    "PRE_DELIVERING": SETTLING,
    "DELIVERING": SETTLING,
    "DELIVERED": SETTLED,
    "CLOSE": DELISTED,
}
"""exchangeInfo's words; all others (BREAK, HALT, ...) say that nothing is traded now."""
_FACTS = ("instrument_id", "first_seen", "last_seen", "status", "status_source", "renamed_from")
"""What makes a new row if it changes; evidence is only words about it."""
Row = dict[str, Any]
Use = tuple[str, int]
"""A symbol, and which of its instruments."""


@dataclass(frozen=True, slots=True)
class ObservedSymbol:
    """What is seen of a symbol now. A status of None is no news."""

    symbol: str
    first_seen: date | None
    last_seen: date | None
    status: str | None
    source: str = ""
    evidence: str = ""
    use: int = 1
    instrument_id: str | None = None
    """Where somebody states it; None where it follows from what was known before, or from the symbol."""
    contract: str | None = None
    """None where the name of the symbol tells it."""


@dataclass(frozen=True, slots=True)
class Rename:
    """That an instrument goes on under another symbol, and how that is known.

    Which uses of both symbols are meant; None for the last one.
    """

    old: str
    new: str
    evidence: str
    old_use: int | None = None
    new_use: int | None = None


def contract_of(symbol: str, market: str) -> str:
    """`spot`, `perpetual`, `delivery` or `settled`, as the symbol is written."""
    written = MARKETS[market].split(symbol).contract
    return written if MARKETS[market].is_perpetual else "spot"


def judge_status(
    symbol: str, market: str, info: SymbolInfo | None, last_seen: date | None, now: datetime
) -> tuple[str, str, str]:
    """Status, its source and the evidence, where the exchange has said which symbols it has.

    Args:
        symbol: the symbol.
        market: its market.
        info: what exchangeInfo says of it; None where it does not list it.
        last_seen: the day of the archive's last object; None while objects still come.
        now: the present instant (UTC).
    """
    contract = contract_of(symbol, market)
    ended = f"the archive's last object is of {last_seen}" if last_seen else "the archive's objects still come"
    if contract == "settled":
        return SETTLED, "name", "the exchange settled the contract and gave its files this name"
    over = SETTLED if contract == "delivery" else DELISTED
    if info is None:
        status = over if last_seen else UNKNOWN
        return status, "exchange_info, archive", f"exchangeInfo does not list it; {ended}"
    if info.delivery_date and info.delivery_date <= now and info.status != "TRADING" and last_seen:
        return over, "exchange_info, archive", f"delivered {info.delivery_date:%Y-%m-%d %H:%M}; {ended}"
    status = _BY_WORD.get(info.status, SUSPENDED)
    if status == SUSPENDED and last_seen:
        return over, "exchange_info, archive", f"exchangeInfo says {info.status}; {ended}"
    return status, "exchange_info", f"exchangeInfo says {info.status}"


def latest(table: pl.DataFrame) -> dict[str, Row]:
    """The last row of each symbol: of a ticker that was used again, that of the instrument which has it now."""
    return {row["symbol"]: row for row in table.iter_rows(named=True)}


def instruments(table: pl.DataFrame) -> dict[Use, Row]:
    """The last row of each instrument, by symbol and use."""
    return {(row["symbol"], row["use"]): row for row in table.iter_rows(named=True)}


def as_of(table: pl.DataFrame, instant: datetime | None = None) -> pl.DataFrame:
    """What was known at an instant (UTC; by now, if not given): one row an instrument, by symbol and time."""
    known = table if instant is None else table.filter(pl.col("known_from") <= instant)
    return known.unique(["symbol", "use"], keep="last", maintain_order=True)


def migrate(table: pl.DataFrame) -> pl.DataFrame:
    """A table as earlier versions wrote it, with the columns of this one: they knew one instrument a symbol."""
    return table if "use" in table.columns else table.with_columns(use=pl.lit(1, pl.Int64)).select(UNIVERSE.names())


def revise(
    table: pl.DataFrame, market: str, observed: Iterable[ObservedSymbol], renames: Sequence[Rename], now: datetime
) -> pl.DataFrame:
    """The table with a new row for each symbol of which a fact has changed; what was known stays as it is.

    Args:
        table: a frame of `UNIVERSE`, by symbol, use and `known_from`.
        market: the market of all of these.
        observed: what is seen now; symbols that are not among these are no news.
        renames: pairs of symbols found to be one instrument, both in the table or observed.
        now: the present instant (UTC), from which the new rows are known.
    """
    before = instruments(table)
    known = dict(before)
    for one in observed:
        known[one.symbol, one.use] = _observed(one, market, before.get((one.symbol, one.use)))
    last = {symbol: (symbol, use) for symbol, use in sorted(known)}
    for rename in renames:
        words = {"renamed_from": rename.old, "evidence": rename.evidence}
        old = (rename.old, rename.old_use) if rename.old_use else last[rename.old]
        goes_on = (rename.new, rename.new_use) if rename.new_use else last[rename.new]
        known[goes_on] = known[goes_on] | {"instrument_id": known[old]["instrument_id"]} | words
    new = [
        {**row, "known_from": max(now, before[use]["known_from"]) if use in before else now}
        for use, row in known.items()
        if use not in before or any(row[fact] != before[use][fact] for fact in _FACTS)
    ]
    added = pl.DataFrame(new, schema=UNIVERSE, orient="row")
    return pl.concat([table, added]).sort("symbol", "use", "known_from", maintain_order=True)


def _observed(one: ObservedSymbol, market: str, before: Mapping[str, Any] | None) -> Row:
    """A row of what is seen, on top of what was known before."""
    first = one.first_seen or (before["first_seen"] if before else None)
    row: Row = {
        "instrument_id": one.instrument_id
        or (before["instrument_id"] if before else ":".join(filter(None, (market, one.symbol, str(first or ""))))),
        "symbol": one.symbol,
        "use": one.use,
        "market": market,
        "contract": one.contract or contract_of(one.symbol, market),
        "first_seen": first,
        "last_seen": one.last_seen,
        "status": one.status or (before["status"] if before else UNKNOWN),
        "status_source": one.source if one.status else (before["status_source"] if before else "archive"),
        "renamed_from": before["renamed_from"] if before else None,
        "evidence": one.evidence or (before["evidence"] if before else ""),
        "known_from": None,
    }
    return row
