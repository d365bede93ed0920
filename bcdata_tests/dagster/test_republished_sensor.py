"""What the archive publishes again or late is fetched, and just what depends on it is rebuilt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.errors import BcdataError
from bcdata.pipeline.outcome import State
from bcdata.store.state.requests import Requests
from bcdata_tests.dagster.healing import WITH_FEATURES, D, Ward, cells, warded
from bcdata_tests.mirror import csv_of, day_key, made_day, zipped
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import utc
from bcdata_tests.world import copied

pytestmark = pytest.mark.slow
DAYS = ("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
AGAIN = ("BBBUSDT", DAYS[1])
SENSOR = "republished"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of two symbols, whole and materialized; the archive lacks the last day of one of them."""
    folder = tmp_path_factory.mktemp("made")
    with warded(folder, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        for symbol in ("AAAUSDT", "BBBUSDT"):
            for day in DAYS:
                if (symbol, day) != ("AAAUSDT", DAYS[3]):
                    ward.mirror.put_day(symbol, day, made_day(day))
        assert ward.lake.materialize(D, "AAAUSDT,BBBUSDT", DAYS[0], DAYS[3], refill=False).ok
    return folder


@pytest.fixture
def ward(made: Path, tmp_path: Path) -> Iterator[Ward]:
    for name in ("archive", "lake"):
        copied(made / name, tmp_path / name)
    with warded(tmp_path, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        yield ward


def republish(ward: Ward, symbol: str, day: str, *, price: int = 200, when: str = "2025-02-01") -> None:
    body = zipped(f"{symbol}-1m-{day}.csv", csv_of(made_day(day, price=price)))
    ward.add(rf"/archive/{day_key(symbol, day)}$", "republish", body=body, last_modified=utc(when))


def test_nothing_new_asks_for_nothing_and_downloads_nothing(ward: Ward) -> None:
    ward.exchange.clear()
    requests, skipped = ward.tick(SENSOR)
    assert requests == []
    assert skipped == f"{D}: 0 partitions of 3 symbols have other objects in the archive; none is due"
    assert ward.asked("/archive/") == 0
    assert ward.asked("/listing") == 4, "two symbols, days and months"


def test_a_changed_object_is_fetched_and_what_depends_on_it_made_anew(ward: Ward) -> None:
    republish(ward, *AGAIN)
    [request], _ = ward.tick(SENSOR)
    assert cells(request) == [AGAIN]
    result = ward.execute(request)
    assert result.success
    told = {
        (event.asset_key.path[0], event.partition)
        for event in (one.event_specific_data.materialization for one in result.get_asset_materialization_events())
        if event.metadata["state"].value == State.PUBLISHED
    }
    merged = {(zone, f"{AGAIN[1]}|BBBUSDT") for zone in ("raw", "parsed", "merged")}
    features = {("features", f"{day}|BBBUSDT") for day in DAYS[1:4]}
    profiles = {("seasonality", f"{day}|BBBUSDT") for day in DAYS[1:]}
    assert {one for one in told if one[0] != "reports"} == merged | features | profiles, "warm-up is a day and a bar"
    assert published(ward.lake, *AGAIN) == bars_of(made_day(AGAIN[1], price=200))
    assert ward.tick(SENSOR)[0] == []


def test_a_day_that_came_late_is_fetched(ward: Ward) -> None:
    ward.mirror.put_day("AAAUSDT", DAYS[3], made_day(DAYS[3]))
    assert ward.heal(SENSOR) == {("AAAUSDT", DAYS[3])}
    assert published(ward.lake, "AAAUSDT", DAYS[3]) == bars_of(made_day(DAYS[3]))


def test_a_new_checksum_alone_is_news_too(ward: Ward) -> None:
    body = (ward.mirror.root / day_key(*AGAIN)).read_bytes()
    path = ward.mirror.put(day_key(*AGAIN), body, checksum="0" * 64)
    assert path.exists()
    ward.add(rf"/archive/{day_key(*AGAIN)}$", "republish", body=body, last_modified=utc("2025-02-01"))
    assert ward.heal(SENSOR) == {AGAIN}
    assert published(ward.lake, *AGAIN) == bars_of(made_day(AGAIN[1]))


def test_what_cannot_be_fetched_is_asked_for_later_and_anew_when_it_changes_again(ward: Ward) -> None:
    republish(ward, *AGAIN)
    down = ward.add(r"/archive/.*\.zip$", "status", status=503)
    assert ward.heal(SENSOR, succeeds=False) == {AGAIN}
    assert ward.heal(SENSOR) == set(), "not before an hour has passed"
    ward.at("2025-03-01T02:00")
    assert ward.heal(SENSOR, succeeds=False) == {AGAIN}
    assert ward.heal(SENSOR) == set()
    ward.exchange.remove(down)
    republish(ward, *AGAIN, price=300, when="2025-02-20")
    assert ward.heal(SENSOR) == {AGAIN}


def test_a_listing_that_cannot_be_had_fails_the_tick_and_keeps_its_place(ward: Ward) -> None:
    """ "Nothing new" would be a lie."""
    ward.add("/listing", "status", status=500)
    ward.cursors[SENSOR] = "AAAUSDT"
    with pytest.raises(BcdataError, match="the server failed with 500"):
        ward.tick(SENSOR)
    assert ward.cursors[SENSOR] == "AAAUSDT"


def test_it_reopens_what_was_given_up(ward: Ward) -> None:
    requests = Requests(ward.lake.root)
    requests.note("refill", D, {AGAIN: "hole", ("AAAUSDT", DAYS[0]): "hole"}, ward.lake.now)
    republish(ward, *AGAIN)
    ward.heal(SENSOR)
    assert set(requests.of("refill", D)) == {("AAAUSDT", DAYS[0])}
