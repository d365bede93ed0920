"""When missing bars are asked for: what may come and when, back-off, giving up, and beginning anew."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Dataset
from bcdata.healing.backoff import MOST_TRIES, pause
from bcdata.healing.refill import ASK_AGAIN, LONGEST_OUTAGE, Refill, stand
from bcdata.ledger.ledger import Status
from bcdata.pipeline.records.footer_cache import Row
from bcdata.store.state.attempts import RefillAttempt, Refilled
from bcdata.store.state.requests import Request

DATASET = Dataset.model_validate(
    {"name": "spot_klines_1m", "grain": "month", "start": "2020-01", "symbols": ["AAAUSDT"]}
    | {"sources": ["binance_archive", "binance_rest"]}
)
NOW = datetime(2025, 6, 1, tzinfo=UTC)
statuses = st.sampled_from(list(Status))
outcomes = st.sampled_from(list(Refilled))
some_tries = st.integers(1, 30)
ages = st.timedeltas(timedelta(0), timedelta(days=40))


def row(status: str, start: str = "2025-01-02T10:00:00+00:00", bars: int = 5) -> Row:
    end = datetime.fromisoformat(start) + timedelta(minutes=bars - 1)
    return (start, end.isoformat(), bars, status)


def stands(
    rows: list[Row], request: Request | None = None, asked: RefillAttempt | None = None, now: datetime = NOW
) -> Refill:
    found = stand(DATASET, rows, request=request, asked=asked, now=now)
    assert found is not None
    return found


CAUSE = stands([row("open")]).cause


@given(st.lists(statuses, max_size=4), outcomes | st.none(), ages)
def test_what_is_settled_is_never_asked_for(kinds: list[Status], outcome: Refilled | None, age: timedelta) -> None:
    asked = RefillAttempt(NOW - age, outcome, 1, 1) if outcome else None
    rows = [row(kind, f"2025-01-0{at + 1}T00:00:00+00:00") for at, kind in enumerate(kinds)]
    found = stand(DATASET, rows, request=None, asked=asked, now=NOW)
    may_come = {Status.OPEN, Status.NOT_PUBLISHED}
    if outcome in {None, Refilled.UNANSWERED}:
        may_come.add(Status.QUARANTINED)
    expected = sum(one[2] for one in rows if one[3] in may_come)
    assert (found.bars if found else 0) == expected
    assert found is None or found.due == NOW, "nobody has asked yet"


def test_what_is_not_due_waits_unless_rest_was_down() -> None:
    rows = [row("not_published", "2025-01-20T00:00:00+00:00")]
    early = datetime(2025, 1, 21, 12, tzinfo=UTC)
    assert stand(DATASET, rows, request=None, asked=None, now=early) is None
    down = RefillAttempt(early - timedelta(hours=5), Refilled.UNANSWERED, 1, 0)
    assert stands(rows, asked=down, now=early).due == early
    late = datetime(2025, 1, 22, 12, tzinfo=UTC)
    assert stands(rows, now=late).due == late


@given(some_tries, ages)
def test_while_rest_is_down_it_is_never_given_up(tries: int, age: timedelta) -> None:
    request = Request(NOW - age, tries, CAUSE)
    found = stands([row("open")], request, RefillAttempt(NOW - age, Refilled.UNANSWERED, tries, 0))
    assert not found.gave_up
    assert found.due == request.at + min(pause(tries), LONGEST_OUTAGE)


@given(some_tries, st.integers(0, 30), ages)
def test_answers_that_tell_nothing_lead_to_giving_up_and_outages_do_not_count(
    tries: int, unanswered: int, age: timedelta
) -> None:
    asked = RefillAttempt(NOW - age, Refilled.EMPTY, tries, max(0, tries - unanswered))
    found = stands([row("open")], Request(NOW - age, tries, CAUSE), asked)
    in_vain = max(0, tries - unanswered)
    assert found.gave_up == (in_vain >= MOST_TRIES)
    if found.due is not None:
        assert found.due >= asked.at + ASK_AGAIN, "REST is not asked for the same twice a day"
        assert found.due == max(NOW - age + pause(max(1, in_vain)), asked.at + ASK_AGAIN)
    else:
        assert f"gave up after {tries} requests" in found.words()


@given(some_tries, ages)
def test_other_holes_begin_anew(tries: int, age: timedelta) -> None:
    request = Request(NOW - age, tries, CAUSE)
    other = stands([row("open", bars=6)], request, RefillAttempt(NOW - age, Refilled.EMPTY, tries, tries))
    assert (other.tries, other.due) == (0, NOW)


@given(some_tries)
def test_without_the_table_of_answers_requests_are_counted(tries: int) -> None:
    found = stands([row("open")], Request(NOW - timedelta(days=30), tries, CAUSE))
    assert found.gave_up == (tries >= MOST_TRIES)


def test_a_contradicted_row_waits_until_the_exchange_may_be_asked_again() -> None:
    told = row("delisted")
    judged = NOW - timedelta(hours=3)
    found = stand(DATASET, [told], request=None, asked=None, now=NOW, doubts=[(told, "it trades")], judged=judged)
    assert found is not None
    assert (found.due, found.reason) == (judged + ASK_AGAIN, "contradicted, it trades")
    both = [row("open", "2025-01-05T00:00:00+00:00"), told]
    mixed = stand(DATASET, both, request=None, asked=None, now=NOW, doubts=[(told, "it trades")], judged=judged)
    assert mixed is not None
    assert (mixed.due, mixed.bars) == (NOW, 10)


def test_another_contradiction_begins_anew() -> None:
    told = row("delisted")
    stays = [
        stand(DATASET, [told], request=None, asked=None, now=NOW, doubts=[(told, words)]) for words in ("one", "other")
    ]
    first, other = (one for one in stays if one is not None)
    tired = Request(NOW - timedelta(days=30), MOST_TRIES, first.cause)
    for words, gave_up in (("one", True), ("other", False)):
        found = stand(DATASET, [told], request=tired, asked=None, now=NOW, doubts=[(told, words)])
        assert found is not None
        assert found.gave_up is gave_up
    assert first.cause != other.cause
