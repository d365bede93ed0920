"""The scrub of published files names what is lost, put back or nobody's, and the next run brings back every byte."""

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import bcdata
from bcdata.errors import StoreError
from bcdata.healing.scrub_published import verify_published
from bcdata.healing.scrub_report import Issue, ScrubReport
from bcdata.instruments.update import read_universe, update
from bcdata.pipeline.context import open_own
from bcdata.pipeline.halts import halt_rows, watch
from bcdata.pipeline.records.findings import standing
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Zone
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.objects import STATE
from bcdata.store.sealed import seal, unseal
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, Ran, tree, utc
from bcdata_tests.world import BY_DAY, D, World, copied, world_at

DAYS = ("2025-01-01", "2025-01-02")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days with all that is made of them, halts and the universe."""
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world, pytest.MonkeyPatch.context() as patch:
        for day in DAYS:
            world.mirror.put_day("BTCUSDT", day, made_day(day))
        lake = world.lake(BY_DAY)
        assert run(lake).ok
        patch.setenv("BCDATA_ROOT", str(lake.root))
        with open_own(lake.catalog, lake.now) as context:
            update(context, "spot")
        store = Store(lake.root)
        assert list(watch(store, lake.catalog[D]))
        store.close()
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake(BY_DAY)


def run(lake: Lake) -> Ran:
    return lake.run(lake.plan(D, "BTCUSDT", *DAYS), only=tuple(Zone))


def swept(lake: Lake) -> ScrubReport:
    summary = ScrubReport(D)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCDATA_ROOT", str(lake.root))
        with open_own(lake.catalog, lake.now) as context:
            for one in verify_published(context, lake.catalog[D]):
                summary.add(one)
    return summary


def file(lake: Lake, zone: str, day: str = DAYS[0]) -> Path:
    return lake.root / Partition(zone, D, "BTCUSDT", day).key()


def test_a_whole_lake_has_no_problems(lake: Lake) -> None:
    assert swept(lake).problems == []


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def reshape(manifest: Path) -> None:
    """A sound seal around what no digest looks like."""
    value = unseal(manifest.read_bytes())
    assert value
    for log in value["dates"].values():
        for one in log[-1]["files"].values():
            one["columns"] |= {name: [[0, "x", None]] for name in one["columns"]}
            one["size"] = math.inf
    manifest.write_bytes(seal(value))


HARMS: dict[str, tuple[Callable[[Lake], object], Issue]] = {
    "a file": (lambda lake: file(lake, "features").unlink(), Issue.MISSING),
    "bars": (lambda lake: file(lake, "merged").unlink(), Issue.MISSING),
    "a symbol": (lambda lake: [shutil.rmtree(file(lake, z).parents[1]) for z in ("merged", "gaps")], Issue.MISSING),
    "a zone": (lambda lake: shutil.rmtree(lake.root / "features"), Issue.MISSING),
    "a folder in place of a file": (
        lambda lake: (file(lake, "features").unlink(), (file(lake, "features") / "x").mkdir(parents=True)),
        Issue.MISSING,
    ),
    "a pipe in place of a file": (lambda lake: pipe(file(lake, "features")), Issue.MISSING),
    "pipes in place of bars and ledger": (
        lambda lake: [pipe(file(lake, zone)) for zone in ("merged", "gaps")],
        Issue.MISSING,
    ),
    "pipes in place of manifests": (
        lambda lake: [pipe(one) for one in lake.root.glob(".lake/manifests/[mf]*/**/2025.json")],
        Issue.DAMAGED,
    ),
    "manifests of another shape": (
        lambda lake: [reshape(one) for one in lake.root.glob(".lake/manifests/[mf]*/**/2025.json")],
        Issue.DAMAGED,
    ),
}


@pytest.mark.one_in(6, slow=3)
@pytest.mark.parametrize(("harm", "trouble"), HARMS.values(), ids=HARMS.keys())
def test_what_is_lost_is_named_and_made_again(lake: Lake, harm: Callable[[Lake], object], trouble: Issue) -> None:
    whole = tree(lake.root)
    harm(lake)
    found = swept(lake)
    assert found.is_corrupted
    assert {one.trouble for _, one in found.problems} - {Issue.FOREIGN} == {trouble}
    assert run(lake).ok
    assert tree(lake.root) == whole
    assert swept(lake).problems == []


def test_what_nothing_can_read_is_named_and_blocks_nothing(lake: Lake) -> None:
    bad = os.fsencode(lake.root / "merged" / D) + b"/symbol=\xff\xfe"
    Path(os.fsdecode(bad)).mkdir()
    Path(os.fsdecode(bad), "part-0.parquet").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(lake.root / ".lake/manifests/merged" / D) + b"/\xe9.json")).write_bytes(b"")
    os.mkfifo(file(lake, "merged").with_name("note"))
    found = swept(lake)
    assert {one.object.rpartition("/")[2] for _, one in found.problems} == {"symbol=\\xff\\xfe", "\\xe9.json", "note"}
    assert {one.trouble for _, one in found.problems} == {Issue.FOREIGN}
    assert bcdata.load(D, root=lake.root, catalog=lake.catalog).height == 2 * 1440
    assert run(lake).ok


LINKED: dict[str, Callable[[Lake], Path]] = {
    "a file": lambda lake: file(lake, "merged", DAYS[1]),
    "a symbol": lambda lake: file(lake, "merged").parents[1],
    "a dataset": lambda lake: file(lake, "merged").parents[2],
    "manifests of a symbol": lambda lake: lake.root / ".lake/manifests/merged" / D / "symbol=BTCUSDT",
}


@pytest.mark.parametrize("linked", LINKED.values(), ids=LINKED.keys())
def test_a_symbolic_link_hides_nothing_else(lake: Lake, tmp_path: Path, linked: Callable[[Lake], Path]) -> None:
    file(lake, "features").unlink()
    path = linked(lake)
    path.rename(tmp_path / "away")
    path.symlink_to(tmp_path / "away")
    found = swept(lake)
    assert found.is_corrupted
    assert ("features", Issue.MISSING) in {(at.zone, one.trouble) for at, one in found.problems}
    own = str(path.relative_to(lake.root))
    assert [one for _, one in found.problems if one.trouble is Issue.UNREADABLE and own in one.object + one.words]


def test_a_file_in_the_place_of_side_tables_hides_nothing_else(lake: Lake) -> None:
    file(lake, "features").unlink()
    shutil.rmtree(lake.root / STATE)
    (lake.root / STATE).write_text("")
    found = swept(lake)
    assert {(one.object, one.trouble) for _, one in found.problems} == {
        ("part-0.parquet", Issue.MISSING),
        (STATE, Issue.UNREADABLE),
    }


def test_problems_name_their_zone(lake: Lake) -> None:
    for zone in ("merged", "gaps", "features"):
        file(lake, zone).unlink()
    rows = swept(lake).rows()
    assert [row["zone"] for row in rows] == ["features", "gaps", "merged"]
    assert all((row["object"], row["date"]) == ("part-0.parquet", DAYS[0]) for row in rows)


@pytest.mark.parametrize("name", ["btcusdt", "", "BTC%20USDT", "%2E%2E"])
def test_what_no_symbol_is_called_is_nobodys_and_blocks_nothing(lake: Lake, name: str) -> None:
    for zone in ("merged", "gaps", "features"):
        own = file(lake, zone)
        shutil.copytree(own.parent, own.parents[2] / f"symbol={name}" / own.parent.name)
    for zone in ("merged", "features"):
        manifests = lake.root / ".lake/manifests" / zone / D / "symbol=BTCUSDT"
        shutil.copytree(manifests, manifests.with_name(f"symbol={name}"))
    found = swept(lake)
    assert {one.trouble for _, one in found.problems} == {Issue.FOREIGN}
    assert {one.object.split("/symbol=")[1].split("/")[0] for _, one in found.problems} == {name}
    assert len(found.problems) == 5
    store = Store(lake.root)
    for zone in ("merged", "features"):
        assert bcdata.load(D, zone=zone, root=lake.root, catalog=lake.catalog).height == 2 * 1440
    count = f"SELECT count(*) FROM {D} JOIN features.{D} USING (symbol, open_time)"  # noqa: S608
    assert query(store, lake.catalog, count).item() == 2 * 1440
    with open_footer_cache(store) as footers:
        assert not [one for one in standing(store, footers, lake.catalog[D]) if one.symbol != "BTCUSDT"]
    assert run(lake).ok


def test_a_copied_manifest_proves_nothing_and_blocks_nothing(lake: Lake) -> None:
    for zone in ("merged", "features"):
        own = lake.root / ".lake/manifests" / zone / D / "symbol=BTCUSDT/2025.json"
        other = own.parents[1] / "symbol=OTHER/2025.json"
        other.parent.mkdir()
        for copy in (own.with_name("2024.json"), own.with_name("2025.json.bak"), other):
            shutil.copy(own, copy)
    own.with_name("notes.txt").write_text("mine")
    found = swept(lake)
    assert {one.trouble for _, one in found.problems} == {Issue.FOREIGN}
    assert len(found.problems) == 7
    assert bcdata.load(D, root=lake.root, catalog=lake.catalog).height == 2 * 1440
    assert query(Store(lake.root), lake.catalog, f"SELECT count(*) FROM {D}").item() == 2 * 1440  # noqa: S608
    with open_footer_cache(Store(lake.root)) as footers:
        assert not [one for one in standing(Store(lake.root), footers, lake.catalog[D]) if one.rule == "damaged"]
    shutil.copy(
        own.parents[1].parents[1] / "merged" / D / "symbol=BTCUSDT/2025.json", own
    )  # in place of its own one it is a loss
    assert swept(lake).is_corrupted
    with pytest.raises(StoreError, match="repair it with"):
        bcdata.load(D, zone="features", root=lake.root, catalog=lake.catalog)
    assert run(lake).ok
    assert not swept(lake).is_corrupted


def test_the_status_of_a_lake_names_what_is_lost(lake: Lake) -> None:
    for zone in ("merged", "gaps", "features"):
        shutil.rmtree(file(lake, zone).parents[1])
    store = Store(lake.root)
    with open_footer_cache(store) as footers:
        found = [one for one in standing(store, footers, lake.catalog[D]) if one.rule == "lost"]
    assert {(one.zone, one.symbol, one.date, one.severity) for one in found} == {
        (zone, "BTCUSDT", day, "partition") for zone in ("merged", "features") for day in DAYS
    }


def test_files_of_nobody_are_named_and_left_alone(lake: Lake) -> None:
    copy = file(lake, "merged").parent
    shutil.copytree(copy, copy / copy.name)
    (lake.root / "gaps" / D / "notes.txt").write_text("mine")
    found = swept(lake)
    assert {one.object.rpartition("/")[2] for _, one in found.problems} == {"part-0.parquet", "notes.txt"}
    assert {one.trouble for _, one in found.problems} == {Issue.FOREIGN}
    assert not found.is_corrupted
    assert {one["severity"] for one in (row.to_json() for row in found.findings())} == {"warn"}


def test_an_earlier_publication_that_was_put_back_is_made_again(lake: Lake, world: World) -> None:
    old = {zone: file(lake, zone).read_bytes() for zone in ("merged", "gaps", "features")}
    world.mirror.put_day("BTCUSDT", DAYS[0], made_day(DAYS[0], price=101))
    assert run(lake).ok
    whole = tree(lake.root)
    for zone, body in old.items():
        file(lake, zone).write_bytes(body)
    found = swept(lake)
    assert {place.zone for place, one in found.problems if one.trouble is Issue.SUPERSEDED} == set(old)
    assert run(lake).ok
    assert tree(lake.root) == whole


def test_a_lost_universe_is_an_error_and_is_not_begun_anew(lake: Lake) -> None:
    shutil.rmtree(lake.root / "universe")
    [(place, problem)] = swept(lake).problems
    assert (place.zone, problem.trouble) == ("universe", Issue.MISSING)
    with pytest.raises(StoreError, match=r"lost.*restore it from a backup"):
        read_universe(Store(lake.root), "spot", utc("2025-03-01"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCDATA_ROOT", str(lake.root))
        with (
            open_own(lake.catalog, lake.now) as context,
            pytest.raises(StoreError, match=r"lost.*restore it from a backup"),
        ):
            update(context, "spot")


def test_lost_halts_are_an_error_and_looked_for_again(lake: Lake) -> None:
    store, dataset = Store(lake.root), lake.catalog[D]
    whole = tree(lake.root)
    shutil.rmtree(lake.root / "halts" / D / f"date={DAYS[0]}")
    [(place, problem)] = swept(lake).problems
    assert (place.zone, place.date, problem.trouble) == ("halts", DAYS[0], Issue.MISSING)
    with pytest.raises(StoreError, match="lost"):
        halt_rows(store, dataset)
    assert list(watch(store, dataset))
    store.close()
    assert tree(lake.root) == whole


def test_halts_are_not_told_from_fewer_symbols_than_were_published(lake: Lake) -> None:
    for zone in ("merged", "gaps"):
        file(lake, zone).unlink()
    with pytest.raises(StoreError, match=r"lost.*repair it with: bcdata materialize"):
        list(watch(Store(lake.root), lake.catalog[D]))
