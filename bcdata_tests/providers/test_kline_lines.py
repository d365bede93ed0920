"""Line ends of klines that are lost or other ones, and the rule for bars off the grid in early 2018."""

from datetime import timedelta

import pytest

from bcdata.interval import Interval
from bcdata.providers.base import ObjectError
from bcdata.providers.binance.klines import check_columns, snap_early_2018
from bcdata_tests.mirror import csv_of
from bcdata_tests.providers.test_klines import BOM, NAMES, ROWS, quoted, read
from bcdata_tests.run import utc


@pytest.mark.parametrize("header", [b"", NAMES.encode() + b"\n", BOM + quoted(NAMES.encode())])
@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
@pytest.mark.parametrize("ends", [29, 30, 1, 5], ids=["all but the last", "all", "the first", "some"])
def test_carriage_returns_end_lines(header: bytes, end: bytes, ends: int) -> None:
    raw = read((header + csv_of(ROWS)).replace(b"\n", end, ends + bool(header)))
    assert raw.rows.rows() == read(csv_of(ROWS)).rows.rows()
    assert (raw.bad_lines.height, raw.wide) == (0, ())


def test_a_carriage_return_inside_a_line_costs_the_line() -> None:
    lines = csv_of(ROWS).splitlines()
    raw = read(b"\n".join([*lines[:3], lines[3].replace(b"100", b"1\r00", 1), *lines[4:]]) + b"\n")
    assert raw.rows.drop_nulls().height == len(ROWS) - 1
    assert raw.rows["line"].max() == len(ROWS) - 1


def lose_ends(*at: int) -> bytes:
    """The rows with so many line ends lost: after the rows of these numbers."""
    return b"".join(line + (b"" if n in at else b"\n") for n, line in enumerate(csv_of(ROWS).splitlines()))


@pytest.mark.parametrize("header", [b"", NAMES.encode() + b"\n"])
@pytest.mark.parametrize("more", [[], ["7"]], ids=["12 columns", "13 columns"])
@pytest.mark.parametrize("at", [(0,), (12,), (28,), (0, 28), (3, 20), (5, 6), (5, 7)])
def test_rows_without_a_line_end_between_them_are_one_bad_line_that_tells_all_times(
    header: bytes, more: list[str], at: tuple[int, ...]
) -> None:
    wide = [[*row, *more] for row in ROWS]
    lines = csv_of(wide).splitlines()
    raw = read(header + b"".join(line + (b"" if n in at else b"\n") for n, line in enumerate(lines)))
    lost = sorted({n for one in at for n in (one, one + 1)})
    assert raw.rows["open_time"].to_list() == [int(row[0]) for n, row in enumerate(ROWS) if n not in lost]
    assert raw.bad_lines["open_time"].to_list() == [int(ROWS[n][0]) for n in lost]
    assert raw.wide == ((0,) if more else ())


def test_a_header_without_its_line_end_costs_the_first_row() -> None:
    raw = read(NAMES.encode() + csv_of(ROWS))
    assert raw.rows.height == len(ROWS) - 1
    assert raw.bad_lines["open_time"].to_list() == [int(ROWS[0][0])]


def test_a_row_that_is_cut_before_another_one_leaves_both_times() -> None:
    lines = csv_of(ROWS).splitlines()
    raw = read(b"\n".join([*lines[:4], lines[4][:60] + lines[5], *lines[6:]]) + b"\n")
    assert raw.bad_lines["open_time"].to_list() == [int(ROWS[4][0]), int(ROWS[5][0])]


def test_a_file_of_joined_rows_alone_is_no_file_of_more_columns() -> None:
    for content in (lose_ends(*range(0, 30, 2)), lose_ends(*range(29)), NAMES.encode() + b"\n" + lose_ends(*range(29))):
        with pytest.raises(ObjectError, match="columns where klines have 12"):
            check_columns(content)


def test_a_header_of_two_rows_of_names_is_no_header_of_more_columns() -> None:
    content = f"{NAMES},{NAMES}\n".encode() + csv_of([[*row, *row] for row in ROWS])
    with pytest.raises(ObjectError):
        check_columns(content)


def at(text: str) -> int:
    return int((utc(text) - utc("1970-01-01")) / timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("opened", "is_moved"),
    [
        ("2018-02-09T09:28:14.789", True),
        ("2018-02-28T23:28:14.789", True),
        ("2018-03-01T00:28:14.789", False),
        ("2017-12-31T23:28:14.789", False),
        ("2025-02-09T09:28:14.789", False),
    ],
)
def test_the_rule_of_early_2018_holds_in_early_2018_alone(opened: str, is_moved: bool) -> None:
    start = at(opened)
    other = at("2018-02-01")
    late = [str(start), *ROWS[0][1:6], str(start + 3_599_999_999), *ROWS[0][7:]]
    sound = [str(other), *ROWS[1][1:6], str(other + 3_599_999_999), *ROWS[1][7:]]
    rows, found = snap_early_2018(read(csv_of([sound, late])).rows, Interval.parse("1h"))
    assert [one.rule for one in found] == (["off_grid_2018"] if is_moved else [])
    assert (start in rows["open_time"].to_list()) is not is_moved


def test_stamps_in_seconds_are_left_to_the_rules() -> None:
    seconds = [[str(int(row[0]) // 1_000_000), *row[1:6], str(int(row[6]) // 1_000_000), *row[7:]] for row in ROWS]
    rows = read(csv_of(seconds)).rows
    moved, found = snap_early_2018(rows, Interval.parse("1m"))
    assert found == []
    assert moved["open_time"].to_list() == rows["open_time"].to_list()


def test_each_object_has_its_own_grid_where_that_is_asked_for() -> None:
    hour = at("2018-02-09T09:00")
    both = [[str(hour + off), *ROWS[0][1:6], str(hour + 3_599_999_999), *ROWS[0][7:]] for off in (1_694_789_000, 0)]
    rows = read(csv_of(both[:1]), csv_of(both[1:])).rows
    assert snap_early_2018(rows, Interval.parse("1h"))[0]["open_time"].to_list() == [hour + 1_694_789_000, hour]
    assert snap_early_2018(rows, Interval.parse("1h"), apart=("object",))[0]["open_time"].to_list() == [hour, hour]
