"""Symbols of a venue by its own markets: the quotes that end them, and what names the kind of contract."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bcdata.venues.classification import pairs
from bcdata.venues.classification.kinds import DATED, Classified, delivery_day
from bcdata.venues.market import Market

_DAY = re.compile(r".*_(\d{6})", re.ASCII)


def by_markets(text: str, venue: str, markets: Sequence[Market]) -> Classified | None:
    """`BTCUSDT`, and contracts: `BTCUSDT_240329`, `BTCUSD_PERP`.

    The first market has the pairs without a suffix; where it has no such pair, what contracts are priced in decides.
    """
    stem, kind = markets[0].suffix(text)
    contracts = tuple(quote for one in markets if one.is_perpetual for quote in one.quotes)
    found = (pairs.joined(stem, markets[0].quotes) if stem == text else None) or pairs.joined(stem, contracts)
    if found is None:
        return None
    found = replace(found, symbol=text, exchange=venue)
    if stem == text:
        return found
    if kind == "delivery" and (day := _DAY.fullmatch(text)):
        expiry = delivery_day(day[1])
        return replace(found, kind="future", rule=DATED, contract="delivery", expiry=expiry) if expiry else None
    return replace(found, rule="a mark of perpetuals after the pair", contract="perpetual")
