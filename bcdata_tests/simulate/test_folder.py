"""A folder served as the archive."""

import os
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bcdata.errors import UsageError
from bcdata.simulate import FolderMarket, LoopbackExchange
from bcdata.simulate.binance.market.rows import kline_rows
from bcdata.simulate.binance.market.zips import make_zip, read_zip
from bcdata_tests.simulate.client import get, ms, utc

DAY = "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-03-{:02d}.zip"


def csv(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    return [line.split(",") for line in lines if line[0].isdigit()]


def put(root: Path, key: str, content: str, member: str | None = None) -> None:
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    name = member or path.name.replace(".zip", ".csv")
    path.write_bytes(make_zip(name, content.encode(), datetime(2024, 1, 1, tzinfo=UTC)))


def line(opening: int, price: str, length: int = 60_000) -> str:
    return f"{opening},{price},{price},{price},{price},1.00000000,{opening + length - 1},2.0,3,0.5,1.0,0\n"


def test_objects_are_the_files(mirror: LoopbackExchange, vision: Path) -> None:
    for number in range(20, 26):
        for key in (DAY.format(number), DAY.format(number) + ".CHECKSUM"):
            assert get(f"{mirror.url}/archive/{key}").body == (vision / key).read_bytes()


def test_rest_pages_are_the_archives_rows(mirror: LoopbackExchange, vision: Path) -> None:
    """Paged as clients do, over the outage of 2023-03-24 and a midnight."""
    start, end = ms("2023-03-24"), ms("2023-03-26") - 1
    rows, at = [], start
    while True:
        found = get(f"{mirror.url}/spot/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=at, endTime=end,
                    limit=1000).json  # fmt: skip
        rows += found
        if len(found) < 1000:
            break
        at = found[-1][0] + 1
    truth = [row for number in (24, 25) for row in csv(vision / DAY.format(number))]
    assert len(truth) == 2 * 1440 - 80
    assert [[str(value) for value in row] for row in rows] == truth


def test_futures_and_microseconds_come_in_milliseconds(mirror: LoopbackExchange, vision: Path) -> None:
    for venue, path in (("spot/api/v3", "spot"), ("um/fapi/v1", "futures/um")):
        file = vision / f"data/{path}/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-01-02.zip"
        found = get(f"{mirror.url}/{venue}/klines", symbol="BTCUSDT", interval="1m", limit=2,
                    startTime=ms("2025-01-02")).json  # fmt: skip
        first = csv(file)[0]
        assert found[0][0] == ms("2025-01-02")
        assert found[0][6] == ms("2025-01-02T00:01") - 1
        assert [str(value) for value in found[0][1:6]] == first[1:6]


def test_funding_out_of_files(mirror: LoopbackExchange, vision: Path) -> None:
    folder = vision / "data/futures/um/monthly/fundingRate/BTCUSDT"
    truth = [(int(row[0]), float(row[2])) for path in sorted(folder.glob("*.zip")) for row in csv(path)]
    found = get(f"{mirror.url}/um/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=truth[0][0], limit=1000).json
    assert [(row["fundingTime"], float(row["fundingRate"])) for row in found] == truth[:1000]
    assert all(row["symbol"] == "BTCUSDT" for row in found)


@pytest.mark.parametrize(
    "path",
    [
        "/archive/../README.md",
        "/archive/%2e%2e/README.md",
        "/archive/data/%2e%2e/%2e%2e/README.md",
        "/archive/..%2fREADME.md",
        "/archive//etc/passwd",
        "/archive/%2Fetc%2Fpasswd",
        "/archive/data/spot/",
        "/archive/data%00",
        "/archive/",
        "/archive/./data//link/README.md",
        "/archive/data/link/README.md",
    ],
)
def test_no_way_out_of_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "README.md").write_text("not for the world")
    root = tmp_path / "tree"
    (root / "data" / "spot").mkdir(parents=True)
    (root / "data" / "link").symlink_to(tmp_path)
    with LoopbackExchange(FolderMarket(root)) as exchange:
        assert get(exchange.url + path).status == 404
        assert b"README" not in get(f"{exchange.url}/listing", prefix="../").body
        assert b"README" not in get(f"{exchange.url}/listing", prefix="data/link/").body


def test_a_days_own_file_wins_over_its_month(tmp_path: Path) -> None:
    first, second = ms("2023-03-01"), ms("2023-03-02")
    put(tmp_path, "data/spot/monthly/klines/XUSDT/1d/XUSDT-1d-2023-03.zip",
        line(first, "1.0", 86_400_000) + line(second, "2.0", 86_400_000))  # fmt: skip
    put(tmp_path, "data/spot/daily/klines/XUSDT/1d/XUSDT-1d-2023-03-02.zip", line(second, "3.0", 86_400_000))
    with LoopbackExchange(FolderMarket(tmp_path)) as exchange:
        url = f"{exchange.url}/spot/api/v3/klines"
        assert [row[1] for row in get(url, symbol="XUSDT", interval="1d").json] == ["1.0", "3.0"]
        assert [row[1] for row in get(url, symbol="XUSDT", interval="1d", limit=1).json] == ["3.0"]
        assert get(url, symbol="XUSDT", interval="1d", startTime=second + 1).json == []
        assert get(url, symbol="XUSDT", interval="1m").json == []
        assert get(url, symbol="YUSDT", interval="1m").json == {"code": -1121, "msg": "Invalid symbol."}


def test_holes_can_be_cut_into_the_archive_alone(tmp_path: Path, vision: Path) -> None:
    key = DAY.format(24)
    (tmp_path / key).parent.mkdir(parents=True)
    shutil.copy(vision / DAY.format(25), tmp_path / DAY.format(25))
    market = FolderMarket(tmp_path, rest_source=vision, last_modified={DAY.format(25): utc("2023-03-26T08:00")})
    with LoopbackExchange(market) as exchange:
        assert get(f"{exchange.url}/archive/{key}").status == 404
        reply = get(f"{exchange.url}/archive/{DAY.format(25)}")
        assert reply.headers["Last-Modified"] == "Sun, 26 Mar 2023 08:00:00 GMT"
        rows = get(f"{exchange.url}/spot/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=5,
                   startTime=ms("2023-03-24")).json  # fmt: skip
        assert [[str(value) for value in row] for row in rows] == csv(vision / key)[:5]


def test_a_changed_file_is_a_changed_object(tmp_path: Path) -> None:
    key = "data/spot/daily/klines/XUSDT/1m/XUSDT-1m-2023-03-01.zip"
    put(tmp_path, key, line(ms("2023-03-01"), "1.0"))
    with LoopbackExchange(FolderMarket(tmp_path)) as exchange:
        url = f"{exchange.url}/spot/api/v3/klines"
        before = get(f"{exchange.url}/listing").body
        assert get(url, symbol="XUSDT", interval="1m").json[0][1] == "1.0"
        put(tmp_path, key, line(ms("2023-03-01"), "2.0"))
        os.utime(tmp_path / key, (2_000_000_000, 2_000_000_000))
        assert get(url, symbol="XUSDT", interval="1m").json[0][1] == "2.0"
        after = get(f"{exchange.url}/listing").body
        assert before != after
        assert b"2033-05-18T03:33:20.000Z" in after


def test_damaged_files_are_served_and_hold_no_rows(tmp_path: Path) -> None:
    key = "data/spot/daily/klines/XUSDT/1m/XUSDT-1m-2023-03-01.zip"
    put(tmp_path, key, line(ms("2023-03-01"), "1.0"))
    (tmp_path / key).write_bytes((tmp_path / key).read_bytes()[:50])
    with LoopbackExchange(FolderMarket(tmp_path)) as exchange:
        assert len(get(f"{exchange.url}/archive/{key}").body) == 50
        assert get(f"{exchange.url}/spot/api/v3/klines", symbol="XUSDT", interval="1m").json == []


def test_rows_are_sorted_and_single() -> None:
    content = "open_time,open\n" + line(120_000, "2") + line(60_000, "1") + line(120_000, "3") + "broken,row\n"
    assert [(row[0], row[1]) for row in kline_rows(content.encode())] == [(60_000, "1"), (120_000, "3")]


def test_symbols_of_a_folder(mirror: LoopbackExchange) -> None:
    shown = get(f"{mirror.url}/spot/api/v3/exchangeInfo").json["symbols"]
    pairs = {one["symbol"]: (one["baseAsset"], one["quoteAsset"]) for one in shown}
    assert pairs["ARBUSDT"] == ("ARB", "USDT")
    onboard = {
        one["symbol"]: one["onboardDate"] for one in get(f"{mirror.url}/um/fapi/v1/exchangeInfo").json["symbols"]
    }
    assert onboard["BTCUSDT"] <= ms("2020-01-01")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        FolderMarket(tmp_path / "nowhere")


def test_a_zip_is_read_as_it_was_made() -> None:
    assert read_zip(make_zip("a.csv", b"1,2\n", utc("2023-01-01"))) == ("a.csv", b"1,2\n")


def test_trading_has_ended_where_that_is_said(tmp_path: Path) -> None:
    for folder in ("spot", "futures/um"):
        put(tmp_path, f"data/{folder}/daily/klines/AUSDT/1h/AUSDT-1h-2024-01-01.zip", line(ms("2024-01-01"), "7"))
    market = FolderMarket(tmp_path, ended={(venue, "AUSDT"): utc("2024-01-01T09:00") for venue in ("spot", "um")})
    for now, spot, um in (("2024-01-01T08:59", "TRADING", "TRADING"), ("2024-01-01T09:00", "BREAK", "SETTLING")):
        with LoopbackExchange(market, now=utc(now)) as exchange:
            (shown,) = get(f"{exchange.url}/spot/api/v3/exchangeInfo").json["symbols"]
            assert shown["status"] == spot
            (shown,) = get(f"{exchange.url}/um/fapi/v1/exchangeInfo").json["symbols"]
            assert (shown["status"], shown["deliveryDate"]) == (um, ms("2024-01-01T09:00"))
