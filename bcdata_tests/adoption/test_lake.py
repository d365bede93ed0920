"""What an import does to a lake: what it adopts is what a fetch would have brought, and what is there stays."""

import shutil
from pathlib import Path

import pytest

from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import DAMAGED, WITHDRAWN
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.adoption.folders import put
from bcdata_tests.adoption.january import CATALOG, DAYS, RAW, H, command, digest_of, hours, imported, manifest, zips
from bcdata_tests.command import materialize
from bcdata_tests.mirror import csv_of, day_key, zipped
from bcdata_tests.run import tree
from bcdata_tests.world import World, world_at

BY_DAY = CATALOG.replace("month", "day").replace("start: 2025-01", "start: 2025-01-01")
MONTH = materialize(H, "BTCUSDT,ETHUSDT", "2025-01", "2025-01")


def test_an_import_and_a_run_end_in_the_lake_of_a_run_alone(january: World, mine: Path) -> None:
    one, other = command(january, mine), command(january, mine / "fetched")
    assert other.here(MONTH).returncode == 0
    before, asked = digest_of(mine), len(january.asked())
    told = imported(one, mine)
    assert told["datasets"] == [
        {
            "dataset": H, "files": 62, "symbols": 2, "bytes": sum(path.stat().st_size for path in mine.rglob("*.zip")),
            "first": "2025-01-01", "last": "2025-01-31", "known": 0, "not_needed": 0,
        }
    ]  # fmt: skip
    assert (told["ok"], told["misfits"], len(told["runs"])) == (True, [], 1)
    assert digest_of(mine) == before
    assert january.asked()[asked:] == [], "checksums lie beside: nobody is asked"
    assert told["next"] == [f"bcdata materialize {H} --symbols BTCUSDT,ETHUSDT --from 2025-01 --to 2025-01"]
    assert one.here(told["next"][0].split()[1:]).returncode == 0
    assert zips(january.asked()[asked:]) == []
    assert tree(one.root) == tree(other.root)


def test_what_a_lake_has_stays_as_it_is(tmp_path: Path) -> None:
    """Of a lake of four days one was withdrawn, the folder lacks another, and has a third in other bytes."""
    with world_at(tmp_path / "world") as world:
        for day in DAYS[:4]:
            world.mirror.put_day("BTCUSDT", day, hours(day), interval="1h")
        one, mine = command(world, tmp_path / "mine"), tmp_path / "mine"
        run = materialize(H, "BTCUSDT", "2025-01", "2025-01", "--until", "raw")
        assert one.here(run).returncode == 0
        shutil.copytree(world.mirror.root / "data", mine / "data")
        world.mirror.remove(day_key("BTCUSDT", DAYS[0], interval="1h"))
        assert one.here(run).returncode == 0
        (mine / day_key("BTCUSDT", DAYS[0], interval="1h")).unlink()
        (mine / day_key("BTCUSDT", DAYS[1], interval="1h")).unlink()
        put(mine / day_key("BTCUSDT", DAYS[2], interval="1h"), zipped(f"BTCUSDT-1h-{DAYS[2]}.csv", b"1,2\n"))
        put(mine / day_key("BTCUSDT", DAYS[4], interval="1h"))
        before = manifest(one)
        told = imported(one, mine, status=1)
        after = manifest(one)
    assert told["reasons"] == {"other_bytes": 1}
    assert (told["datasets"][0]["files"], told["datasets"][0]["known"]) == (1, 1)
    assert after["objects"][:4] == before["objects"]
    assert WITHDRAWN in after["objects"][0]
    assert [one["date"] for one in after["objects"]] == DAYS[:5]
    told, still = before.pop("evidence"), after.pop("evidence")
    assert told["ended"]["files_to"].startswith(DAYS[4]), "which a file of that day refutes"
    assert still == {name: one for name, one in told.items() if name not in {"ended", "not_listed"}}
    assert {**after, "objects": 0, "fingerprint": 0} == {**before, "objects": 0, "fingerprint": 0}


def test_what_the_archive_published_again_is_fetched_by_the_next_run(tmp_path: Path) -> None:
    """A folder may hold versions of years ago: size and MD5 tell, and the imported one is kept as superseded."""
    with world_at(tmp_path / "world") as world:
        for day in DAYS:
            world.mirror.put_day("BTCUSDT", day, hours(day), interval="1h")
        shutil.copytree(world.mirror.root / "data", tmp_path / "mine" / "data")
        key = day_key("BTCUSDT", DAYS[6], interval="1h")
        put(tmp_path / "mine" / key, zipped(f"BTCUSDT-1h-{DAYS[6]}.csv", csv_of(hours(DAYS[6])[:20])))
        one = command(world, tmp_path / "mine")
        assert imported(one, tmp_path / "mine")["ok"]
        old = manifest(one)["objects"][6]
        assert one.here(materialize(H, "BTCUSDT", "2025-01", "2025-01")).returncode == 0
        assert [path.rpartition("/")[2] for path in zips(world.asked())] == [f"BTCUSDT-1h-{DAYS[6]}.zip"]
        after = manifest(one)
    assert [version["sha256"] for version in after["superseded"]] == [old["sha256"]]
    assert after["objects"][6]["sha256"] != old["sha256"]


def test_bytes_that_a_lake_has_lost_come_back(january: World, mine: Path) -> None:
    one = command(january, mine)
    imported(one, mine)
    before = manifest(one)
    lost = one.root / RAW.key(before["objects"][4]["file"])
    lost.unlink()
    told = imported(one, mine)
    assert (told["datasets"][0]["files"], told["datasets"][0]["known"]) == (1, 61)
    assert lost.exists()
    assert manifest(one) == before
    assert DAMAGED not in str(before)


def test_months_serve_the_days_that_lack_their_own(january: World, tmp_path: Path) -> None:
    mine, one = tmp_path / "mine", command(january, tmp_path / "mine", BY_DAY)
    for day in DAYS[:2]:
        body = zipped(f"BTCUSDT-1h-{day}.csv", csv_of(hours(day)))
        put(mine / day_key("BTCUSDT", day, interval="1h"), body)
    rows = [row for day in DAYS for row in hours(day)]
    month = "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01.zip"
    put(mine / month, zipped("BTCUSDT-1h-2025-01.csv", csv_of(rows)))
    told = imported(one, mine)
    assert told["datasets"][0]["files"] == 3
    store = Store(one.root)
    held = {day: archive_manifest(store, Partition("raw", H, "BTCUSDT", day, "binance_archive")) for day in DAYS}
    store.close()
    assert {day: [one["period"] for one in found["objects"]] for day, found in held.items() if found} == {
        day: ["daily"] if day in DAYS[:2] else ["monthly"] for day in DAYS
    }


EVERY = """
datasets:
  um_funding: {grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_metrics: {grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_mark_klines_1h: {grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}
  spot_agg_trades: {grain: day, start: 2025-01-01, symbols: [BTCUSDT], sources: [binance_archive]}
"""


def test_all_types_are_adopted_into_their_datasets_whatever_the_catalog_declares(
    january: World, tmp_path: Path
) -> None:
    mine, one = tmp_path / "mine", command(january, tmp_path / "mine", EVERY)
    um, name = "data/futures/um", "XYZUSDT"
    put(mine / f"{um}/monthly/fundingRate/{name}/{name}-fundingRate-2025-01.zip")
    put(mine / f"{um}/daily/metrics/{name}/{name}-metrics-2025-01-01.zip")
    put(mine / f"{um}/daily/markPriceKlines/{name}/1h/{name}-1h-2025-01-01.zip")
    put(mine / f"data/spot/daily/aggTrades/{name}/{name}-aggTrades-2025-01-01.zip")
    told = imported(one, mine)
    assert {found["dataset"]: found["files"] for found in told["datasets"]} == dict.fromkeys(
        ("spot_agg_trades", "um_funding", "um_mark_klines_1h", "um_metrics"), 1
    )
    assert len(told["runs"]) == 2, "one for each market and grain"
    assert len(told["next"]) == 3, "nothing makes rows of trades"
    assert imported(one, mine)["runs"] == []


@pytest.mark.one_in(3)
@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_file_that_comes_later_ends_in_the_same_lake(january: World, tmp_path: Path, late: int) -> None:
    """A month of settlements is read for the month after it, too."""
    mine, one = tmp_path / "mine", command(january, tmp_path / "mine", EVERY)
    other = command(january, tmp_path / "other", EVERY)
    names = [f"data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-0{at}.zip" for at in (1, 2)]
    days = ["2024-12-31", "2025-01-01", "2025-01-31", "2025-02-01"]
    names += [f"data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-{day}.zip" for day in days]
    paths = [put(mine / name) for name in names]
    assert imported(other, mine, status=1)["reasons"] == {"before_start": 1}
    assert sum(path.name.endswith(".zip") for path in (other.root / "raw").rglob("*")) > len(paths)
    hidden = paths[late::3]
    for path in hidden:
        path.rename(f"{path}.later")
    imported(one, mine, status=int(paths[2] not in hidden))
    for path in hidden:
        Path(f"{path}.later").rename(path)
    imported(one, mine, status=1)
    assert tree(one.root) == tree(other.root)
    assert imported(one, mine, status=1)["runs"] == []


def test_what_the_catalog_leaves_out_is_not_needed(january: World, tmp_path: Path) -> None:
    catalog = CATALOG.replace("features", "monthly_replaces_daily: true, features")
    mine, one = tmp_path / "mine", command(january, tmp_path / "mine", catalog)
    rows = [row for day in DAYS for row in hours(day)]
    month = "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01.zip"
    put(mine / month, zipped("BTCUSDT-1h-2025-01.csv", csv_of(rows)))
    for day in DAYS[:3]:
        put(mine / day_key("BTCUSDT", day, interval="1h"), zipped(f"BTCUSDT-1h-{day}.csv", csv_of(hours(day))))
    [found] = imported(one, mine)["datasets"]
    assert (found["files"], found["not_needed"]) == (1, 3)
