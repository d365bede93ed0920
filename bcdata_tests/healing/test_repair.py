"""`bcdata verify` hashes the files of every zone, and one run mends whatever is damaged, replaced, edited or lost."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from bcdata.bars.halts import HALT
from bcdata.cli import app
from bcdata.healing.scrub_raw import corrupted
from bcdata.instruments.table import UNIVERSE
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.manifests import MANIFEST, read_manifest
from bcdata.store.digests import digest_of
from bcdata.store.layout import Partition, halts_table, universe_table
from bcdata.store.publications import MANIFESTS, manifest_of
from bcdata.store.store import Store
from bcdata_tests.run import ARCHIVE, REST, Lake, tree
from bcdata_tests.scenarios.whole_lake import CATALOG, COARSER, MONTHS, NOW, SYMBOL, D, filled, run
from bcdata_tests.world import World

PLACES = {
    "raw archive": f"raw/{ARCHIVE}/{D}",
    "raw rest": f"raw/{REST}/{D}",
    "parsed archive": f"parsed/{ARCHIVE}/{D}",
    "parsed rest": f"parsed/{REST}/{D}",
    **{zone: f"{zone}/{D}" for zone in ("merged", "gaps", "features", "reports", "seasonality", "labels")},
    "resampled": f"resampled/{COARSER}",
}
SLOW = ("parsed rest", "reports", "seasonality", "labels")
"""Published by the same code as parsed archives and features."""
_CASES = [pytest.param(one, id=name, marks=[pytest.mark.slow] * (name in SLOW)) for name, one in PLACES.items()]
every_zone = pytest.mark.parametrize("place", _CASES)
published = pytest.mark.parametrize("place", _CASES[2:])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the lake that all tests copy."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def lake(world: World, made: Path) -> Lake:
    """A whole lake; its archive is put anew for each test, its files are made once."""
    if not (made / "lake").exists():
        shutil.copytree(filled(world).root, made / "lake")
        shutil.copytree(world.mirror.root, made / "archive")
        shutil.copytree(world.truth.root, made / "truth")
        return world.lake(CATALOG, now=NOW)
    for name, mirror in (("archive", world.mirror), ("truth", world.truth)):
        shutil.copytree(made / name, mirror.root, dirs_exist_ok=True)
    lake = world.lake(CATALOG, now=NOW)
    shutil.copytree(made / "lake", lake.root)
    return lake


def a_file(lake: Lake, place: str, month: str = MONTHS[0]) -> Path:
    """A file of a month that holds data."""
    folder = lake.root / place / f"symbol={SYMBOL}" / f"date={month}"
    return next(path for path in sorted(folder.iterdir()) if path.name != MANIFEST)


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def verified(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[dict[str, Any]]]:
    """The status of `bcdata verify`, and the problems that it lists."""
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(lake.catalog.path))
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())
    done = CliRunner().invoke(app, ["verify", "--json"])
    assert done.stdout, done
    return done.exit_code, json.loads(done.stdout)["datasets"][0]["problems"]


def assert_repaired(
    lake: Lake, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, beside: bool = False
) -> None:
    """One run later the lake has the bytes of the undamaged one, and the run after finds nothing to do.

    `beside`: raw may have other files, which nothing names: bytes that came are never removed.
    """
    assert run(lake).troubles == []
    now = tree(lake.root)
    changed = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    assert {name for name in changed if name in before or not beside} == set()
    assert set(run(lake).states) == {State.UNCHANGED}
    assert verified(lake, monkeypatch) == (0, [])


@pytest.mark.one_in(12, slow=3)
@every_zone
def test_verify_finds_damage_whatever_the_times_and_the_memory_say(
    lake: Lake, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, path = tree(lake.root), a_file(lake, place)
    key, times, digest = str(path.relative_to(lake.root)), path.stat(), digest_of(path.read_bytes())
    assert verified(lake, monkeypatch) == (0, [])
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    store = Store(lake.root)
    info = store.objects.stat(key)
    assert info is not None
    assert (info.size, info.modified_ns) == (times.st_size, times.st_mtime_ns)
    if not place.startswith("raw"):  # as if bits had rotted on the disk, which changes no time at all
        store.verified.note(info, digest)
    store.close()
    status, [problem] = verified(lake, monkeypatch)
    assert status == 1
    assert (problem["date"], problem["trouble"]) == (MONTHS[0], "damaged")
    os.utime(path)
    assert_repaired(lake, before, monkeypatch)


@pytest.mark.one_in(8, slow=3)
@published
def test_a_lost_file_is_told_and_made_again(lake: Lake, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(lake.root)
    a_file(lake, place).unlink()
    status, [problem] = verified(lake, monkeypatch)
    assert (status, problem["trouble"]) == (1, "missing")
    assert "its file is lost; the next run over the partition makes it again" in problem["words"]
    assert set(corrupted(Store(lake.root), lake.catalog[D])) == {(SYMBOL, MONTHS[0])}, "the sensor asks for it"
    assert_repaired(lake, before, monkeypatch)
    assert corrupted(Store(lake.root), lake.catalog[D]) == {}


@pytest.mark.parametrize("place", [PLACES["parsed archive"], PLACES["merged"], PLACES["gaps"], PLACES["resampled"]])
def test_a_file_of_another_partition_is_noticed(lake: Lake, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(lake.root)
    shutil.copy2(a_file(lake, place, MONTHS[1]), a_file(lake, place, MONTHS[0]))
    status, [problem] = verified(lake, monkeypatch)
    assert (status, problem["date"], problem["trouble"]) == (1, MONTHS[0], "damaged")
    assert_repaired(lake, before, monkeypatch)


@pytest.mark.one_in(12, slow=3)
@every_zone
def test_two_months_that_were_swapped_are_noticed(lake: Lake, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, folder = tree(lake.root), lake.root / place / f"symbol={SYMBOL}"
    one, other, aside = folder / f"date={MONTHS[0]}", folder / f"date={MONTHS[1]}", folder / "aside"
    for source, target in ((one, aside), (other, one), (aside, other)):
        source.rename(target)
    status, problems = verified(lake, monkeypatch)
    assert status == 1
    assert {problem["date"] for problem in problems} == set(MONTHS)
    assert_repaired(lake, before, monkeypatch, beside=place.startswith("raw"))


def edited(path: Path) -> None:
    """Another digit somewhere, as an editor would leave it."""
    text = path.read_text()
    at = next(at for at in range(len(text) // 2, len(text)) if text[at] in "123456789")
    path.write_text(f"{text[:at]}{int(text[at]) - 1}{text[at + 1 :]}")


def reformatted(path: Path) -> None:
    """What it says, without its seal's bytes."""
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))


HARMS: dict[str, Callable[[Path], None]] = {
    "edited": edited,
    "lost": Path.unlink,
    "reformatted": reformatted,
    "empty": lambda path: path.write_bytes(b""),
    "of another format": lambda path: path.write_text("[]"),
}
harms = pytest.mark.parametrize("harm", HARMS.values(), ids=list(HARMS))


@pytest.mark.one_in(12, slow=3)
@harms
@pytest.mark.parametrize("zone", ["merged", "features"])
def test_an_edited_or_lost_manifest_of_publications(
    lake: Lake, zone: str, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(lake.root)
    harm(lake.root / manifest_of(Partition(zone, D, SYMBOL, MONTHS[0]))[0])
    status, problems = verified(lake, monkeypatch)
    assert status == 1
    assert {(problem["date"], problem["trouble"]) for problem in problems} == {(month, "damaged") for month in MONTHS}
    assert_repaired(lake, before, monkeypatch)


@pytest.mark.one_in(12, slow=3)
@harms
@pytest.mark.parametrize("provider", [ARCHIVE, REST])
def test_an_edited_or_lost_manifest_of_raw(
    lake: Lake, provider: str, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(lake.root)
    harm(lake.root / Partition("raw", D, SYMBOL, MONTHS[0], provider).key(MANIFEST))
    status, [problem] = verified(lake, monkeypatch)
    assert (status, problem["object"], problem["date"]) == (1, MANIFEST, MONTHS[0])
    assert_repaired(lake, before, monkeypatch)


@pytest.mark.parametrize("provider", [ARCHIVE, REST])
def test_manifests_of_earlier_releases_have_no_digest_and_are_taken(
    lake: Lake, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Partition("raw", D, SYMBOL, MONTHS[0], provider)
    path, known = lake.root / one.key(MANIFEST), read_manifest(Store(lake.root), one)
    path.write_text(json.dumps(known, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    assert read_manifest(Store(lake.root), one) == known
    assert verified(lake, monkeypatch) == (0, [])
    assert set(run(lake).states) == {State.UNCHANGED}


def test_everything_at_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(lake.root)
    for path in [path for name in before if (path := lake.root / name).stat().st_size]:
        flip(path)
    shutil.rmtree(lake.root / MANIFESTS)
    assert verified(lake, monkeypatch)[0] == 1
    assert_repaired(lake, before, monkeypatch)


def test_frames_of_no_single_symbol_are_hashed_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    store, places = Store(lake.root), {halts_table(D, MONTHS[0]): HALT, universe_table("spot"): UNIVERSE}
    for table, schema in places.items():
        store.publish(table, pl.DataFrame(schema=schema), fingerprint="f", rules="", record={})
    store.close()
    assert verified(lake, monkeypatch) == (0, [])
    for table in places:
        flip(lake.root / table.key())
    status, problems = verified(lake, monkeypatch)
    assert status == 1
    assert any("made again by: bcdata halts" in problem["words"] for problem in problems)
    assert any("restore it from a backup" in problem["words"] for problem in problems)
    assert corrupted(Store(lake.root), lake.catalog[D]) == {}, "no run over partitions mends them"
