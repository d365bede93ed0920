"""What is overdue, by partition: late at the source, or not refreshed by us."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Dataset
from bcdata.healing.freshness import FOLLOWED, SymbolLedgers, overdue
from bcdata.pipeline.raw.due import due_until, unpublished_from
from bcdata.pipeline.records.footer_cache import Row

NOW = datetime(2025, 3, 10, 9, tzinfo=UTC)


def dataset(grain: str = "month", **more: object) -> Dataset:
    start = "2025-01" if grain == "month" else "2025-01-01"
    return Dataset.model_validate(
        {"name": "spot_klines_1m", "grain": grain, "start": start, "symbols": ["AAAUSDT"]}
        | {"sources": ["binance_archive"], **more}
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hole(start: str, end: str, status: str) -> Row:
    return (at(start).isoformat(), at(end).isoformat(), 1, status)


def found(kept: SymbolLedgers, of: Dataset | None = None, now: datetime = NOW) -> list[tuple[str, datetime, str]]:
    return [(one.date, one.since, one.reason) for one in overdue(of or dataset(), "AAAUSDT", kept, now)]


def test_days_are_due_36_hours_after_their_end() -> None:
    assert due_until(dataset(), NOW) == at("2025-03-08")
    assert due_until(dataset(), at("2025-03-10T12:00")) == at("2025-03-09")
    assert due_until(dataset(archive=["monthly"]), NOW) == at("2025-02-01")


@given(
    st.datetimes(datetime(2025, 1, 3), datetime(2026, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)),  # noqa: DTZ001
    st.sampled_from([["daily", "monthly"], ["monthly"]]),
)
def test_what_is_due_is_what_the_ledger_does_not_call_unpublished(now: datetime, archive: list[str]) -> None:
    one = dataset(archive=archive)
    due = due_until(one, now)
    for key in one.grain.keys("2024-10", one.grain.key(now)):
        window = one.grain.window(key)
        expected = max(due, window.start) if due < window.end else None
        assert unpublished_from(one, window, now) == expected


@given(st.datetimes(datetime(2025, 1, 3), datetime(2026, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)))  # noqa: DTZ001
def test_nothing_is_overdue_that_was_refreshed_a_day_ago(now: datetime) -> None:
    one = dataset()
    closed = now - timedelta(days=1)
    kept = SymbolLedgers({one.grain.key(closed): []}, closed, closed)
    assert found(kept, now=now) == []


def test_bars_that_the_archive_should_have_published_are_overdue() -> None:
    rows = [
        hole("2025-03-05", "2025-03-05T23:59", "not_published"),
        hole("2025-03-09", "2025-03-09T23:59", "not_published"),
    ]
    kept = SymbolLedgers({"2025-03": rows}, at("2025-03-10"), NOW)
    assert found(kept) == [("2025-03", at("2025-03-05"), "should be published by now; not seen yet")]


def test_an_open_month_that_nobody_refreshes_is_overdue() -> None:
    kept = SymbolLedgers({"2025-01": [], "2025-02": []}, at("2025-02-20T10:00"), at("2025-02-20T10:00"))
    assert found(kept) == [
        ("2025-02", at("2025-02-20T10:00"), "not refreshed since 2025-02-20 10:00"),
        ("2025-03", at("2025-03-01"), "never materialized"),
    ]


def test_days_that_nobody_made_are_overdue_one_by_one() -> None:
    kept = SymbolLedgers({"2025-03-04": []}, at("2025-03-05"), at("2025-03-05T09:30"))
    days = [date for date, _, _ in found(kept, dataset("day"))]
    assert days == ["2025-03-05", "2025-03-06", "2025-03-07"]


@pytest.mark.parametrize("merged_at", [at("2025-02-01") + FOLLOWED, None], ids=["long after", "unknown"])
def test_a_slice_of_history_that_somebody_took_is_not_followed(merged_at: datetime | None) -> None:
    assert found(SymbolLedgers({"2025-01": []}, at("2025-02-01"), merged_at)) == []


def test_a_delisted_symbol_is_not_expected_any_more() -> None:
    rows = [hole("2025-02-10", "2025-02-20T09:59", "delisted")]
    assert found(SymbolLedgers({"2025-02": rows}, at("2025-02-20T10:00"), at("2025-02-20T10:00"))) == []


def test_a_lake_without_the_symbol_lacks_nothing() -> None:
    assert found(SymbolLedgers({}, None, None)) == []
