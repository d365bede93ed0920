"""A compressed answer is whole, or it is none."""

import asyncio
import gzip
import random
import zlib
from pathlib import Path

import pytest

from bcdata.errors import UnreachableError
from bcdata.net.answers import OversizeError
from bcdata.net.wire.encodings import decoder
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client

BODY = random.Random(1).randbytes(700_000)
GZIP, ZLIB = gzip.compress(BODY), zlib.compress(BODY)
RAW = ZLIB[2:-4]


def decoded(name: str, body: bytes, step: int = 10_000) -> bytes:
    decode = decoder(name)
    pieces = [piece for at in range(0, len(body), step) for piece in decode.feed(body[at : at + step])]
    decode.end()
    assert name in ("", "identity") or max(map(len, pieces), default=0) <= 1 << 18
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("name", "body"),
    [("", BODY), ("identity", BODY), ("gzip", GZIP), ("X-GZIP ", GZIP), ("deflate", ZLIB), ("deflate", RAW)],
)
@pytest.mark.parametrize("step", [1000, 1 << 20])
def test_whole_bodies(name: str, body: bytes, step: int) -> None:
    assert decoded(name, body, step) == BODY


def test_members_of_gzip_follow_one_another() -> None:
    assert decoded("gzip", GZIP + GZIP) == BODY + BODY


@pytest.mark.parametrize("name", ["gzip", "deflate"])
@pytest.mark.parametrize("lost", [1, 4, 8, 350_000, 0])
def test_a_cut_body_is_none(name: str, lost: int) -> None:
    body = {"gzip": GZIP, "deflate": ZLIB}[name]
    with pytest.raises(ValueError, match="cut off"):
        decoded(name, body[: len(body) - lost] if lost else b"")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip", BODY),
        ("gzip", GZIP[:-8] + bytes(8)),
        ("gzip", GZIP + b"more"),
        ("deflate", ZLIB + b"more"),
        ("deflate", ZLIB + ZLIB),
        ("deflate", ZLIB[:-4] + bytes(4)),
        ("br", BODY),
        ("gzip, gzip", GZIP),
    ],
)
def test_what_is_not_in_its_encoding_is_an_error(name: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|after the end|not asked for"):
        decoded(name, body)


def ask(state: Path, reply: Reply, max_bytes: int = 1 << 20) -> bytes:
    async def run() -> bytes:
        async with serving(lambda _: reply) as server, client(state) as one:
            return (await one.get(f"{server.url}/x", provider="test", max_bytes=max_bytes)).body

    return asyncio.run(run())


def test_the_client_takes_no_half_of_a_body_for_the_whole(tmp_path: Path) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert ask(tmp_path, Reply(GZIP, headers=headers)) == BODY
    with pytest.raises(UnreachableError, match="not whole: its gzip was cut off"):
        ask(tmp_path, Reply(GZIP[:-100_000], headers=headers))


def test_what_inflates_without_end_is_not_inflated_to_its_end(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200 << 20), 1)
    with pytest.raises(OversizeError):
        ask(tmp_path, Reply(bomb, headers={"Content-Encoding": "gzip"}))
