"""Tables at any width: no line is wider than the terminal, and every value that is shown is shown whole."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bcdata.cli.output import tables

WIDTHS = (20, 40, 60, 80, 120, 200)
NAMES = st.text("abcdefghijklmnop_", min_size=1, max_size=24)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=True), NAMES.map(str.upper)
)


def shown(width: int, columns: list[str], rows: list[list[Any]], **more: Any) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "out", console)
        tables.print_table(columns, rows, **more)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@st.composite
def any_table(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    columns = draw(st.lists(NAMES, min_size=1, max_size=12, unique=True))
    rows = st.lists(st.tuples(*[VALUES] * len(columns)).map(list), max_size=6)
    return columns, draw(rows)


@given(any_table(), st.sampled_from(WIDTHS))
def test_values_are_whole_or_their_column_is_left_out(table: tuple[list[str], list[list[Any]]], width: int) -> None:
    columns, rows = table
    lines = shown(width, columns, rows)
    text = "\n".join(lines)
    left = re.search(r"\.\.\. (\d+) more column", text)
    visible = columns[: len(columns) - int(left[1])] if left else columns
    words = set(text.split())
    for at, name in enumerate(visible):
        assert name in words
        for row in rows:
            assert set(tables.cell(row[at]).split()) <= words
    if len(visible) > 1 and any("\u2500" in line for line in lines):
        assert all(cell_len(line) <= width for line in lines if "more column" not in line)


SENTENCE = "REST answered with bars on both sides of the hole and with none between them"
GAPS = [["BTCUSDT", 80, "upstream", SENTENCE], ["ETHUSDT", 1_234_567, "open", "nobody was asked"]]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_sentences_are_wrapped_between_words(width: int) -> None:
    lines = shown(width, ["symbol", "bars", "status", "evidence"], GAPS)
    assert max(map(cell_len, lines)) <= width
    told = " ".join(line[lines[0].index("evidence") :].strip() for line in lines[2:])
    assert " ".join(told.split()).startswith(SENTENCE)
    assert any("1,234,567" in line for line in lines)


def test_of_columns_that_do_not_fit_the_first_are_shown_and_the_others_named() -> None:
    columns = [f"feature_{at:02}" for at in range(80)]
    lines = shown(80, columns, [[0.5] * 80] * 3)
    assert lines[0].split() == columns[:6]
    named = ", ".join(columns[6:12])
    assert " ".join(line.strip() for line in lines[4 + 1 :]) == f"... 74 more columns ({named}, ...): --json has all"
    assert all(len(line) <= 80 for line in lines)


def test_one_wide_row_is_a_record() -> None:
    lines = shown(80, [f"feature_{at:02}" for at in range(80)], [[at / 7 for at in range(80)]])
    assert len(lines) == 80
    assert lines[10].split() == ["feature_10", "1.428571429"]


def test_a_row_is_a_record_where_not_even_two_columns_fit() -> None:
    lines = shown(20, ["asset", "partitions"], [["parsed/binance_archive", 3], ["merged", 4]])
    assert lines == ["asset       parsed/binance_archive", "partitions  3", "", "asset       merged", "partitions  4"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "yes"), (12_345, "12,345"), (16541.77, "16,541.77"), (0.1 + 0.2, "0.3"), (1e-9, "1e-09"),
        (184_549_168_712.3, "184,549,168,712"),
        (float("nan"), "nan"), ("[red]", "[red]"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"), ("bell\x07", r"bell\x07"), ("\x9b31mred\r", r"\x9b31mred\r"),
        (datetime(2023, 3, 24, 12, 39, tzinfo=UTC), "2023-03-24 12:39"),
        (datetime(2023, 3, 24, 12, 39, 59, 500_000, tzinfo=UTC), "2023-03-24 12:39:59.5"),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value: Any, text: str) -> None:
    assert tables.cell(value) == text
    if text:
        assert text in shown(80, ["value"], [[value]])[2]
