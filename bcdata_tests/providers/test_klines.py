"""Reading objects of klines and settlements: damaged lines cost themselves, unknown columns nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bcdata.providers.base import ObjectError
from bcdata.providers.binance.funding import has_more_columns, read_funding_csv
from bcdata.providers.binance.klines import RawKlines, check_columns, read_csv
from bcdata.windows import Grain
from bcdata_tests.mirror import csv_of, made_day

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
@example(0, 0, b"\r")
@example(0, 0, b"\x00\r")
@example(5, 0, b"?\r")
def test_damage_within_a_line_leaves_the_other_lines_alone(at: int, where: int, what: bytes) -> None:
    lines = csv_of(ROWS).splitlines()
    damaged = lines[at][:where] + what.replace(b"\n", b"?").replace(b'"', b"?") + lines[at][where:]
    raw = read(b"\n".join([*lines[:at], damaged, *lines[at + 1 :]]) + b"\n")
    genuine = read(csv_of(ROWS)).rows
    others = genuine.filter(genuine["line"] != at)
    # A carriage return that ends a line is one line more: the numbers of those after it are other ones.
    own = ["line"] if b"\r" in what else []
    assert set(others.drop(own).rows()) <= set(raw.rows.drop(own).rows())


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
