"""Metrics as files hold them: what labels mean, which columns are read, and what cannot be told."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import RAW_METRIC, TIME
from bcdata.providers.base import ObjectError
from bcdata.providers.binance.metric_labels import METRIC_LABELS
from bcdata.providers.binance.metrics import read_metrics
from bcdata.windows import Grain, Window
from bcdata_tests.pipeline.metric_files import CHANGE, DAY, HEADER, STEP, line, lines, times_in_file, times_of
from bcdata_tests.run import utc

DAYS = st.integers(-400, 400).map(lambda off: Grain.DAY.window(f"{CHANGE + off * DAY:%Y-%m-%d}"))
CHANGED = "2026-06-25"


def read(market: str, day: str, rows: list[str], header: str = HEADER) -> list[tuple[Any, ...]]:
    """Time, the other time, and the rule that is broken, in the order of the file."""
    content = "".join(f"{row}\n" for row in [header, *rows]).encode()
    found = read_metrics(content, "f", Grain.DAY.window(day), market).rows
    assert found.schema == RAW_METRIC
    assert found["text"].to_list() == rows
    times = (found[name].cast(TIME).to_list() for name in ("time", "other_time"))
    return list(zip(*times, found["unclear"].to_list(), strict=True))


@given(DAYS)
def test_a_day_is_made_of_the_files_that_may_hold_it(day: Window) -> None:
    after = Grain.DAY.window(Grain.DAY.key(day.end))
    held, its, named = METRIC_LABELS.held(day), METRIC_LABELS.held(after), METRIC_LABELS.files_of(day)
    assert held.end == day.end
    assert held.start == day.start - (STEP if day.start <= CHANGE else timedelta())
    assert (named.end == after.end) is (its.start < day.end)
    assert (named.start < day.start) is (day.start == CHANGE)


def test_in_a_file_of_the_day_before_the_label_of_the_change_is_an_end() -> None:
    rows = [line("um", time) for time in times_of("2026-06-24")]
    assert rows[-1].startswith("2026-06-25 00:00:00,")
    assert read("um", "2026-06-24", rows) == [(time, None, None) for time in times_of("2026-06-24")]


@pytest.mark.parametrize("market", ["um", "cm"])
@pytest.mark.parametrize("day", ["2023-05-01", "2026-06-24", CHANGED, "2026-06-26"])
def test_a_row_is_of_the_time_that_its_label_means(market: str, day: str) -> None:
    expected = [(time, None, None) for time in times_in_file(market, day)]
    assert read(market, day, lines(market, day)) == expected
    shuffled = lines(market, day)
    if day != CHANGED or market == "cm":
        Random(1).shuffle(shuffled)
        assert sorted(read(market, day, shuffled), key=lambda row: row[0]) == expected


def test_the_first_row_of_a_month_is_of_the_month_before() -> None:
    [first] = read("um", "2023-05-01", lines("um", "2023-05-01")[:1])
    assert first[0] == utc("2023-04-30T23:55")
    [first] = read("cm", "2023-05-01", lines("cm", "2023-05-01")[:1])
    assert first[0] == utc("2023-05-01")


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([0, 1, 2, 3], True),
        ([0, 1, 2, 2, 3], True),
        ([0, 1], False),
        ([0, 2, 1], False),
        ([2, 0, 1], False),
        ([0, 1, 3, 2], False),
        ([3, 2, 1, 0], False),
        ([1, 0, 2, 3], True),  # nothing tells that these two are the other way round
    ],
)
def test_order_tells_two_meanings_apart_only_where_rows_around_ascend(places: list[int], told: bool) -> None:
    rows = lines("um", CHANGED)
    found = read("um", CHANGED, [rows[at] for at in places])
    end, start = utc("2026-06-24T23:55"), CHANGE
    both = [one for one, at in zip(found, places, strict=True) if at < 2]
    why = None if told else "duplicate_conflict"
    others = (None, None) if told else (start, end)
    assert both == [(end, others[0], why), (start, others[1], why)]


def test_more_than_two_rows_that_differ_are_not_told_apart() -> None:
    rows = lines("um", CHANGED)
    other = rows[0].replace(".00000000", ".5", 1)
    assert [one[2] for one in read("um", CHANGED, [rows[0], other, *rows[1:9]])][:3] == ["duplicate_conflict"] * 3


@pytest.mark.parametrize(("count", "whys"), [(1, ["ambiguous_label"]), (2, [None, None]), (3, [None] * 3)])
def test_equal_rows_need_no_choice_but_for_a_single_one(count: int, whys: list[str | None]) -> None:
    rows = lines("um", CHANGED)
    found = read("um", CHANGED, [rows[0]] * count + rows[2:9])[:count]
    assert [one[2] for one in found] == whys
    if count > 1:
        assert {one[0] for one in found} == {utc("2026-06-24T23:55"), CHANGE}


def test_columns_are_found_by_their_names() -> None:
    names = HEADER.split(",")
    order = [5, 1, 7, 0, 2, 6, 3, 4]
    rows = lines("cm", "2024-01-02")
    moved = [",".join(row.split(",")[at] for at in order) for row in rows]
    plain = "".join(f"{row}\n" for row in [HEADER, *rows]).encode()
    other = "".join(f"{row}\n" for row in [",".join(names[at] for at in order), *moved]).encode()
    window = Grain.DAY.window("2024-01-02")
    found, expected = (read_metrics(content, "f", window, "cm").rows.drop("text") for content in (other, plain))
    assert found.equals(expected, null_equal=True)


@pytest.mark.parametrize("stamp", ["2024-01-02", "02.01.2024 00:05:00", "2024-01-02T00:05:00", "now", "", "1.5e12"])
def test_a_time_that_is_none_is_null(stamp: str) -> None:
    row = lines("cm", "2024-01-02")[3]
    assert read("cm", "2024-01-02", [f"{stamp},{row.partition(',')[2]}"]) == [(None, None, None)]


def test_no_row_is_an_error_of_its_own() -> None:
    with pytest.raises(ObjectError) as caught:
        read("cm", "2024-01-02", [])
    assert caught.value.rule == "no_rows"


def test_a_genuine_excerpt(shared_data: Path) -> None:
    path = shared_data / "binance_csv/alt/futures_um/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-02.head13.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="ascii"))))
    found = read_metrics(path.read_bytes(), path.name, Grain.DAY.window("2024-01-02"), "um").rows
    assert found["time"].cast(TIME).to_list() == [utc(row["create_time"]) - STEP for row in rows]
    for name in METRIC_VALUES:
        assert found[name].to_list() == [float(row[name]) for row in rows]
    assert found.height == 12
