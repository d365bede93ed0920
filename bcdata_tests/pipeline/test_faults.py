"""Faults of the archive: each ends in a retry, a verdict or quarantine, never in wrong or unreported bars."""

import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.pipeline.honest import assert_absent, assert_honest, bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, tree, utc
from bcdata_tests.world import BARS_BY_DAY, BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
BAD = DAYS[1]
ZIP = rf"/archive/.*BTCUSDT-1m-{BAD}\.zip$"
CHECKSUM = rf"/archive/.*BTCUSDT-1m-{BAD}\.zip\.CHECKSUM$"
LISTING = "/listing"


@pytest.fixture
def rows(world: World) -> dict[str, Rows]:
    """Three sound days in the archive and beyond REST."""
    made = {day: made_day(day) for day in DAYS}
    for day, rows in made.items():
        world.mirror.put_day("BTCUSDT", day, rows)
        world.truth.put_day("BTCUSDT", day, rows)
    return made  # type: ignore[return-value]


def run(world: World, *, catalog: str = BARS_BY_DAY, refill: bool = True) -> tuple[Lake, Ran]:
    lake = world.lake(catalog)
    return lake, lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=refill)


def assert_neighbours(lake: Lake, rows: dict[str, Rows]) -> None:
    for day in (DAYS[0], DAYS[2]):
        assert published(lake, "BTCUSDT", day) == bars_of(rows[day])


PASSING = [
    (ZIP, "reset", {"times": 2}),
    (ZIP, "stall", {"times": 1}),
    (ZIP, "truncate", {"times": 2}),
    (ZIP, "truncate_silently", {"times": 1}),
    (ZIP, "garbage", {"times": 1}),
    (ZIP, "latency", {"seconds": 0.1}),
    (ZIP, "status", {"status": 500, "times": 2}),
    (ZIP, "status", {"status": 503, "times": 2}),
    (ZIP, "status", {"status": 429, "times": 2, "retry_after": 0}),
    (CHECKSUM, "wrong_checksum", {"times": 1}),
    (CHECKSUM, "garbage", {"times": 1}),
    (CHECKSUM, "truncate_silently", {"times": 1}),
    (CHECKSUM, "status", {"status": 500, "times": 2}),
    (LISTING, "reset", {"times": 2}),
    (LISTING, "truncate", {"times": 2}),
    (LISTING, "status", {"status": 503, "times": 2}),
]


@pytest.mark.one_in(12, slow=4)
@pytest.mark.parametrize(("match", "kind", "settings"), PASSING)
def test_what_passes_by_is_ridden_out(
    world: World, rows: dict[str, Rows], match: str, kind: str, settings: dict[str, object]
) -> None:
    undisturbed = world.lake(BARS_BY_DAY, name="undisturbed")
    assert undisturbed.materialize(D, "BTCUSDT", DAYS[0], DAYS[2]).ok
    world.add(match, kind, **settings)
    lake, ran = run(world)
    assert ran.troubles == []
    assert tree(lake.root) == tree(undisturbed.root)
    assert_neighbours(lake, rows)


LASTING = [
    ("reset", {}),
    ("stall", {}),
    ("truncate", {}),
    ("status", {"status": 500}),
    ("status", {"status": 451}),
    ("status", {"status": 403}),
    ("status", {"status": 429, "retry_after": 60}),
]


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize(("kind", "settings"), LASTING)
def test_what_stays_fails_its_partition_with_a_cause(
    world: World, rows: dict[str, Rows], monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, object]
) -> None:
    monkeypatch.setenv("BCDATA_HTTP_ATTEMPTS", "2")
    monkeypatch.setenv("BCDATA_HTTP_READ_TIMEOUT", "0.3")
    fault = world.add(ZIP, kind, **settings)
    lake, ran = run(world)
    raw = ran.of(Zone.RAW, ARCHIVE)["BTCUSDT", BAD]
    assert raw.state is State.FAILED
    assert "\n" not in raw.verdict.summary()
    assert f"BTCUSDT-1m-{BAD}.zip" in raw.verdict.summary()
    assert not ran.of(Zone.MERGED)["BTCUSDT", BAD].ok
    assert_absent(lake, "BTCUSDT", BAD)
    if settings.get("status") == 429:
        return  # the whole host is spared for a minute
    assert_neighbours(lake, rows)
    world.exchange.remove(fault)
    _, later = run(world)
    assert later.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])


def test_a_ban_stops_all_callers_at_once(world: World, rows: dict[str, Rows]) -> None:
    world.add("/archive/", "status", status=418, retry_after=60)
    lake, ran = run(world, catalog=BY_DAY)
    failed = ran.of(Zone.RAW, ARCHIVE).values()
    assert {outcome.state for outcome in failed} == {State.FAILED}
    assert all("banned" in outcome.verdict.summary() for outcome in failed)
    before = len(world.asked("/archive/"))
    assert before <= 2 * len(rows), "those in flight, and no retry"
    run(world)
    assert len(world.asked("/archive/")) == before, "later runs do not ask either"
    for day in DAYS:
        assert_absent(lake, "BTCUSDT", day)


@pytest.mark.parametrize("kind", ["truncate_silently", "garbage"])
def test_bytes_that_stay_broken_are_quarantined_and_their_day_comes_from_rest(
    world: World, rows: dict[str, Rows], kind: str
) -> None:
    fault = world.add(ZIP, kind, flips=400) if kind == "garbage" else world.add(ZIP, kind)
    lake, ran = run(world)
    assert ran.rules(Zone.RAW, "BTCUSDT", BAD, ARCHIVE) == {"checksum_mismatch": 1}
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE).keys() <= {"unreadable", "content_matches_name"}
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])
    assert lake.ledger(D, "BTCUSDT", BAD).select("bars", "status").rows() == [(1440, "refilled")]
    assert_neighbours(lake, rows)
    world.exchange.remove(fault)
    _, later = run(world)
    assert later.ok, "bytes that never matched their CHECKSUM are asked for again"
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])
    assert lake.ledger(D, "BTCUSDT", BAD).is_empty()


def test_a_wrong_checksum_of_sound_content_is_a_warning(world: World, rows: dict[str, Rows]) -> None:
    world.add(CHECKSUM, "wrong_checksum")
    lake, ran = run(world)
    assert ran.troubles == []
    assert ran.rules(Zone.RAW, "BTCUSDT", BAD, ARCHIVE) == {"checksum_mismatch": 1}
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])


@pytest.mark.parametrize("unlisted", [True, False])
def test_a_day_that_is_not_there_is_filled_by_rest(world: World, rows: dict[str, Rows], *, unlisted: bool) -> None:
    world.add(ZIP.removesuffix("$"), "missing", unlisted=unlisted)
    lake, ran = run(world)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])
    assert lake.ledger(D, "BTCUSDT", BAD).select("bars", "status").rows() == [(1440, "refilled")]


@pytest.mark.parametrize("unlisted", [True, False])
def test_without_rest_a_day_that_is_not_there_is_open(world: World, rows: dict[str, Rows], *, unlisted: bool) -> None:
    fault = world.add(ZIP.removesuffix("$"), "missing", unlisted=unlisted)
    lake, ran = run(world, refill=False)
    assert ran.troubles == []
    ledger = assert_honest(lake, "BTCUSDT", BAD, rows[BAD])
    assert ledger.select("bars", "status").rows() == [(1440, "open")]
    world.exchange.remove(fault)
    run(world, refill=False)
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])


@pytest.mark.parametrize("refill", [True, False])
def test_half_a_day_is_published_with_its_other_half_in_the_ledger(
    world: World, rows: dict[str, Rows], *, refill: bool
) -> None:
    fault = world.add(ZIP, "half_day")
    lake, ran = run(world, refill=refill)
    assert ran.troubles == []
    ledger = assert_honest(lake, "BTCUSDT", BAD, rows[BAD])
    assert ledger.select("start", "end", "bars", "status").rows() == [
        (utc(f"{BAD}T12:00"), utc(f"{BAD}T23:59"), 720, "refilled" if refill else "open")
    ]
    world.exchange.remove(fault)
    run(world, refill=refill)
    assert published(lake, "BTCUSDT", BAD) == bars_of(rows[BAD])
    assert lake.ledger(D, "BTCUSDT", BAD).is_empty()
    assert_neighbours(lake, rows)


@pytest.mark.parametrize("kind", ["garbage", "truncate_silently"])
def test_a_listing_that_cannot_be_read_fails_and_loses_nothing(world: World, rows: dict[str, Rows], kind: str) -> None:
    lake, ran = run(world)
    assert ran.troubles == []
    before = tree(lake.root)
    world.add(LISTING, kind, flips=300) if kind == "garbage" else world.add(LISTING, kind)
    _, later = run(world)
    raw = later.of(Zone.RAW, ARCHIVE).values()
    assert {outcome.state for outcome in raw} == {State.FAILED}
    assert all("listing" in outcome.verdict.summary() for outcome in raw)
    assert tree(lake.root) == before
    assert_neighbours(lake, rows)
