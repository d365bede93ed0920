"""What each status looks like: one colour a reason, told apart also by people who do not see red and green."""

from typing import NamedTuple


class Look(NamedTuple):
    """A colour and the words that the legend gives it."""

    colour: str
    words: str


COMPLETE = Look("#cfe0ee", "complete")
ABSENT = Look("#ffffff", "never materialized")

# Okabe and Ito 2008, from what asks for action to what is settled: in this order a status decides a cell's colour.
STATUSES = {
    "open": Look("#d55e00", "open: unknown so far"),
    "quarantined": Look("#cc79a7", "quarantined: a row came and did not pass"),
    "not_published": Look("#f0e442", "not published yet"),
    "upstream": Look("#009e73", "upstream: the exchange has nothing"),
    "no_trades": Look("#b8e0d2", "nothing was traded"),
    "delisted": Look("#6e7781", "delisted"),
    "not_listed": Look("#d0d7de", "not listed yet"),
    "refilled": Look("#56b4e9", "complete: filled from another source"),
}
