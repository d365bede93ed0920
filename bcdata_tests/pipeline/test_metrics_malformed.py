"""Broken files of metrics cost what they hold and nothing beside it, and no line of them is lost."""

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from bcdata.frames.columns import METRIC_VALUES
from bcdata.pipeline.zones import Zone
from bcdata.quality.verdict import Severity
from bcdata.store import quarantine
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import zipped
from bcdata_tests.pipeline.metric_files import (
    HEADER,
    STEP,
    SYMBOLS,
    catalog,
    floats_of,
    key_of,
    lines,
    put,
    times_in_file,
    times_of,
)
from bcdata_tests.run import ARCHIVE, Lake, Ran, tree, utc
from bcdata_tests.world import World

BEFORE, DAY, AFTER, LAST = "2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"
Change = Callable[[str], str]


def text(market: str) -> str:
    return "".join(f"{row}\n" for row in [HEADER, *lines(market, DAY)])


def each(change: Callable[[list[str]], list[str]]) -> Change:
    """Changes the fields of all rows."""

    def changed(sent: str) -> str:
        head, *rows = sent.splitlines()
        return "\n".join([head, *(",".join(change(row.split(","))) for row in rows), ""])

    return changed


def one_row(number: int, change: Callable[[list[str]], list[str]]) -> Change:
    """Changes the fields of one row."""

    def changed(sent: str) -> str:
        rows = sent.splitlines()
        rows[number + 1] = ",".join(change(rows[number + 1].split(",")))
        return "\n".join([*rows, ""])

    return changed


def shifted(days: int) -> Change:
    def moved(fields: list[str]) -> list[str]:
        return [f"{utc(fields[0]) + timedelta(days=days):%Y-%m-%d %H:%M:%S}", *fields[1:]]

    return each(moved)


def with_value(value: str, at: int = 4) -> Callable[[list[str]], list[str]]:
    return lambda fields: [*fields[:at], value, *fields[at + 1 :]]


SOUND: dict[str, Change] = {
    "as it is": lambda sent: sent,
    "CRLF": lambda sent: sent.replace("\n", "\r\n"),
    "CR": lambda sent: sent.replace("\n", "\r"),
    "BOM": lambda sent: "\ufeff" + sent,
    "no header": lambda sent: sent.partition("\n")[2],
    "reversed": lambda sent: "\n".join([HEADER, *sent.splitlines()[:0:-1], ""]),
    "doubled": lambda sent: sent + sent.partition("\n")[2],
    "quoted": each(lambda fields: [f'"{field}"' for field in fields]),
    "blanks around": each(lambda fields: [f" {field} " for field in fields]),
    "blank lines": lambda sent: sent.replace("\n", "\n\n"),
    "no line end at last": lambda sent: sent.rstrip("\n"),
    "ninth column": lambda sent: sent.replace("\n", ",more\n"),
    "no header, ninth column": lambda sent: sent.partition("\n")[2].replace("\n", ",1\n"),
    "ms": each(lambda fields: [f"{int(utc(fields[0]).timestamp())}000", *fields[1:]]),
    "us": each(lambda fields: [f"{int(utc(fields[0]).timestamp())}000000", *fields[1:]]),
    "other order": lambda sent: "".join(f"{','.join(row.split(',')[::-1])}\n" for row in sent.splitlines()),
    "upper case header": lambda sent: sent.replace(HEADER, HEADER.upper()),
}
"""What is read as if it were as documented."""
WHOLE: dict[str, tuple[Change, str]] = {
    "empty": (lambda _: "", "no_rows"),
    "header alone": (lambda sent: sent.partition("\n")[0] + "\n", "no_rows"),
    "a page of HTML": (lambda _: "<html>busy</html>\n", "columns"),
    "seven columns": (each(lambda fields: fields[:7]), "columns"),
    "seven columns, no header": (
        lambda sent: each(lambda fields: fields[:7])(sent).partition("\n")[2], "columns"),
    "ten columns, no header": (lambda sent: sent.partition("\n")[2].replace("\n", ",1,1\n"), "columns"),
    "seven in the header": (lambda sent: sent.replace(",sum_taker_long_short_vol_ratio", ""), "columns"),
    "another name": (lambda sent: sent.replace("create_time", "time"), "columns"),
    "a name twice": (lambda sent: sent.replace("count_long_short_ratio", "sum_open_interest"), "columns"),
    "wrong symbol": (each(lambda fields: [fields[0], "ETHUSDT", *fields[2:]]), "foreign_symbol"),
    "the day before": (shifted(-1), "content_matches_name"),
    "the day after": (shifted(1), "content_matches_name"),
    "two days later": (shifted(2), "content_matches_name"),
    "all blank": (each(lambda fields: [*fields[:2], *[""] * 6]), "values"),
    "quoted blanks": (each(lambda fields: [*fields[:2], *['""'] * 6]), "values"),
    "NaN": (each(with_value("NaN")), "finite"),
    "infinite": (each(with_value("inf")), "finite"),
    "huge": (each(with_value("1e308", 2)), "magnitude"),
    "None": (each(with_value("None")), "values"),
    "negative": (each(with_value("-0.5")), "non_negative"),
    "no time": (each(lambda fields: ["soon", *fields[1:]]), "values"),
    "seconds": (each(lambda fields: [f"{int(utc(fields[0]).timestamp())}", *fields[1:]]), "content_matches_name"),
    "off the grid": (each(lambda fields: [fields[0].replace(":00", ":01"), *fields[1:]]), "grid"),
    "the earliest time": (each(lambda fields: ["-9223372036854775808", *fields[1:]]), "content_matches_name"),
    "a time too long": (each(lambda fields: ["9" * 19, *fields[1:]]), "values"),
    "times of another year": (each(lambda fields: ["9223372036854775807", *fields[1:]]), "content_matches_name"),
}  # fmt: skip
"""What is not believed at all, and the rule that says so."""
ROWS: dict[str, tuple[Change, str]] = {
    "wrong symbol": (one_row(50, lambda fields: [fields[0], "ETHUSDT", *fields[2:]]), "foreign_symbol"),
    "no symbol": (one_row(50, lambda fields: [fields[0], "", *fields[2:]]), "foreign_symbol"),
    "another day": (one_row(50, lambda fields: ["2024-05-02 00:00:00", *fields[1:]]), "content_matches_name"),
    "blank": (one_row(50, lambda fields: [*fields[:2], *[""] * 6]), "values"),
    "NaN": (one_row(50, with_value("nan")), "finite"),
    "huge": (one_row(50, with_value("1e16")), "magnitude"),
    "None": (one_row(50, with_value("None")), "values"),
    "negative": (one_row(50, with_value("-1", 2)), "non_negative"),
    "zero": (one_row(50, with_value("0.0", 2)), "open_interest_zero"),
    "seven fields": (one_row(50, lambda fields: fields[:7]), "unreadable_line"),
    "nine fields": (one_row(50, lambda fields: [*fields, "1"]), "unreadable_line"),
    "garbage": (one_row(50, lambda _: ["\x00\ufffd"]), "unreadable_line"),
    "cut at the end": (lambda sent: sent[:-40], "unreadable_line"),
    "cut within the last number": (lambda sent: sent[:-4], "unreadable_line"),
    "the header once more": (lambda sent: sent.replace("\n", f"\n{HEADER}\n", 1), "values"),
    "off the grid": (one_row(50, lambda fields: [fields[0][:-1] + "1", *fields[1:]]), "grid"),
}  # fmt: skip
"""What costs one row, and the rule that says so."""
MARKETS = pytest.mark.parametrize("market", ["um", "cm"])


def run(world: World, market: str, content: bytes) -> tuple[Lake, Ran]:
    for day in (BEFORE, AFTER, LAST):
        put(world.mirror, market, day)
    put(world.mirror, market, DAY, content=content)
    lake = world.lake(catalog(market), now=utc("2024-06-01"))
    return lake, lake.materialize(f"{market}_metrics", SYMBOLS[market], BEFORE, AFTER)


def rows_of(lake: Lake, market: str, day: str) -> list[tuple[object, ...]]:
    frame = lake.bars(f"{market}_metrics", SYMBOLS[market], day)
    return [] if frame is None else frame.select("time", *METRIC_VALUES).rows()


def aside(lake: Lake, market: str, day: str) -> pl.DataFrame:
    """What is in quarantine of a partition."""
    partition = Partition("parsed", f"{market}_metrics", SYMBOLS[market], day, ARCHIVE)
    found = Store(lake.root).read(quarantine.place(partition))
    return pl.DataFrame(schema={"name": pl.String, "line": pl.Int64, "reason": pl.String}) if found is None else found


def sound(day: str) -> list[tuple[object, ...]]:
    return [(time, *floats_of(time)) for time in times_of(day)]


def missing(lake: Lake, market: str, day: str) -> dict[str, int]:
    rows = lake.ledger(f"{market}_metrics", SYMBOLS[market], day)
    return dict(rows.group_by("status").agg(pl.col("bars").sum()).iter_rows())


def kept_or_set_aside(lake: Lake, ran: Ran, market: str) -> int:
    """How many lines of the day's file are published, in quarantine, or said twice."""
    times = set(times_in_file(market, DAY))
    published = sum(row[0] in times for day in (BEFORE, DAY) for row in rows_of(lake, market, day))
    name = key_of(market, DAY).rpartition("/")[2]
    held = sum(aside(lake, market, day).filter(pl.col("name") == name)["line"].len() for day in (BEFORE, DAY, AFTER))
    twice = sum(
        ran.rules(Zone.PARSED, SYMBOLS[market], day, ARCHIVE).get("duplicate", 0) for day in (BEFORE, DAY, AFTER)
    )
    return published + held + twice


@pytest.mark.one_in(12, slow=6)
@MARKETS
@pytest.mark.parametrize("change", SOUND.values(), ids=SOUND)
def test_what_is_read_all_the_same(world: World, market: str, change: Change) -> None:
    content = change(text(market)).encode()
    lake, ran = run(world, market, content)
    assert ran.troubles == []
    for day in (BEFORE, DAY, AFTER):
        assert rows_of(lake, market, day) == sound(day)
        assert missing(lake, market, day) == {}
        found = ran.of(Zone.PARSED, ARCHIVE)[SYMBOLS[market], day].verdict.findings
        assert {one.severity for one in found} <= {Severity.WARN}
        assert {one.rule for one in found} <= {"duplicate", "extra_columns"}


@pytest.mark.one_in(16, slow=6)
@MARKETS
@pytest.mark.parametrize(("change", "rule"), WHOLE.values(), ids=WHOLE)
def test_what_is_not_believed_costs_its_own_rows_alone(world: World, market: str, change: Change, rule: str) -> None:
    content = change(text(market)).encode()
    lake, ran = run(world, market, content)
    assert rule in ran.rules(Zone.PARSED, SYMBOLS[market], DAY, ARCHIVE)
    assert rows_of(lake, market, AFTER) == sound(AFTER)
    own = set(times_in_file(market, DAY))
    for day in (BEFORE, DAY):
        assert rows_of(lake, market, day) == [row for row in sound(day) if row[0] not in own]
    assert missing(lake, market, BEFORE) == ({"quarantined": 1} if market == "um" else {})
    held = [one for one in ran.troubles if DAY in one]
    assert held == ran.troubles
    if market == "cm":  # nothing of the day is left, and nothing is published of it
        assert len(held) == 1
        assert "nothing_sound" in held[0]
    else:
        assert missing(lake, market, DAY) == {"quarantined": 287}
    count = len([one for one in content.decode().splitlines() if one.strip()])
    is_object = ran.rules(Zone.PARSED, SYMBOLS[market], DAY, ARCHIVE).get("bad_share", 0) == 0
    lost = 1 if is_object else count - 1
    assert kept_or_set_aside(lake, ran, market) == lost
    before = tree(lake.root)
    lake.materialize(f"{market}_metrics", SYMBOLS[market], BEFORE, AFTER)
    assert tree(lake.root) == before


@pytest.mark.one_in(12, slow=6)
@MARKETS
@pytest.mark.parametrize(("change", "rule"), ROWS.values(), ids=ROWS)
def test_a_bad_row_costs_itself(world: World, market: str, change: Change, rule: str) -> None:
    content = change(text(market)).encode()
    lake, ran = run(world, market, content)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, SYMBOLS[market], DAY, ARCHIVE).get(rule) == 1
    assert aside(lake, market, DAY)["reason"].to_list() == [rule]
    for day in (BEFORE, AFTER):
        assert rows_of(lake, market, day) == sound(day)
        assert ran.of(Zone.PARSED, ARCHIVE)[SYMBOLS[market], day].verdict.findings == ()
    found = rows_of(lake, market, DAY)
    left = sound(DAY)
    assert len(found) >= len(left) - 1
    assert set(found) <= set(left)
    count = len([one for one in content.decode().splitlines()[1:] if one.strip()])
    assert kept_or_set_aside(lake, ran, market) == count


@MARKETS
@pytest.mark.parametrize("body", [b"", b"PK", b"<html>busy</html>", "half"])
def test_what_is_no_zip_is_said_and_costs_its_own_rows(world: World, market: str, body: bytes | str) -> None:
    whole = zipped(f"{SYMBOLS[market]}-metrics-{DAY}.csv", text(market).encode())
    for day in (BEFORE, AFTER, LAST):
        put(world.mirror, market, day)
    world.mirror.put(key_of(market, DAY), whole[: len(whole) // 2] if isinstance(body, str) else body)
    lake = world.lake(catalog(market), now=utc("2024-06-01"))
    ran = lake.materialize(f"{market}_metrics", SYMBOLS[market], BEFORE, AFTER)
    assert ran.rules(Zone.PARSED, SYMBOLS[market], DAY, ARCHIVE) == {"unreadable": 1}
    assert rows_of(lake, market, AFTER) == sound(AFTER)
    assert len(rows_of(lake, market, BEFORE)) == (287 if market == "um" else 288)
    beside = ran.of(Zone.PARSED, ARCHIVE)[SYMBOLS[market], BEFORE].verdict.findings
    assert [one.severity for one in beside] == ([Severity.WARN] if market == "um" else [])
    assert aside(lake, market, BEFORE).is_empty()
    assert times_of(DAY)[1] - times_of(DAY)[0] == STEP
