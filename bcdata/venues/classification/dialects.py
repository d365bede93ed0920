"""Which rules hold for the symbols of a provider, in which order, and what its own metadata says before them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.venues.classification import futures, pairs, stocks
from bcdata.venues.classification.kinds import CURRENCIES, Classified, Kind
from bcdata.venues.classification.venue_pairs import by_markets
from bcdata.venues.market import Market

Rule = Callable[[str, date | None], Classified | None]

STATED: dict[str, Kind] = {
    "crypto": "crypto", "cryptocurrency": "crypto", "stock": "stock", "equity": "stock", "cs": "stock", "adrc": "stock",
    "common stock": "stock", "etf": "etf", "etp": "etf", "etn": "etf", "etv": "etf", "index": "index", "fund": "fund",
    "mutualfund": "fund", "mutual fund": "fund", "future": "future", "futures": "future", "fut": "future",
    "option": "option", "opt": "option", "forex": "forex", "currency": "forex", "fx": "forex", "cash": "forex",
    "ind": "index", "stk": "stock", "stocks": "stock", "options": "option", "indices": "index", "pfd": "stock",
    "adrp": "stock", "os": "stock", "gdr": "stock", "nyrs": "stock", "ets": "etf",
}  # fmt: skip
"""What providers call kinds, in small letters."""
_ON_EXCHANGES = {"stock", "etf", "fund", "index"}
"""Kinds whose symbols have the same form: exchange and currency hold whichever it is."""


def classify(
    text: str, dialect: str, *, stated: str | None = None, on: date | None = None, markets: Sequence[Market] = ()
) -> Classified:
    """What a symbol is, as the provider of this dialect writes it.

    Args:
        text: the symbol.
        dialect: who writes it so, one of `DIALECTS`, or a name for the venue whose markets are given.
        stated: what the provider itself calls it, e.g. `ETF`; this counts for more than the form of the text.
        on: the date for which it is asked: a future's year of one digit depends on it.
        markets: of a venue that has no dialect here: their quotes and suffixes decide.

    Raises:
        UsageError: there is no such dialect.
    """
    rules = DIALECTS.get(dialect) or ((_of_markets(dialect, markets),) if markets else None)
    if rules is None:
        raise UsageError(f"there is no dialect {dialect!r}; {choose(dialect, DIALECTS)}")
    found = next((one for rule in rules if (one := rule(text, on)) is not None), None)
    found = found or Classified("unknown", f"no rule of {dialect} fits")
    kind = STATED.get(stated.strip().lower()) if stated else None
    if kind is None or kind == found.kind:
        return found
    rule = f"{dialect} calls it {stated}"
    if found.figi or {kind, found.kind} <= _ON_EXCHANGES:
        return replace(found, kind=kind, rule=rule)
    return Classified(kind, rule, text)  # the form of the text misled: what it says besides is not believed either


def _of(rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text)


def _pair(mark: str, quotes: frozenset[str] | None = None) -> Rule:
    return lambda text, _: pairs.marked(text, mark, quotes=quotes)


def _share(marks: str) -> Rule:
    return lambda text, _: stocks.american(text, marks)


def _after(prefix: str, rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text.removeprefix(prefix)) if text.startswith(prefix) else None


def _before(suffix: str, rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text.removesuffix(suffix)) if text.endswith(suffix) else None


def _in_any_case(*rules: Rule) -> Iterable[Rule]:
    """Rules for capitals, of a provider who writes small letters as well."""
    return tuple(lambda text, on, rule=one: rule(text.upper(), on) for one in rules)


def _of_markets(venue: str, markets: Sequence[Market]) -> Rule:
    def rule(text: str, on: date | None) -> Classified | None:
        del on
        return by_markets(text, venue, markets)

    return rule


_QUOTES = frozenset({*CURRENCIES, "USDT", "USDC", "BTC", "ETH"})
"""What pairs are priced in by those who also write shares with that mark."""
_INDEX, _OPTION, _FIGI, _BESIDE = map(_of, (stocks.index, futures.option, futures.figi, pairs.beside_tickers))
_SUFFIXED, _CURRENCIES = map(_of, (stocks.suffixed, pairs.currencies))
DIALECTS: Mapping[str, Iterable[Rule]] = {
    "plain": (_FIGI, _share(stocks.MARKS)),
    "coinbase": (_pair("-"),),
    "kraken": (_pair("/"), _pair(":"), *map(_of, (pairs.kraken_futures, pairs.kraken))),
    "alpaca": (_OPTION, _pair("/", _QUOTES), _of(pairs.perpetual), _share(".")),
    "polygon": (
        _INDEX, _OPTION, _after("X:", pairs.joined), _after("C:", pairs.currencies),
        _pair("/", CURRENCIES), _pair("-", _QUOTES), _share("."),
    ),
    "sec": (_share(".-"),),
    "slash": (_share("/"),),
    "yahoo": (
        _INDEX, *map(_of, (futures.continuous, futures.listed)), _before("=X", pairs.currencies),
        _before("=X", pairs.forex_alone), _pair("-", _QUOTES), _OPTION, _SUFFIXED, _share("-"),
    ),
    "tiingo": _in_any_case(_BESIDE, _share("-")),
    "fmp": (_INDEX, _SUFFIXED, _CURRENCIES, _BESIDE, _share("-")),
    "alpha_vantage": (_of(stocks.suffixed_by_alpha_vantage), _share(".-")),
    "ibkr": (_pair(".", CURRENCIES), _share(" ")),
    "barchart": (_INDEX, *map(_of, (futures.cash, futures.continuous)), futures.contract, _share(".")),
    "cme": (futures.contract,),
    "pysystemtrade": (_of(futures.contract_month),),
    "occ": (_OPTION,),
}  # fmt: skip
"""Rules by who writes symbols so, in order: the first that fits decides."""
