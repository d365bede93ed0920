"""The command: what it says, what it asks, and how it ends."""

import re
from pathlib import Path

import pytest

from bcdata.sizes import size
from bcdata_tests.adoption.folders import put
from bcdata_tests.adoption.january import CATALOG, DAYS, H, command, digest_of, hours, imported
from bcdata_tests.mirror import csv_of, day_key, zipped
from bcdata_tests.small_disk import fill
from bcdata_tests.world import World


def test_twice_changes_nothing_and_starts_no_run(january: World, mine: Path) -> None:
    one = command(january, mine)
    assert len(imported(one, mine)["runs"]) == 1
    before = digest_of(one.root)
    told = imported(one, mine)
    assert (told["runs"], told["datasets"][0]["files"], told["datasets"][0]["known"]) == ([], 0, 62)
    assert {name: one for name, one in digest_of(one.root).items() if "/.state/" not in name} == before


def test_a_dry_run_verifies_all_and_writes_nothing(january: World, mine: Path) -> None:
    one = command(january, mine)
    (mine / day_key("BTCUSDT", "2025-01-07", interval="1h")).write_bytes(b"")
    told = imported(one, mine, "--dry-run", status=1)
    assert (told["datasets"][0]["files"], told["reasons"], told["runs"]) == (61, {"unreadable": 1}, [])
    assert not one.root.exists()


def test_checksums_that_do_not_lie_beside_are_asked_for_alone(january: World, mine: Path) -> None:
    one = command(january, mine)
    for path in mine.rglob("*.CHECKSUM"):
        path.unlink()
    stranger = put(mine / "data/spot/daily/klines/BTCUSDT-1h-2025-02-03.zip", checksum=None)
    asked = len(january.asked())
    told = imported(one, mine, status=1)
    every = january.asked()[asked:]
    assert len(every) == 63
    assert all(path.endswith(".zip.CHECKSUM") for path in every)
    assert told["datasets"][0]["files"] == 62
    [misfit] = told["misfits"]
    assert (misfit["path"], misfit["reason"]) == (str(stranger.resolve()), "not_verified")
    assert "the archive has none" in misfit["text"]
    assert one.here(["import", str(mine), "--offline"]).returncode == 1, "what is there is verified all the same"


def test_an_archive_that_cannot_be_asked_is_asked_no_more(january: World, mine: Path) -> None:
    one = command(january, mine, BCDATA_BINANCE_ARCHIVE_URL="http://127.0.0.1:9", BCDATA_HTTP_RETRIES="0")
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for day in DAYS[:30]:
            (mine / f"{day_key(symbol, day, interval='1h')}.CHECKSUM").unlink()
    told = imported(one, mine, status=1)
    assert told["reasons"] == {"not_verified": 60}
    assert told["datasets"][0]["files"] == 2
    assert {misfit["text"].partition(":")[0] for misfit in told["misfits"]} == {
        "no checksum lies beside it, and the archive cannot be asked"
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nowhere"], 2, "there is no folder"),
        (["empty"], 1, "there is no zip"),
        (["lake/raw"], 2, "inside the lake"),
        (["mine", "--format", "tea"], 2, "there is no format 'tea'; it is one of binance"),
        (["mine", "--dataset", "um_klines_9m"], 2, "there is no dataset"),
        (["mine", "--dataset", "kraken_klines_1m"], 2, "is not made of such files"),
    ],
)
def test_what_cannot_be_meant_is_said(january: World, mine: Path, words: list[str], status: int, said: str) -> None:
    kraken = "  kraken_klines_1m: {grain: day, start: 2023-01-01, symbols: [XBTUSD], sources: [kraken_rest]}\n"
    one = command(january, mine, CATALOG + kraken)
    for place in ("empty", "lake/raw"):
        (one.folder / place).mkdir(parents=True)
    (one.folder / "mine").symlink_to(mine)
    done = one.here(["import", *words])
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_the_terminal_counts_reasons_and_shows_twenty_files_some_of_each(january: World, mine: Path) -> None:
    one = command(january, mine)
    for at in range(30):
        put(mine / f"a file {at:02}.zip")
    put(mine / "z/spot/daily/klines/BTCUSDT-5m-2025-01-01.zip")
    (mine / "notes.txt").touch()
    done = one.here(["import", str(mine)])
    assert done.returncode == 1
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "1 file passed over: no zip" in lines
    assert "31 files not adopted" in lines
    assert "name not understood 30 names look like BTCUSDT-1m-2023-01.zip" in lines
    absent = "the catalog has no dataset spot_klines_5m; add it there to have its files adopted"
    assert f"not in catalog 1 {absent}" in lines
    assert "the files: 20 of 31" in lines
    assert "z/spot/daily/klines/BTCUSDT-5m-2025-01-01.zip not in catalog" in lines
    assert "a file 18.zip name not understood" in lines
    assert "a file 19.zip name not understood" not in lines
    assert lines[-1].startswith(f"next: bcdata materialize {H}")


def test_names_that_would_command_the_terminal_are_shown_with_escapes(january: World, tmp_path: Path) -> None:
    put(tmp_path / "mine/\x1b[2Jtwo\nlines.zip")
    done = command(january, tmp_path / "mine").here(["import", str(tmp_path / "mine"), "--dry-run"])
    assert r"\x1b[2Jtwo\nlines.zip  name not understood" in done.stdout


def test_files_that_do_not_fit_on_the_disk_are_refused_with_both_figures(
    january: World, mine: Path, small_disk: Path
) -> None:
    """Of days and the month that has them too the catalog may need one alone: the smaller is what they take."""
    one = command(january, mine, BCDATA_ROOT=str(small_disk / "lake"))
    name = "BTCUSDT-1h-2025-01"
    month = zipped(f"{name}.csv", b"".join(csv_of(hours(day)) for day in DAYS))
    put(mine / f"data/spot/monthly/klines/BTCUSDT/1h/{name}.zip", month)
    days = {
        of: [path.stat().st_size for path in mine.rglob(f"{of}-1h-2025-01-??.zip")] for of in ("BTCUSDT", "ETHUSDT")
    }
    assert len(month) < sum(days["BTCUSDT"])
    ballast = fill(small_disk, but=4096)
    done = one.here(["import", str(mine)])
    needed, free = (re.escape(size(count)) for count in (len(month) + sum(days["ETHUSDT"]), 4096))
    said = f"bcdata: these files take at least {needed}, and {small_disk} has {free} free; make room, or .*\n"
    assert (done.returncode, bool(re.fullmatch(said, done.stderr))) == (1, True), done.stderr
    assert not one.root.exists()
    ballast.unlink()
    assert imported(one, mine)["datasets"][0]["files"] == 63
