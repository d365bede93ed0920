"""Every kind of fault as a client sees it."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from hashlib import sha256

import pytest

from bcdata.simulate import Fault, LoopbackExchange
from bcdata.simulate.binance.market.zips import make_zip, read_zip
from bcdata.simulate.faults import FaultPlan
from bcdata_tests.simulate.client import get, get_within, ms, read_page, utc

KEY = "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01-02.zip"
FOLDER = KEY.rpartition("/")[0] + "/"
ZIP, SUM = r"01-02\.zip$", r"01-02\.zip\.CHECKSUM$"
KLINES = "/spot/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1672617600000&limit=5"


def fetch(exchange: LoopbackExchange, key: str = KEY) -> bytes:
    reply = get(f"{exchange.url}/archive/{key}")
    assert reply.status == 200
    return reply.body


def checksum(exchange: LoopbackExchange) -> str:
    return fetch(exchange, KEY + ".CHECKSUM").decode().split()[0]


def listed(exchange: LoopbackExchange) -> dict[str, dict[str, str]]:
    page = read_page(get(f"{exchange.url}/listing", prefix=FOLDER).body)
    return {entry["Key"]: entry for entry in page.contents}


def test_latency(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(ZIP, "latency", seconds=0.3))
    before = time.monotonic()
    whole = fetch(exchange)
    assert time.monotonic() - before >= 0.3
    assert sha256(whole).hexdigest() == checksum(exchange)


def test_a_slow_answer_holds_up_nobody_else(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(ZIP, "stall"))
    with socket.create_connection(("127.0.0.1", int(exchange.url.rpartition(":")[2]))) as stalled:
        stalled.sendall(f"GET /archive/{KEY} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert stalled.recv(10)
        assert checksum(exchange)


def test_reset(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(ZIP, "reset"))
    with pytest.raises(ConnectionResetError):
        fetch(exchange)
    assert exchange.requests[-1].status == 200
    assert 0 < exchange.requests[-1].sent < len(fetch_after_removing(exchange))


def fetch_after_removing(exchange: LoopbackExchange) -> bytes:
    with LoopbackExchange(exchange.market, now=exchange.now) as sound:
        return fetch(sound)


def test_truncate(exchange: LoopbackExchange) -> None:
    whole = fetch(exchange)
    exchange.add(Fault(ZIP, "truncate"))
    with pytest.raises(http.client.IncompleteRead) as caught:
        fetch(exchange)
    assert caught.value.partial == whole[: len(whole) // 2]
    assert caught.value.expected == len(whole) - len(whole) // 2


def test_truncate_silently(exchange: LoopbackExchange) -> None:
    whole = fetch(exchange)
    exchange.add(Fault(ZIP, "truncate_silently"))
    assert fetch(exchange) == whole[: len(whole) // 2]


def test_stall_until_the_client_leaves(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(ZIP, "stall", times=1))
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        get_within(0.3, f"{exchange.url}/archive/{KEY}")
    assert time.monotonic() - before >= 0.3
    assert fetch(exchange)


def test_a_stalled_client_does_not_keep_the_exchange_from_ending(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(ZIP, "stall"))
    with LoopbackExchange(exchange.market, now=exchange.now, faults=[Fault(ZIP, "stall")]) as other:
        stalled = socket.create_connection(("127.0.0.1", int(other.url.rpartition(":")[2])))
        stalled.sendall(f"GET /archive/{KEY} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert stalled.recv(10)
        before = time.monotonic()
    assert time.monotonic() - before < 2
    stalled.close()


def test_garbage_is_the_same_every_time(exchange: LoopbackExchange) -> None:
    whole = fetch(exchange)
    exchange.add(Fault(ZIP, "garbage", flips=5))
    bad = fetch(exchange)
    assert len(bad) == len(whole)
    assert sum(one != other for one, other in zip(bad, whole, strict=True)) == 5
    assert fetch(exchange) == bad


def test_a_checksum_that_lies(exchange: LoopbackExchange) -> None:
    truth = checksum(exchange)
    exchange.add(Fault("01-02", "wrong_checksum", times=1))
    assert sha256(fetch(exchange)).hexdigest() == truth
    lie = fetch(exchange, KEY + ".CHECKSUM").decode()
    assert lie.endswith("  BTCUSDT-1h-2023-01-02.zip\n")
    assert len(lie.split()[0]) == 64
    assert lie.split()[0] != truth
    assert checksum(exchange) == truth


def test_republished(exchange: LoopbackExchange) -> None:
    before = listed(exchange)
    other = make_zip("BTCUSDT-1h-2023-01-02.csv", b"other rows\n", utc("2023-05-01"))
    exchange.add(Fault(ZIP, "republish", body=other, last_modified=utc("2023-05-02T10:00")))
    assert fetch(exchange) == other
    assert checksum(exchange) == sha256(other).hexdigest()
    reply = get(f"{exchange.url}/archive/{KEY}")
    after = listed(exchange)
    assert reply.headers["Last-Modified"] == "Tue, 02 May 2023 10:00:00 GMT"
    assert after[KEY]["ETag"] == reply.headers["ETag"] != before[KEY]["ETag"]
    assert after[KEY]["LastModified"] == after[KEY + ".CHECKSUM"]["LastModified"] == "2023-05-02T10:00:00.000Z"
    assert int(after[KEY]["Size"]) == len(other)
    unchanged = [key for key in before if "01-02" not in key]
    assert unchanged
    assert [after[key] for key in unchanged] == [before[key] for key in unchanged]


@pytest.mark.parametrize("venue", ["spot", "futures/um"])
def test_half_a_day(exchange: LoopbackExchange, venue: str) -> None:
    key = KEY.replace("spot", venue)
    whole = read_zip(fetch(exchange, key))[1].splitlines()
    exchange.add(Fault(ZIP, "half_day"))
    half = fetch(exchange, key)
    member, content = read_zip(half)
    assert member == "BTCUSDT-1h-2023-01-02.csv"
    assert content.splitlines() == whole[: len(whole) - 12]
    assert sha256(half).hexdigest() == fetch(exchange, key + ".CHECKSUM").decode().split()[0]


@pytest.mark.parametrize("unlisted", [True, False])
def test_missing(exchange: LoopbackExchange, unlisted: bool) -> None:
    exchange.add(Fault(ZIP, "missing", unlisted=unlisted))
    reply = get(f"{exchange.url}/archive/{KEY}")
    assert reply.status == 404
    assert b"NoSuchKey" in reply.body
    assert (KEY in listed(exchange)) == (not unlisted)
    assert KEY + ".CHECKSUM" in listed(exchange)
    assert checksum(exchange)


def test_a_checksum_alone_missing(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(SUM, "missing"))
    assert get(f"{exchange.url}/archive/{KEY}.CHECKSUM").status == 404
    assert fetch(exchange)
    assert KEY + ".CHECKSUM" not in listed(exchange)


@pytest.mark.parametrize("status", [429, 418, 451, 500, 503])
def test_status(exchange: LoopbackExchange, status: int) -> None:
    exchange.add(Fault("GET ", "status", status=status, retry_after=7))
    rest = get(exchange.url + KLINES)
    assert (rest.status, rest.headers["Retry-After"]) == (status, "7")
    assert set(rest.json) == {"code", "msg"}
    archive = get(f"{exchange.url}/archive/{KEY}")
    assert archive.status == status
    assert archive.headers["Content-Type"] == "application/xml"


def bodies(rows: list[list[int | str]]) -> list[object]:
    return [row[1:6] for row in rows]


def opens(rows: list[list[object]]) -> list[object]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("empty", lambda rows, _: rows == []),
        ("duplicate_rows", lambda rows, true: rows == [row for row in true for _ in range(2)]),
        ("unsorted_rows", lambda rows, true: rows == true[::-1]),
        ("extra_rows", lambda rows, true: rows[5:] == true and [row[0] + 3_600_000 for row in rows[:5]] == opens(true)),
        (
            "wrong_range",
            lambda rows, true: (
                [row[0] + 86_400_000 for row in rows] == [row[0] for row in true]
                and [row[6] + 86_400_000 for row in rows] == [row[6] for row in true]
                and bodies(rows) == bodies(true)
            ),
        ),
        (
            "unfinished_rows",
            lambda rows, true: (
                rows[:-1] == true and rows[-1][0] == ms("2023-07-04") and rows[-1][6] == ms("2023-07-04T00:01") - 1
            ),
        ),
    ],
)
def test_rows(exchange: LoopbackExchange, kind: str, seen: Callable[..., bool]) -> None:
    true = get(exchange.url + KLINES).json
    assert len(true) == 5
    exchange.add(Fault("", kind, times=1))  # type: ignore[arg-type]
    fetch(exchange)  # concerns no row fault
    assert seen(get(exchange.url + KLINES).json, true)
    assert get(exchange.url + KLINES).json == true


def test_rows_of_funding(exchange: LoopbackExchange) -> None:
    url = f"{exchange.url}/um/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3"
    true = get(url).json
    exchange.add(Fault("fundingRate", "wrong_range", times=1))
    assert [row["fundingTime"] + 86_400_000 for row in get(url).json] == [row["fundingTime"] for row in true]
    exchange.add(Fault("fundingRate", "unfinished_rows", times=1))
    assert get(url).json == true
    exchange.add(Fault("fundingRate", "empty", times=1))
    assert get(url).json == []


def test_a_page_for_people(exchange: LoopbackExchange) -> None:
    exchange.add(Fault("klines", "html", times=1))
    reply = get(exchange.url + KLINES)
    assert reply.status == 200
    assert reply.body.startswith(b"<!DOCTYPE html>")


def test_times_and_after() -> None:
    fault = Fault("x", "reset", times=2, after=1)
    plan = FaultPlan((fault,))
    assert [bool(plan.strike(line)) for line in ("x", "y", "x", "x", "x", "x")] == [
        False, False, True, True, False, False]  # fmt: skip
    plan.remove(fault)
    plan.remove(fault)
    assert not plan


def test_faults_are_chosen_by_path_and_query(exchange: LoopbackExchange) -> None:
    exchange.add(Fault(r"^GET /spot/api/v3/klines\?.*symbol=币", "empty"))
    url = f"{exchange.url}/spot/api/v3/klines"
    assert get(url, symbol="币安人生USDT", interval="1h").json == []
    assert len(get(url, symbol="BTCUSDT", interval="1h").json) == 500


def test_faults_add_up_and_are_taken_back(exchange: LoopbackExchange) -> None:
    slow, short = Fault(ZIP, "latency", seconds=0.2), Fault(ZIP, "truncate_silently")
    whole = fetch(exchange)
    exchange.add(slow)
    exchange.add(short)
    before = time.monotonic()
    assert len(fetch(exchange)) == len(whole) // 2
    assert time.monotonic() - before >= 0.2
    exchange.remove(slow)
    exchange.remove(short)
    assert fetch(exchange) == whole


def test_an_error_is_not_damaged_further(exchange: LoopbackExchange) -> None:
    exchange.add(Fault("klines", "empty"))
    reply = get(f"{exchange.url}/spot/api/v3/klines", symbol="NOPE", interval="1m")
    assert json.loads(reply.body)["code"] == -1121
