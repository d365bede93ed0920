"""Bad input through the real command: one clear line, the right exit status, and nothing lost."""

import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate import FolderMarket, LoopbackExchange
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import Mirror, coarse, made_day
from bcdata_tests.run import ARCHIVE, Lake, pointed_at, tree, utc
from bcdata_tests.small_disk import fill
from bcdata_tests.world import BARS_BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
GOOD = materialize(D, "BTCUSDT", DAYS[0], DAYS[2])
USAGE = {
    "unknown dataset": (materialize("spot_klines_1x", "BTCUSDT", DAYS[0], DAYS[0]), "spot_klines_1"),
    "unknown symbol": (materialize(D, "BTCUSDD", DAYS[0], DAYS[0]), "did you mean BTCUSDT"),
    "no symbol": (materialize(D, ",", DAYS[0], DAYS[0]), "no symbols"),
    "an instant for a key": (materialize(D, "BTCUSDT", "2025-01-01T00", DAYS[0]), "YYYY-MM-DD"),
    "no date": (materialize(D, "BTCUSDT", "2025-02-30", "2025-02-30"), "is not a date"),
    "nonsense for a key": (materialize(D, "BTCUSDT", "january", DAYS[0]), "january"),
    "reversed range": (materialize(D, "BTCUSDT", DAYS[2], DAYS[0]), "reversed"),
    "future": (materialize(D, "BTCUSDT", DAYS[0], "2030-01-01"), "future"),
    "before the start": (materialize(D, "BTCUSDT", "2024-12-31", DAYS[0]), "starts at"),
    "slashes in the symbol": (materialize(D, "BTC/US/DT", DAYS[0], DAYS[0]), "BTC/US/DT"),
    "dots in the symbol": (materialize(D, "../../etc", DAYS[0], DAYS[0]), "no symbols like ../../etc"),
    "a bar in the symbol": (materialize(D, "BTC|USDT", DAYS[0], DAYS[0]), "BTC|USDT"),
    "non-ASCII, not listed": (materialize(D, "币安人生USDT", DAYS[0], DAYS[0]), "币安人生USDT"),
    "unknown zone": ([*GOOD, "--until", "gold"], "gold"),
    "unknown option": ([*GOOD, "--fast"], "--fast"),
    "unknown dataset in gaps": (["gaps", "--dataset", "nope"], "nope"),
    "unknown status": (["gaps", "--dataset", D, "--status", "lost"], "lost"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, dict[str, str]]]:
    """A good lake, and its files as they are before any bad command."""
    folder = tmp_path_factory.mktemp("bad_input")
    mirror = Mirror(folder / "archive")
    for day in DAYS:
        mirror.put_day("BTCUSDT", day, made_day(day))
    market = FolderMarket(mirror.root)
    with (
        LoopbackExchange(market, now=utc("2025-03-01")) as exchange,
        pointed_at(exchange.environment(), folder / "state") as variables,
    ):
        world = World(mirror, mirror, market, exchange, folder, variables)
        command = Command.of(world, BARS_BY_DAY, "good")
        assert world.lake(BARS_BY_DAY, name="good/lake").materialize(D, "BTCUSDT", DAYS[0], DAYS[2]).ok
        yield command, tree(command.root)


@pytest.mark.parametrize("what", USAGE)
def test_what_cannot_be_meant_is_refused_with_status_2_and_changes_nothing(
    kept: tuple[Command, dict[str, str]], what: str
) -> None:
    command, before = kept
    done = command.here(USAGE[what][0])
    assert done.returncode == 2, done.stderr
    assert USAGE[what][1] in done.stderr
    assert "Traceback" not in done.stderr
    if "option" not in what and "zone" not in what:
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("bcdata: ")
    assert tree(command.root) == before


@pytest.fixture
def good(world: World) -> Command:
    """A lake that holds a day already, while the next two wait in the archive; hours and days lie beside them."""
    for day in DAYS:
        rows = made_day(day)
        world.mirror.put_day("BTCUSDT", day, rows)
        world.mirror.put_day("BTCUSDT", day, coarse(rows), interval="1h")
        world.mirror.put_day("BTCUSDT", day, coarse(rows, 1440), interval="1d")
    command = Command.of(world, BARS_BY_DAY, "cli", BCDATA_HTTP_ATTEMPTS="2")
    assert world.lake(BARS_BY_DAY, name="cli/lake").materialize(D, "BTCUSDT", DAYS[0]).ok
    return command


def assert_failed(done: subprocess.CompletedProcess[str], word: str, *, lines: int = 1) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= lines, done.stderr


def assert_kept(command: Command, before: dict[str, str]) -> None:
    assert before.items() <= tree(command.root).items()


def test_a_catalog_with_a_typo_names_the_line(good: Command) -> None:
    before = tree(good.root)
    (good.folder / "catalog.yaml").write_text(BARS_BY_DAY.replace("symbols", "symbls"))
    done = good.run(GOOD)
    assert done.returncode == 2
    assert "catalog.yaml:6" in done.stderr
    assert "symbols" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(good.root) == before


def test_an_unreachable_server(good: Command) -> None:
    before = tree(good.root)
    nowhere = {name: "http://127.0.0.1:9" for name in good.variables if name.startswith("BCDATA_BINANCE_")}
    done = Command(good.folder, {**good.variables, **nowhere}).run(GOOD)
    assert_failed(done, "BCDATA_BINANCE_")
    assert tree(good.root) == before


PAGES = {
    "HTML": b"<!DOCTYPE html><html><body>Welcome to our hotel's network</body></html>",
    "JSON": b'{"retry": "later"}',
    "nothing": b"",
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult><Name>&a;</Name></ListBucketResult>',
}


@pytest.fixture
def liar() -> Iterator[HTTPServer]:
    """A server that answers everything with status 200 and its `page`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page: bytes = self.server.page  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def lies(liar: HTTPServer, what: str, command: Command) -> dict[str, str]:
    """All addresses, pointed at the liar."""
    liar.page = PAGES[what]  # type: ignore[attr-defined]
    url = f"http://127.0.0.1:{liar.server_port}"
    return {name: url for name in command.variables if name.startswith("BCDATA_BINANCE_")}


@pytest.mark.slow
def test_a_lying_server(good: Command, liar: HTTPServer) -> None:
    before = tree(good.root)
    done = Command(good.folder, {**good.variables, **lies(liar, "HTML", good)}).run(GOOD)
    assert_failed(done, "BCDATA_BINANCE_LISTING_URL")
    assert tree(good.root) == before


@pytest.mark.parametrize("what", PAGES)
def test_lies_are_failures_that_name_the_address(
    world: World, good: Command, liar: HTTPServer, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = tree(good.root)
    for name, url in lies(liar, what, good).items():
        monkeypatch.setenv(name, url)
    ran = world.lake(BARS_BY_DAY, name="cli/lake").materialize(D, "BTCUSDT", DAYS[0], DAYS[2])
    raw = ran.of(Zone.RAW, ARCHIVE).values()
    assert {outcome.state for outcome in raw} == {State.FAILED}
    assert all("BCDATA_BINANCE_LISTING_URL" in outcome.verdict.summary() for outcome in raw)
    assert not ran.ok
    assert tree(good.root) == before


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(
    world: World, good: Command, small_disk: Path, room: int
) -> None:
    """Without any room the command does not begin; with a little it fails on the way."""
    whole = world.lake(BARS_BY_DAY, name="cli/lake")
    shutil.copytree(good.root, small_disk / "lake")
    command = Command(good.folder, {**good.variables, "BCDATA_ROOT": str(small_disk / "lake")})
    before = tree(command.root)
    ballast = fill(small_disk, but=room)
    assert_failed(command.run(GOOD), "cannot use", lines=5)
    assert_kept(command, before)
    ballast.unlink()
    rest = Lake(command.root, whole.now, whole.catalog)
    for lake in (rest, whole):
        assert lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2]).troubles == []
    assert tree(command.root) == tree(good.root)


def test_a_read_only_root(good: Command) -> None:
    before = tree(good.root)
    bound = subprocess.run(["mount", "--bind", str(good.root), str(good.root)], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip(f"no read-only file system can be made here: {bound.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(good.root)], check=True)
        done = good.run(GOOD)
        reading = good.run(["query", "SELECT count(*) FROM spot_klines_1m", "--json"])
    finally:
        subprocess.run(["umount", str(good.root)], check=True)
    assert_failed(done, "read-only")
    assert reading.returncode == 0, reading.stderr
    assert "1440" in reading.stdout
    assert tree(good.root) == before


def test_a_file_where_the_root_should_be(good: Command) -> None:
    (good.folder / "file").write_text("mine")
    done = Command(good.folder, {**good.variables, "BCDATA_ROOT": str(good.folder / "file")}).run(GOOD)
    assert_failed(done, "a file stands where a folder is needed")
    assert (good.folder / "file").read_text() == "mine"
