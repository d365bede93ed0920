"""Symbols of a venue by its own markets: the quotes that end them, and what names the kind of contract."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bcdata.venues.classification import pairs
from bcdata.venues.classification.kinds import Classified
from bcdata.venues.market import Market

_DAY = re.compile(r".*_(\d\d)(\d\d)(\d\d)", re.ASCII)


def by_markets(text: str, venue: str, markets: Sequence[Market]) -> Classified | None:
    """`BTCUSDT`, and contracts: `BTCUSDT_240329`, `BTCUSD_PERP`. The first market has the pairs without a suffix."""
    stem, kind = markets[0].suffix(text)
    contracts = tuple(quote for one in markets if one.is_perpetual for quote in one.quotes)
    found = pairs.joined(stem, "a known quote ends it", markets[0].quotes if stem == text else contracts)
    if found is None:
        return None
    found = replace(found, symbol=text, exchange=venue)
    if stem == text:
        return found
    if kind == "delivery" and (day := _DAY.fullmatch(text)):
        expiry = f"20{day[1]}-{day[2]}-{day[3]}"
        return replace(found, kind="future", rule="a date after the pair", contract="delivery", expiry=expiry)
    return replace(found, rule="a mark of perpetuals after the pair", contract="perpetual")
