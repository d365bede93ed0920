"""What contradicts a settled row of a ledger, and what does not although it looks so."""

from datetime import date

import polars as pl
import pytest

from bcdata.catalog import Dataset
from bcdata.healing.contradicted import ListingSpan, contradiction_of, listing_spans
from bcdata.instruments.table import UNIVERSE


def dataset(market: str = "spot") -> Dataset:
    entry = {"grain": "month", "start": "2020-01", "symbols": ["AAAUSDT"], "sources": ["binance_archive"]}
    return Dataset.model_validate({"name": f"{market}_klines_1m", **entry})


def life(status: str, first: str | None = "2023-01-05", last: str | None = "2023-05-10") -> ListingSpan:
    return ListingSpan(status, *(date.fromisoformat(day) if day else None for day in (first, last)))


def row(status: str, start: str = "2023-05-10T03:00", end: str = "2023-05-31T23:59") -> tuple[str, str, int, str]:
    return (f"{start}:00+00:00", f"{end}:00+00:00", 1, status)


DELISTED = row("delisted")
BEFORE = row("not_listed", "2023-01-01T00:00", "2023-01-05T09:29")


@pytest.mark.parametrize(
    ("told", "known", "words"),
    [
        (DELISTED, life("trading"), "the exchange lists the symbol as trading"),
        (DELISTED, life("trading", last=None), "the exchange lists the symbol as trading"),
        (DELISTED, life("delisted", last="2023-05-11"), "the archive has a file of 2023-05-11"),
        (DELISTED, life("delisted", last="2023-06-30"), "the archive has a file of 2023-06-30"),
        (BEFORE, life("trading", first="2023-01-04"), "the archive has a file of 2023-01-04"),
        (BEFORE, life("trading", first="2022-12-01"), "the archive has a file of 2022-12-01"),
        (row("not_listed", "2023-01-04T00:00", "2023-01-04T23:59"), life("trading", first="2023-01-04"), "the archive"),
    ],
)
def test_what_contradicts_a_row(told: tuple[str, str, int, str], known: ListingSpan, words: str) -> None:
    assert (contradiction_of(dataset(), told, known) or "").startswith(words)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (DELISTED, None),
        (DELISTED, life("delisted")),
        (DELISTED, life("break", last=None)),
        (row("delisted", "2023-05-11T00:00"), life("delisted")),
        (DELISTED, life("delisted", last="2023-05-31")),
        (BEFORE, life("trading")),
        (BEFORE, life("trading", first=None)),
        (BEFORE, life("trading", first="2023-01-01")),
        (row("not_listed", "2023-01-04T00:00", "2023-01-04T23:59"), life("trading")),
        (row("upstream"), life("trading", first="2020-01-01", last=None)),
        (row("quarantined"), life("trading", first="2020-01-01", last=None)),
    ],
    ids=[
        "unknown", "over", "suspended", "a day after", "a month's file", "listed that day", "no file", "a month's file",
        "the day before", "an outage", "a bad row",
    ],
)  # fmt: skip
def test_what_does_not(told: tuple[str, str, int, str], known: ListingSpan | None) -> None:
    assert contradiction_of(dataset(), told, known) is None


def test_settlements_before_a_listing_may_be_doubted_too() -> None:
    months = dataset().model_copy(update={"name": "um_funding"})
    before = row("not_listed", "2023-03-01T00:00", "2023-03-23T08:00")
    assert contradiction_of(months, before, life("trading", first="2023-03-23")) is None
    assert (contradiction_of(months, before, life("trading", first="2023-02-10")) or "").startswith(
        "the archive has a file"
    )


def test_files_of_contracts_go_on_after_a_delisting() -> None:
    assert contradiction_of(dataset("um"), DELISTED, life("delisted", last="2023-07-01")) is None
    assert contradiction_of(dataset("um"), DELISTED, life("trading", last="2023-07-01")) is not None


def test_lives_are_read_from_the_universe() -> None:
    known = {"symbol": "AAAUSDT", "status": "trading", "first_seen": date(2023, 1, 5), "last_seen": None}
    empty = dict.fromkeys(UNIVERSE.names())
    assert listing_spans(pl.DataFrame([{**empty, **known}], schema=UNIVERSE)) == {"AAAUSDT": life("trading", last=None)}


def test_the_time_between_two_instruments_of_a_ticker_is_not_doubted() -> None:
    days = [("delisted", date(2022, 1, 1), date(2022, 5, 13)), ("trading", date(2022, 5, 31), None)]
    empty = dict.fromkeys(UNIVERSE.names())
    rows = [{**empty, "symbol": "AAAUSDT", "status": s, "first_seen": a, "last_seen": b} for s, a, b in days]
    known = listing_spans(pl.DataFrame(rows, schema=UNIVERSE))["AAAUSDT"]
    assert (known.status, known.first_seen, known.last_seen) == ("trading", date(2022, 1, 1), None)
    between = row("delisted", "2022-05-13T03:00", "2022-05-31T05:59")
    assert contradiction_of(dataset(), between, known) is None
    assert contradiction_of(dataset(), row("delisted", "2022-05-12T03:00", "2022-05-31T05:59"), known)
    assert contradiction_of(dataset(), row("delisted", "2022-06-01T00:00", "2022-06-01T05:59"), known)
