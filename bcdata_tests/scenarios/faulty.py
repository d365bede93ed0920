"""Answers as they should be, and everything that a server, a proxy or a line can make of them."""

import gzip
import hashlib
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bcdata.net.answers import HttpResponse
from bcdata.net.client import HttpClient
from bcdata.providers.base import BulkObject, FetchedObject, Page, Series
from bcdata.providers.binance.api.rest import BinanceRest
from bcdata.providers.binance.files.archive import BinanceArchive
from bcdata.providers.binance.names import series_prefix
from bcdata.windows import Window
from bcdata_tests.net.fault_server import Reply, Request

HOUR = timedelta(hours=1)
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = tuple(f"2025-01-{day:02}" for day in range(1, 8))
_LOCATIONS = ("", "http://", "//127.0.0.2/x", "http://localhost.invalid/", "file:///etc/passwd", "javascript:alert(1)",
              "http://[::1", "ftp://127.0.0.1/", "/" + "a" * 5000, "\x7f", "http://127.0.0.1:99999/")  # fmt: skip
_WAITS = ("", "0", "-1", "0.5", "1000000000", "soon", "Wed, 01 Jan 2020 00:00:00 GMT", "9" * 400)

Fault = Callable[[random.Random, Reply], Reply]


def _raw(reply: Reply, head: bytes, body: bytes) -> Reply:
    return replace(reply, raw=b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)


def _cut_chunks(dice: random.Random, reply: Reply) -> Reply:
    whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(reply.body), reply.body)
    return _raw(reply, b"Transfer-Encoding: chunked", whole[: dice.randrange(len(whole) - 5)])


def _bad_chunks(dice: random.Random, reply: Reply) -> Reply:
    size = dice.choice([b"-5", b"zz", b"fffffffffffffffffff", b""])
    return _raw(reply, b"Transfer-Encoding: chunked", size + b"\r\n" + reply.body)


def _encoded(dice: random.Random, reply: Reply) -> Reply:
    name, body = dice.choice([("gzip", gzip.compress(reply.body)), ("deflate", zlib.compress(reply.body))])
    ways = (body[: len(body) // 2], b"\x1f\x8b" + body[5:], reply.body or b"x", b"")
    return replace(reply, body=dice.choice(ways), headers={"Content-Encoding": name})


_BOMB = gzip.compress(bytes(40 << 20), 1)


def _bomb(_: random.Random, reply: Reply) -> Reply:
    return replace(reply, body=_BOMB, headers={"Content-Encoding": "gzip"})


def _garbage(dice: random.Random, reply: Reply) -> Reply:
    starts = (
        b"",
        b"HTTP/1.1",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 40_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
    )
    return replace(reply, raw=dice.choice(starts) + (dice.randbytes(50) if dice.random() < 0.3 else b""))


def _status(dice: random.Random, _: Reply) -> Reply:
    status = dice.choice([204, 206, 226, 300, 304, 400, 401, 403, 404, 405, 408, 410, 421, 425, 451, 500, 502, 503, 504,
                          520, 522, 599, 600, 999])  # fmt: skip
    body = dice.choice([b"", b'{"code":-1121,"msg":"Invalid symbol."}', b"<html>\xff\x00" * 9000, b"\r\n" * 500])
    return Reply(b"" if status in (204, 304) else body, status=status, headers={"Retry-After": dice.choice(_WAITS)})


def _slow_down(dice: random.Random, _: Reply) -> Reply:
    if dice.random() < 0.8:  # what shuts everybody out tells little about the other calls
        return Reply(b"", status=503, headers={"Retry-After": dice.choice(_WAITS)})
    return Reply(b"", status=429 if dice.random() < 0.9 else 418, headers={"Retry-After": dice.choice(_WAITS)})


def _redirect(dice: random.Random, _: Reply) -> Reply:
    headers = {} if dice.random() < 0.1 else {"Location": dice.choice(_LOCATIONS)}
    return Reply(b"", status=dice.choice([301, 302, 303, 307, 308]), headers=headers)


_NUMBERS = ("9" * 5000, "0" * 5000, "9" * 19, "-1", "1e9", "٣", "\xb2", "")
_DATES = ("Mon, 01 Jan 0001 00:00:00 -2359", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan " + "9" * 5000, "")
_TEXTS = ("x" * 7000, "W/", '"', "\xff\xfe", "a, b; c=d")
_VALUES = {
    "X-MBX-USED-WEIGHT-1M": _NUMBERS,
    "Retry-After": (*_NUMBERS, *_DATES),
    "Age": _NUMBERS,
    "Date": (*_NUMBERS, *_DATES),
    "Last-Modified": (*_NUMBERS, *_DATES),
    "Content-Length": _NUMBERS,
    "ETag": _TEXTS,
    "Content-Type": _TEXTS,
    "Set-Cookie": _TEXTS,
    "Link": _TEXTS,
    "Keep-Alive": _NUMBERS,
    "Server": _TEXTS,
}


def _headers(dice: random.Random, reply: Reply) -> Reply:
    """A true answer under headers that say what cannot be; they come together, as some only matter beside another."""
    chosen = {name: dice.choice(_VALUES[name]) for name in dice.sample(sorted(_VALUES), 4)}
    length = -1 if "Content-Length" in chosen else None
    return replace(reply, headers=chosen, length=length)


ON_THE_LINE: tuple[Fault, ...] = (
    lambda _, reply: replace(reply, reset=True),
    lambda dice, reply: replace(reply, length=len(reply.body) + dice.choice([1, 1000, 1 << 40])),
    lambda _, reply: replace(reply, length=len(reply.body) + 10, stall=5),
    _cut_chunks,
    _bad_chunks,
    _encoded,
    _garbage,
    _status,
    _slow_down,
    _redirect,
    _headers,
    _headers,
)
"""What shows in the transport: nothing of it is a whole answer, or its headers lie."""

WHOLE_BUT_WRONG: tuple[Fault, ...] = (
    lambda dice, reply: replace(reply, body=reply.body[: dice.randrange(len(reply.body))]),
    lambda _, reply: replace(reply, body=b""),
    lambda _, reply: replace(reply, body=reply.body * 2),
    lambda _, reply: replace(reply, body=b"<!DOCTYPE html><html><body>Welcome to the hotel</body></html>"),
    lambda _, reply: replace(reply, body=b'{"code":0,"msg":"Service unavailable"}'),
    lambda dice, reply: replace(reply, body=dice.choice([b" ", b"\0"]) * (1 << 20)),
    lambda _, reply: replace(reply, body=b"[" * 100_000),
    lambda dice, reply: replace(reply, body=dice.randbytes(len(reply.body))),
    _bomb,
)
"""Answers that are none, with a status of 200 and a length that fits."""


def _flipped(dice: random.Random, reply: Reply) -> Reply:
    body = bytearray(reply.body)
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return replace(reply, body=bytes(body))


def _rows_changed(dice: random.Random, reply: Reply) -> Reply:
    try:
        rows = json.loads(reply.body)
        first = rows[0]
    except (ValueError, IndexError):
        return reply
    at = dice.randrange(len(rows))
    ways: tuple[list[object], ...] = (
        rows[::-1] if len(rows) > 1 else [None],
        [*rows, rows[-1]],
        [*rows, [first[0] - 3_600_000, *first[1:]]],
        [*rows, [first[0] + 10**12, *first[1:]]],
        [*rows[:at], None, *rows[at:]],
        [*rows[:at], [str(rows[at][0]), *rows[at][1:]], *rows[at + 1 :]],
        [*rows[:at], [10**30, *rows[at][1:]], *rows[at + 1 :]],
        [*rows[:at], [10**4000, *rows[at][1:]], *rows[at + 1 :]],
        [*rows[:at], [*rows[at][:8], 10**30, *rows[at][9:]], *rows[at + 1 :]],
        [*rows[:at], [], *rows[at + 1 :]],
        [{"t": one[0]} for one in rows],
        rows * (3000 // len(rows)),
    )
    return replace(reply, body=json.dumps(dice.choice(ways)).encode())


@dataclass(frozen=True)
class Call:
    """One question by its number: how it is asked, the true answer, and whether what came is another."""

    number: int

    faults = ON_THE_LINE

    @property
    def symbol(self) -> str:
        """Unique: by it the server knows which call a request belongs to."""
        return f"C{self.number}CUSDT"

    def truth(self, request: Request) -> Reply:
        """The answer of an honest server."""
        return Reply(self.body(request))

    def body(self, _: Request | None = None) -> bytes:
        """The same bytes at each call."""
        dice = random.Random(self.number)
        return dice.randbytes(dice.randrange(1, 4000))

    async def ask(self, client: HttpClient, url: str) -> object:
        """Through the client alone."""
        return await client.get(f"{url}/{self.symbol}", provider="binance_archive", max_bytes=1 << 20)

    def lie(self, found: object) -> str | None:
        """What is wrong with a result, in words."""
        assert isinstance(found, HttpResponse)
        return None if found.body == self.body() else "another body"


class ArchiveCall(Call):
    """An object of the archive with its CHECKSUM."""

    faults = (*ON_THE_LINE, *WHOLE_BUT_WRONG, _flipped)

    @property
    def name(self) -> str:
        """The object's."""
        return f"{self.symbol}-1h-2025-01-01.zip"

    def truth(self, request: Request) -> Reply:
        body = self.body()
        is_checksum = request.path.endswith(".CHECKSUM")
        return Reply(f"{hashlib.sha256(body).hexdigest()}  {self.name}\n".encode() if is_checksum else body)

    async def ask(self, client: HttpClient, url: str) -> object:
        body = self.body()
        key = f"data/spot/daily/klines/{self.symbol}/1h/{self.name}"
        listed = BulkObject(key, "2025-01-01", len(body), None, hashlib.md5(body, usedforsecurity=False).hexdigest())
        return await BinanceArchive(client, url, url).fetch(listed, with_checksum=self.number % 3 > 0)

    def lie(self, found: object) -> str | None:
        assert isinstance(found, FetchedObject)
        if found.sha256 != hashlib.sha256(found.body).hexdigest():
            return "a digest of other bytes"
        if found.body == self.body():
            return None
        return "other bytes that are said to match" if found.checksum == "match" else None


class ListingCall(Call):
    """A listing of seven days."""

    faults = (*ON_THE_LINE, *WHOLE_BUT_WRONG)

    @property
    def series(self) -> Series:
        """Whose objects are listed."""
        return Series("spot", "klines", self.symbol, "1h")

    def body(self, _: Request | None = None) -> bytes:
        names = [f"{series_prefix(self.series, 'daily')}{self.symbol}-1h-{day}.zip" for day in DAYS]
        keys = "".join(f"<Contents><Key>{name}</Key><Size>9</Size></Contents>" for name in names)
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>"
        return xml.encode()

    async def ask(self, client: HttpClient, url: str) -> object:
        return await BinanceArchive(client, url, url).objects(self.series, "daily", first=DAYS[0], last=DAYS[-1])

    def lie(self, found: object) -> str | None:
        assert isinstance(found, list)
        return None if [one.date_key for one in found] == list(DAYS) else f"{len(found)} objects of {len(DAYS)}"


class KlinesCall(Call):
    """Bars of REST, a page or two."""

    faults = (*ON_THE_LINE, *WHOLE_BUT_WRONG, _rows_changed, _rows_changed)

    def rows(self) -> list[list[object]]:
        """All bars that there are."""
        opens = [int((START + at * HOUR).timestamp() * 1000) for at in range(20 + self.number % 1500)]
        return [[one, "1", "2", "0.5", "1.5", "7", one + 3_599_999, "9", 3, "2", "3", "0"] for one in opens]

    def body(self, request: Request | None = None) -> bytes:
        assert request is not None
        first, last, most = (int(request.query[name]) for name in ("startTime", "endTime", "limit"))
        inside = [row for row in self.rows() if first <= int(str(row[0])) <= last]
        return json.dumps(inside[:most]).encode()

    async def ask(self, client: HttpClient, url: str) -> object:
        series = Series("spot", "klines", self.symbol, "1h")
        window = Window(START, START + len(self.rows()) * HOUR)
        return await BinanceRest(client, {"spot": url}).klines(series, window, now=START + timedelta(days=365))

    def lie(self, found: object) -> str | None:
        assert isinstance(found, list)
        mine = {json.dumps(row) for row in self.rows()}
        pages: list[Page] = found
        sent = [json.dumps(row) for page in pages for row in json.loads(page.body)]
        foreign = len(set(sent) - mine)
        return f"{foreign} rows that the market does not have" if foreign else None


KINDS = (Call, ArchiveCall, ListingCall, KlinesCall)
