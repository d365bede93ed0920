"""Reading objects of klines and settlements: damaged lines cost themselves, unknown columns nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.intervals import Interval
from bcdata.providers.binance.funding import has_more_columns, read_funding_csv
from bcdata.providers.binance.klines import RawKlines, check_columns, read_csv, snap_early_2018
from bcdata.providers.binance.unzip import ObjectError
from bcdata.windows import Grain
from bcdata_tests.mirror import csv_of, made_day
from bcdata_tests.run import utc

DAY = "2025-01-02"
ROWS = made_day(DAY, minutes=30)
NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
BOM = b"\xef\xbb\xbf"
FEBRUARY = Grain.MONTH.window("2025-02")
FUNDING = "calc_time,funding_interval_hours,last_funding_rate"
RATES = [f"{1738368000000 + at * 28_800_000},8,0.00010{at:03d}" for at in range(9)]


def read(*contents: bytes) -> RawKlines:
    return read_csv([check_columns(one) for one in contents])


def quoted(text: bytes) -> bytes:
    return b"".join(b",".join(b'"%s"' % field for field in line.split(b",")) + b"\n" for line in text.splitlines())


def settlements(content: bytes) -> list[tuple[str | None, float | None]]:
    return read_funding_csv(content, "f", FEBRUARY).select("calc_time", "funding_rate").rows()


@pytest.mark.parametrize("cut", range(1, 170))
def test_a_line_that_is_cut_anywhere_is_never_read_as_another_bar(cut: int) -> None:
    whole = csv_of(ROWS)
    lines = whole.splitlines()
    line = lines[10]
    damaged = b"\n".join([*lines[:10], line[: max(len(line) - cut, 0)], *lines[11:]]) + b"\n"
    genuine = read(whole).rows.drop("line").rows()
    raw = read(damaged)
    assert set(raw.rows.drop("line").rows()) <= set(genuine)
    if cut > 2:  # up to there all values are whole
        assert raw.rows.height == len(ROWS) - 1


def test_a_cut_line_tells_its_time_as_long_as_that_is_whole() -> None:
    lines = csv_of(ROWS).splitlines()
    raw = read(b"\n".join([*lines[:10], lines[10][:-3], lines[11][:16], lines[12][:9], *lines[13:]]) + b"\n")
    assert raw.bad_lines["open_time"].to_list() == [int(ROWS[10][0]), int(ROWS[11][0]), None]
    assert raw.bad_lines["line"].to_list() == [10, 11, 12]
    assert raw.bad_lines["evidence"][0] == "the line has 11 fields where klines have 12"


@pytest.mark.parametrize("header", [b"", NAMES.encode() + b"\n", f"{NAMES},extra\n".encode()])
@pytest.mark.parametrize("more", [[], ["7"], [""]])
@pytest.mark.parametrize("wrap", [bytes, quoted, lambda text: BOM + text, lambda text: BOM + quoted(text)])
def test_what_is_not_ambiguous_is_read(header: bytes, more: list[str], wrap) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    raw = read(wrap(header + csv_of([[*row, *more] for row in ROWS])))
    assert raw.rows.drop("line").rows() == read(csv_of(ROWS)).rows.drop("line").rows()
    assert raw.bad_lines.is_empty()
    assert raw.wide == ((0,) if more else ())


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


def test_a_quoted_header_over_bare_rows_is_read() -> None:
    raw = read(quoted(NAMES.encode()) + csv_of(ROWS))
    assert raw.rows.height == len(ROWS)


def test_objects_of_different_widths_are_read_together() -> None:
    raw = read(csv_of(ROWS), csv_of([[*row, "x"] for row in ROWS]), b"", NAMES.encode())
    assert raw.rows.group_by("object", maintain_order=True).len().rows() == [(0, 30), (1, 30)]
    assert raw.wide == (1,)


def test_a_line_with_one_more_field_than_the_others_is_no_row() -> None:
    raw = read(csv_of([*ROWS[:5], [*ROWS[5], "0"], *ROWS[6:]]))
    assert raw.bad_lines["evidence"].to_list() == ["the line has 13 fields where klines have 12"]
    assert raw.rows.height == len(ROWS) - 1


def test_a_first_line_that_is_damaged_costs_itself() -> None:
    lines = csv_of(ROWS).splitlines()
    for first in (lines[0][:-3], lines[0][20:], b"#" + lines[0][1:]):
        raw = read(b"\n".join([first, *lines[1:]]) + b"\n")
        bad = raw.bad_lines.height + raw.rows.filter(raw.rows["open_time"].is_null()).height
        assert (bad, raw.rows.drop_nulls().height) == (1, len(ROWS) - 1)


def test_empty_lines_are_no_rows() -> None:
    raw = read(csv_of(ROWS) + b"\n\r\n")
    assert (raw.rows.height, raw.bad_lines.height) == (len(ROWS), 0)


@pytest.mark.parametrize(
    "content",
    [
        b"time,price\n" + csv_of(ROWS),
        NAMES.replace("open,high", "high,open").encode() + b"\n" + csv_of(ROWS),
        NAMES.replace("count", "trades").encode() + b"\n" + csv_of(ROWS),
        csv_of([row[:11] for row in ROWS]),
        csv_of([row[:8] for row in ROWS]),
        csv_of([[*row, "1", "2"] for row in ROWS]),
        b"<html>busy</html>\n",
        csv_of(ROWS).decode().encode("utf-16"),
    ],
)
def test_other_columns_are_refused(content: bytes) -> None:
    with pytest.raises(ObjectError):
        check_columns(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_reason(content: bytes) -> None:
    try:
        raw = read(content, csv_of(ROWS))
    except ObjectError:
        return
    assert raw.rows.filter(raw.rows["object"] == 1).height == len(ROWS)


@given(st.integers(0, 29), st.integers(0, 150), st.binary(min_size=1, max_size=3))
def test_damage_within_a_line_leaves_the_other_lines_alone(at: int, where: int, what: bytes) -> None:
    lines = csv_of(ROWS).splitlines()
    damaged = lines[at][:where] + what.replace(b"\n", b"?").replace(b'"', b"?") + lines[at][where:]
    raw = read(b"\n".join([*lines[:at], damaged, *lines[at + 1 :]]) + b"\n")
    genuine = read(csv_of(ROWS)).rows
    others = genuine.filter(genuine["line"] != at).rows()
    assert set(others) <= set(raw.rows.rows())


@pytest.mark.parametrize("header", ["", f"{FUNDING}\n", f"{FUNDING},extra\n"])
@pytest.mark.parametrize("more", ["", ",7", ","])
@pytest.mark.parametrize("wrap", [bytes, quoted, lambda text: BOM + text])
def test_settlements_are_read_the_same_way(header: str, more: str, wrap) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    content = wrap((header + "".join(f"{row}{more}\n" for row in RATES)).encode())
    plain = "".join(f"{row}\n" for row in RATES).encode()
    assert settlements(content) == settlements(plain)
    assert has_more_columns(content) is bool(more)


def test_a_header_may_name_any_number_of_columns_more() -> None:
    raw = read(f"{NAMES},a,b,c\n".encode() + csv_of([[*row, "1", "2", "3"] for row in ROWS]))
    assert raw.rows.drop("line").rows() == read(csv_of(ROWS)).rows.drop("line").rows()


def test_klines_are_no_settlements() -> None:
    with pytest.raises(ObjectError):
        settlements(csv_of(ROWS))


def test_a_settlement_whose_line_is_cut_is_never_read_as_another_rate() -> None:
    rates = [row.split(",")[2] for row in RATES]
    for cut in range(1, len(RATES[-1])):
        text = "\n".join([*RATES[:-1], RATES[-1][:-cut]])
        got = settlements(text.encode())
        assert [rate for _, rate in got][:8] == [float(rate) for rate in rates[:8]]
        assert [rate for _, rate in got][8:] in ([None], [float(rates[-1])])


def test_a_line_of_settlements_with_other_fields_is_no_row() -> None:
    got = settlements("\n".join([*RATES[:3], RATES[3][:15], RATES[4] + ",1", *RATES[5:], ""]).encode())
    assert [rate is None for _, rate in got] == [False] * 3 + [True] * 2 + [False] * 4
    assert got[3][0] == RATES[3][:13]
