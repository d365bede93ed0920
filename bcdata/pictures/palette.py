"""What each status looks like: one colour a reason, told apart also by people who do not see red and green."""

from typing import NamedTuple


class Swatch(NamedTuple):
    """A colour and the words that the legend gives it."""

    colour: str
    words: str


COMPLETE = Swatch("#cfe0ee", "complete")
ABSENT = Swatch("#ffffff", "never materialized")

# Okabe and Ito 2008, from what asks for action to what is settled: in this order a status decides a cell's colour.
STATUSES = {
    "open": Swatch("#d55e00", "open: unknown so far"),
    "quarantined": Swatch("#cc79a7", "quarantined: a row came and did not pass"),
    "not_published": Swatch("#f0e442", "not published yet"),
    "upstream": Swatch("#009e73", "upstream: the exchange has nothing"),
    "no_trades": Swatch("#b8e0d2", "nothing was traded"),
    "delisted": Swatch("#6e7781", "delisted"),
    "not_listed": Swatch("#d0d7de", "not listed yet"),
    "refilled": Swatch("#56b4e9", "complete: filled from another source"),
}
