"""A false `delisted` or `not_listed` heals by itself: what the universe learns later contradicts it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bcdata.healing.refill import with_refill
from bcdata.instruments.update import update
from bcdata.pipeline.context import open_own
from bcdata.pipeline.zones import Zone
from bcdata.reporting.ledgers import ledger_files, ledger_rows
from bcdata.store.store import Store
from bcdata_tests.dagster.healing import D, Ward, warded
from bcdata_tests.mirror import made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import utc

SENSOR, SYMBOL = "refill", "BBBUSDT"
DAYS = tuple(f"2025-01-0{n}" for n in range(1, 7))
NOW = utc("2025-01-07T12:00")
HOURS = timedelta(hours=1)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """The archive is late by four days, and exchangeInfo has forgotten the symbol: its tail is `delisted`."""
    with warded(tmp_path, now=NOW.isoformat()[:16]) as ward:
        for day in DAYS:
            ward.truth.put_day("AAAUSDT", day, made_day(day))
        for day in DAYS[:2]:
            ward.mirror.put_day(SYMBOL, day, made_day(day))
        assert ward.lake.materialize(D, SYMBOL, DAYS[0], DAYS[-1], until=Zone.MERGED).troubles == []
        assert statuses(ward) == {day: {"delisted"} for day in DAYS[2:]}
        learn(ward, NOW)
        yield ward


def learn(ward: Ward, now: datetime) -> None:
    """Moves the present instant, and lets the universe learn what there is by then."""
    ward.at(now)
    with open_own(ward.lake.catalog, now) as work:
        assert update(work, "spot").troubles == []


def statuses(ward: Ward, *days: str) -> dict[str, set[str]]:
    """Why bars are missing, or where they came from, by day."""
    found = {day: set(ward.lake.ledger(D, SYMBOL, day)["status"]) for day in days or DAYS}
    return {day: some for day, some in found.items() if some}


def told(ward: Ward) -> set[str | None]:
    """What `bcdata gaps` says of asking for the symbol's missing bars."""
    dataset = ward.lake.catalog[D]
    rows = ledger_rows(ledger_files(Store(ward.lake.root), dataset, symbols=[SYMBOL]))
    return set(with_refill(ward.lake.root, dataset, rows, rows, ward.lake.now)["refill"])


def test_nothing_is_asked_for_while_nothing_contradicts(ward: Ward) -> None:
    for days in range(0, 40, 8):
        learn(ward, NOW + timedelta(days=days))
        ward.exchange.clear()
        assert ward.heal(SENSOR) == set()
        assert ward.asked("") == 0
    assert told(ward) == {None}


@pytest.mark.slow
def test_a_symbol_that_the_exchange_lists_again_heals(ward: Ward) -> None:
    """The exchange is asked for a symbol's status once a day; the first request waits for that."""
    for day in DAYS:
        ward.truth.put_day(SYMBOL, day, made_day(day))
    learn(ward, NOW + 2 * HOURS)
    assert ward.heal(SENSOR) == set()
    assert told(ward) == {"contradicted, the exchange lists the symbol as trading"}
    ward.at(NOW + 24 * HOURS)
    assert ward.heal(SENSOR) == {(SYMBOL, day) for day in DAYS[2:]}
    for day in DAYS:
        assert published(ward.lake, SYMBOL, day) == bars_of(made_day(day))
    ward.at(NOW + 60 * HOURS)
    assert ward.heal(SENSOR) == set()


@pytest.mark.slow
def test_days_before_a_file_that_came_late_are_not_delisted(ward: Ward) -> None:
    """The symbol is gone for good, but only after a day whose file came weeks later."""
    ward.mirror.put_day(SYMBOL, DAYS[4], made_day(DAYS[4]))
    learn(ward, NOW + timedelta(days=20))
    assert ward.heal(SENSOR) == {(SYMBOL, day) for day in DAYS[2:4]}
    assert ward.lake.materialize(D, SYMBOL, DAYS[4], until=Zone.MERGED).troubles == []
    assert "delisted" not in set().union(*statuses(ward, *DAYS[2:5]).values())
    assert statuses(ward, DAYS[5]) == {DAYS[5]: {"delisted"}}


@pytest.mark.slow
def test_days_after_an_earlier_first_file_are_not_unlisted(ward: Ward) -> None:
    """The first file begins inside its day, which proves a listing, until an earlier one comes."""
    ward.mirror.put_day("CCCUSDT", DAYS[3], made_day(DAYS[3])[60:])
    ward.truth.put_day("CCCUSDT", DAYS[3], made_day(DAYS[3])[60:])
    assert ward.lake.materialize(D, "CCCUSDT", DAYS[2], DAYS[3], until=Zone.MERGED).troubles == []
    assert ward.lake.ledger(D, "CCCUSDT", *DAYS[2:4])["status"].to_list() == ["not_listed"] * 2
    learn(ward, NOW + HOURS)
    assert ward.heal(SENSOR) == set()
    for mirror in (ward.mirror, ward.truth):
        mirror.put_day("CCCUSDT", DAYS[1], made_day(DAYS[1]))
    learn(ward, NOW + 2 * HOURS)
    assert ward.heal(SENSOR) == {("CCCUSDT", day) for day in DAYS[2:4]}
    assert "not_listed" not in set(ward.lake.ledger(D, "CCCUSDT", *DAYS[2:4])["status"])


@pytest.mark.slow
def test_a_label_that_stays_is_asked_for_ever_more_rarely_and_given_up(ward: Ward) -> None:
    """The universe says that the symbol trades, and is not kept up to date any more."""
    for day in DAYS:
        ward.truth.put_day(SYMBOL, day, made_day(day))
    learn(ward, NOW + HOURS)
    for day in DAYS:
        ward.truth.remove(f"data/spot/daily/klines/{SYMBOL}/1m/{SYMBOL}-1m-{day}.zip")
    (ward.truth.root / f"data/spot/daily/klines/{SYMBOL}/1m").rmdir()
    (ward.truth.root / f"data/spot/daily/klines/{SYMBOL}").rmdir()
    asked = []
    for days in range(1, 60, 3):
        ward.at(NOW + timedelta(days=days))
        if ward.heal(SENSOR):
            asked.append(days)
    assert len(asked) == 8
    assert statuses(ward) == {day: {"delisted"} for day in DAYS[2:]}
