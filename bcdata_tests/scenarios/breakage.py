"""Ways to break one object of the archive: what is not readable, what is readable and bad, and what lies."""

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bcdata_tests.mirror import Rows, csv_of, zipped

_DAY = 86_400_000_000
_MEMBER_TIME = (2025, 1, 1, 0, 0, 0)


class Cost(StrEnum):
    """What a breakage may cost: nothing, some rows of the object, or all of it."""

    NOTHING = "nothing"
    ROWS = "rows"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Broken:
    """An object as it is served: its bytes, and the digest that its CHECKSUM names (None: the true one; "": none)."""

    body: bytes
    checksum: str | None = None


Build = Callable[[str, Rows, random.Random], Broken]
"""Makes a broken object out of its name without `.zip`, its true rows, and dice."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break an object."""

    name: str
    cost: Cost
    build: Build


def _content(change: Callable[[bytes, random.Random], bytes]) -> Build:
    """Changes the CSV as a whole."""
    return lambda name, rows, dice: Broken(zipped(f"{name}.csv", change(csv_of(rows), dice)))


def _rows(change: Callable[[list[list[str]], random.Random], Sequence[Sequence[str]]]) -> Build:
    """Changes rows."""
    return lambda name, rows, dice: Broken(zipped(f"{name}.csv", csv_of(change([list(one) for one in rows], dice))))


def _bytes(change: Callable[[bytes, random.Random], bytes]) -> Build:
    """Changes the zip."""
    return lambda name, rows, dice: Broken(change(zipped(f"{name}.csv", csv_of(rows)), dice))


def _one(change: Callable[[list[str], random.Random], list[str]]) -> Build:
    """Changes one row."""

    def changed(rows: list[list[str]], dice: random.Random) -> list[list[str]]:
        at = dice.randrange(len(rows))
        return [*rows[:at], change(rows[at], dice), *rows[at + 1 :]]

    return _rows(changed)


def _times(one: Sequence[str], change: Callable[[int], str]) -> list[str]:
    return [change(int(one[0])), *one[1:6], change(int(one[6])), *one[7:]]


def _scaled(one: Sequence[str], factor: float, columns: Sequence[int]) -> list[str]:
    return [f"{float(cell) * factor:.8f}" if at in columns else cell for at, cell in enumerate(one)]


PRICES, QUOTES, VOLUMES = (1, 2, 3, 4), (7, 10), (5, 9)


def _another_symbol(rows: list[list[str]], factor: float) -> list[list[str]]:
    """Another market's prices and sizes: consistent in themselves."""
    return [
        [*scaled[:8], str(int(one[8]) * 2), *scaled[9:]]
        for one in rows
        for scaled in [_scaled(_scaled(_scaled(one, factor, PRICES), factor * 3, QUOTES), 3, VOLUMES)]
    ]


def _half(rows: list[list[str]], dice: random.Random) -> tuple[list[list[str]], list[list[str]]]:
    at = len(rows) // 2 if len(rows) < 24 else dice.randrange(len(rows) // 4, 3 * len(rows) // 4)
    return rows[:at], rows[at:]


def _flipped(body: bytes, dice: random.Random) -> bytes:
    at = len(body) // 3 + dice.randrange(len(body) // 4)
    return body[:at] + bytes(255 - byte for byte in body[at : at + 8]) + body[at + 8 :]


def _two_members(name: str, rows: Rows, _: random.Random) -> Broken:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in (f"{name}.csv", "other.csv"):
            archive.writestr(zipfile.ZipInfo(member, _MEMBER_TIME), csv_of(rows))
    return Broken(out.getvalue())


def _rotated(rows: list[list[str]], by: int) -> list[list[str]]:
    """Every row with the values of the one so many rows later."""
    n = len(rows)
    return [[one[0], *rows[(at + by) % n][1:6], one[6], *rows[(at + by) % n][7:]] for at, one in enumerate(rows)]


def _shuffled(rows: list[list[str]], dice: random.Random) -> list[list[str]]:
    dice.shuffle(rows)
    return rows


def _inserted(rows: list[list[str]], dice: random.Random, change: Callable[[list[str]], list[str]]) -> list[list[str]]:
    at = dice.randrange(len(rows))
    return [*rows[: at + 1], change(list(rows[at])), *rows[at + 1 :]]


_COLUMNS = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume"
HEADER = f"{_COLUMNS},ignore\n"
QUOTED = ",".join(f'"{name}"' for name in HEADER.strip().split(",")) + "\n"

UNREADABLE = (
    Way("cut zip", Cost.OBJECT, _bytes(lambda body, dice: body[: dice.randrange(1, len(body) - 1)])),
    Way("empty file", Cost.OBJECT, _bytes(lambda *_: b"")),
    Way("a page in its place", Cost.OBJECT, _bytes(lambda *_: b"<html><body>404</body></html>")),
    Way("flipped bytes", Cost.OBJECT, _bytes(_flipped)),
    Way("another member's name", Cost.OBJECT, lambda _, rows, __: Broken(zipped("other.csv", csv_of(rows)))),
    Way("two members", Cost.OBJECT, _two_members),
    Way("empty member", Cost.OBJECT, _content(lambda *_: b"")),
    Way("header alone", Cost.OBJECT, _content(lambda *_: HEADER.encode())),
    Way("UTF-16", Cost.OBJECT, _content(lambda text, _: text.decode().encode("utf-16"))),
    Way("semicolons", Cost.OBJECT, _content(lambda text, _: text.replace(b",", b";"))),
    Way("no close_time column", Cost.OBJECT, _rows(lambda rows, _: [[*one[:6], *one[7:]] for one in rows])),
    Way("a deep zero", Cost.OBJECT, _content(lambda text, _: b"\0" * len(text))),
)
"""The object says nothing, or nothing that can be trusted to be about its columns."""

BAD_TIMES = (
    Way("float times", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: f"{t // 1000}.0") for one in rows])),
    Way("exponent times", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: f"{t:e}") for one in rows])),
    Way("times in s", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: str(t // 1_000_000)) for one in rows])),
    Way("times in ns", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: f"{t}000") for one in rows])),
    Way("another day", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: str(t + 90 * _DAY)) for one in rows])),
    Way(
        "off the grid", Cost.OBJECT, _rows(lambda rows, _: [_times(one, lambda t: str(t + 90_000_000)) for one in rows])
    ),
    Way("one time is text", Cost.ROWS, _one(lambda one, _: ["n/a", *one[1:]])),
)
"""The rows cannot be placed in the time that the object names."""

BAD_ROWS = (
    Way("last number cut", Cost.ROWS, _content(lambda text, dice: text.rstrip()[: -dice.randrange(3, 9)])),
    Way("a line is no row", Cost.ROWS, _rows(lambda rows, dice: _inserted(rows, dice, lambda _: ["<oops>"]))),
    Way("negative price", Cost.ROWS, _one(lambda one, _: [one[0], f"-{one[1]}", *one[2:]])),
    Way("high below low", Cost.ROWS, _one(lambda one, _: [*one[:2], one[3], one[2], *one[4:]])),
    Way("not a number", Cost.ROWS, _one(lambda one, _: [*one[:4], "NaN", *one[5:]])),
    Way("infinite", Cost.ROWS, _one(lambda one, _: [*one[:5], "inf", *one[6:]])),
    Way("negative volume", Cost.ROWS, _one(lambda one, _: [*one[:5], "-1", *one[6:]])),
    Way("more taken than traded", Cost.ROWS, _one(lambda one, _: [*one[:9], "9999", *one[10:]])),
    Way("closes before it opens", Cost.ROWS, _one(lambda one, _: [*one[:6], str(int(one[0]) - 1), *one[7:]])),
    Way("a value is empty", Cost.ROWS, _one(lambda one, _: [*one[:8], "", *one[9:]])),
    Way("a row twice with another close", Cost.ROWS,
        _rows(lambda rows, dice: _inserted(rows, dice, lambda one: [*one[:4], one[1], *one[5:]]))),
    Way("a row is missing", Cost.ROWS, _rows(lambda rows, dice: [one for one in rows if one is not dice.choice(rows)])),
    Way("half is missing", Cost.ROWS, _rows(lambda rows, dice: _half(rows, dice)[0])),
)  # fmt: skip
"""Some rows are bad or missing; the others are sound."""

LIES = (
    Way("another symbol", Cost.OBJECT, _rows(lambda rows, _: _another_symbol(rows, 21.7))),
    Way("another symbol at a near price", Cost.OBJECT, _rows(lambda rows, _: _another_symbol(rows, 1.15))),
    Way("half of another symbol", Cost.OBJECT,
        _rows(lambda rows, dice: [*_half(rows, dice)[0], *_another_symbol(_half(rows, dice)[1], 7.3)])),
    Way("a row of another symbol", Cost.OBJECT, _one(lambda one, _: _another_symbol([one], 7.3)[0])),
    Way("prices and quote x10", Cost.OBJECT,
        _rows(lambda rows, _: [_scaled(one, 10, (*PRICES, *QUOTES)) for one in rows])),
    Way("prices x10", Cost.OBJECT, _rows(lambda rows, _: [_scaled(one, 10, PRICES) for one in rows])),
    Way("volume x10", Cost.OBJECT, _rows(lambda rows, _: [_scaled(one, 10, VOLUMES) for one in rows])),
    Way("both volumes x10", Cost.OBJECT,
        _rows(lambda rows, _: [_scaled(one, 10, (*VOLUMES, *QUOTES)) for one in rows])),
    Way("base and quote swapped", Cost.OBJECT,
        _rows(lambda rows, _: [[*o[:5], o[7], o[6], o[5], o[8], o[10], o[9], o[11]] for o in rows])),
)  # fmt: skip
"""The rows pass every rule and are not this market's. Coarser bars show it."""


def _stale(rows: list[list[str]], dice: random.Random) -> list[list[str]]:
    """Ten rows as they were before a correction: a little less volume, a trade less."""
    for at in dice.sample(range(len(rows)), min(10, len(rows))):
        one = rows[at]
        less = _scaled(one, 0.99, (*VOLUMES, *QUOTES))
        rows[at] = [*less[:8], str(int(one[8]) - 1), *less[9:]]
    return rows


SMALL_LIES = (Way("ten stale rows", Cost.ROWS, _rows(_stale)),)
"""So little that no coarser bar refutes it: what the daily objects say wins."""

HARMLESS = (
    Way("a wrong CHECKSUM", Cost.NOTHING, lambda name, rows, _: Broken(zipped(f"{name}.csv", csv_of(rows)), "0" * 64)),
    Way("no CHECKSUM", Cost.NOTHING, lambda name, rows, _: Broken(zipped(f"{name}.csv", csv_of(rows)), "")),
    Way("a mark at the beginning", Cost.NOTHING, _content(lambda text, _: b"\xef\xbb\xbf" + text)),
    Way("a header", Cost.NOTHING, _content(lambda text, _: HEADER.encode() + text)),
    Way("a quoted header", Cost.NOTHING, _content(lambda text, _: QUOTED.encode() + text)),
    Way("carriage returns", Cost.NOTHING, _content(lambda text, _: text.replace(b"\n", b"\r\n"))),
    Way("no end of the last line", Cost.NOTHING, _content(lambda text, _: text.rstrip())),
    Way("one more column", Cost.NOTHING, _rows(lambda rows, _: [[*one, "7"] for one in rows])),
    Way("out of order", Cost.NOTHING, _rows(_shuffled)),
    Way("a row twice", Cost.NOTHING, _rows(lambda rows, dice: _inserted(rows, dice, lambda one: one))),
)
"""Everything in it is true."""

WAYS = (*UNREADABLE, *BAD_TIMES, *BAD_ROWS, *LIES, *HARMLESS)
