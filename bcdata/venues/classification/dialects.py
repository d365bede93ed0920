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

_STATED: dict[str, Kind] = {
    "crypto": "crypto", "cryptocurrency": "crypto", "stock": "stock", "equity": "stock", "cs": "stock", "adrc": "stock",
    "common stock": "stock", "etf": "etf", "etp": "etf", "etn": "etf", "etv": "etf", "index": "index", "fund": "fund",
    "mutualfund": "fund", "mutual fund": "fund", "future": "future", "futures": "future", "fut": "future",
    "option": "option", "opt": "option", "forex": "forex", "currency": "forex", "fx": "forex", "cash": "forex",
    "ind": "index", "stk": "stock",
}  # fmt: skip
"""What providers call kinds, in small letters."""


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
    kind = _STATED.get(stated.strip().lower()) if stated else None
    if kind is None or kind == found.kind:
        return found
    return replace(found, kind=kind, rule=f"{dialect} calls it {stated}", symbol=found.symbol or text)


def _of(rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text)


def _marked(rule: str, quotes: frozenset[str] | None = None) -> Rule:
    return lambda text, _: pairs.marked(text, rule, quotes=quotes)


def _after(prefix: str, rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text.removeprefix(prefix)) if text.startswith(prefix) else None


def _before(suffix: str, rule: Callable[[str], Classified | None]) -> Rule:
    return lambda text, _: rule(text.removesuffix(suffix)) if text.endswith(suffix) else None


def _small(text: str) -> Classified | None:
    return pairs.joined(text.upper(), "a known quote ends it") if text.islower() or text.isdigit() else None


def _joined(text: str) -> Classified | None:
    return pairs.joined(text, "a known quote ends it")


def _currencies(text: str) -> Classified | None:
    return pairs.currencies(text, "two currencies")


def _of_markets(venue: str, markets: Sequence[Market]) -> Rule:
    def rule(text: str, on: date | None) -> Classified | None:
        del on
        return by_markets(text, venue, markets)

    return rule


_YAHOO_QUOTES = frozenset({*CURRENCIES, "USDT", "USDC", "BTC", "ETH"})
_AMERICAN, _INDEX, _OPTION, _FIGI = map(_of, (stocks.american, stocks.index, futures.option, futures.figi))
DIALECTS: Mapping[str, Iterable[Rule]] = {
    "plain": (_FIGI, _AMERICAN),
    "coinbase": (_marked("base-quote"),),
    "kraken": (_marked("base/quote"), _of(pairs.kraken)),
    "alpaca": (_OPTION, _marked("base/quote", _YAHOO_QUOTES), _AMERICAN),
    "polygon": (_INDEX, _OPTION, _after("X:", _joined), _after("C:", _currencies), _AMERICAN),
    "sec": (_AMERICAN,),
    "slash": (_AMERICAN,),
    "yahoo": (
        _INDEX, _of(futures.continuous), _before("=X", _currencies), _before("=X", pairs.forex_alone),
        _marked("base-quote", _YAHOO_QUOTES), _OPTION, _of(stocks.suffixed), _AMERICAN,
    ),
    "tiingo": (_of(_small), _AMERICAN),
    "fmp": (_INDEX, _of(stocks.suffixed), _of(_currencies), _of(_joined), _AMERICAN),
    "alpha_vantage": (_of(stocks.suffixed), _AMERICAN),
    "ibkr": (_marked("base.quote", CURRENCIES), _AMERICAN),
    "barchart": (_INDEX, *map(_of, (futures.cash, futures.continuous)), futures.contract, _AMERICAN),
    "cme": (futures.contract,),
    "pysystemtrade": (_of(futures.contract_month),),
    "occ": (_OPTION,),
}  # fmt: skip
"""Rules by who writes symbols so, in order: the first that fits decides."""
