"""Manifests: those of the release before are read as they stand, and those of a later one are refused in words.

`before/` holds manifests and footers as bcdata wrote them before manifests had a version: of every kind, out of lakes
that the simulators fed.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bcdata.errors import StoreError
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.manifests import MANIFEST, VERSION, read_manifest, write_manifest
from bcdata.pipeline.records.shapes import ArchiveManifest, FundingManifest, RestManifest, WindowsManifest, stored
from bcdata.pipeline.zones import Zone
from bcdata.simulate.coinbase.loopback import LoopbackCoinbase
from bcdata.store.layout import Partition, symbol_and_date
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.run import ARCHIVE, REST, Lake, pointed_at, tree
from bcdata_tests.scenarios.test_window_venues import COINBASE, DAYS, MARKET, NOW, lake_at
from bcdata_tests.world import D, World

BEFORE = Path(__file__).with_name("before")
PATHS = sorted(BEFORE.glob(f"raw/*/*/*/*/{MANIFEST}"))
SHAPES = {
    (ARCHIVE, "klines"): TypeAdapter(ArchiveManifest),
    (ARCHIVE, "funding"): TypeAdapter(ArchiveManifest),
    (REST, "klines"): TypeAdapter(RestManifest),
    (REST, "funding"): TypeAdapter(FundingManifest),
    ("coinbase_rest", "klines"): TypeAdapter(WindowsManifest),
}
DAY = "2025-01-02"


def partition_of(path: Path) -> Partition:
    key = str(path.relative_to(BEFORE))
    found = symbol_and_date(key)
    assert found is not None
    _, provider, dataset, *_ = key.split("/")
    return Partition("raw", dataset, *found, provider)


def content(path: Path) -> dict[str, object]:
    """What a manifest of the release before says, without what the store seals it with."""
    return {name: one for name, one in json.loads(path.read_text()).items() if name not in {"digest", "format", "of"}}


@pytest.fixture
def before(tmp_path: Path) -> Store:
    shutil.copytree(BEFORE, tmp_path / "lake")
    return Store(tmp_path / "lake")


def test_of_every_kind_there_is_one() -> None:
    kinds = {(one.provider, one.dataset.split("_")[1]) for one in map(partition_of, PATHS)}
    assert kinds == set(SHAPES)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.parent.relative_to(BEFORE / "raw")))
def test_one_of_the_release_before(before: Store, path: Path) -> None:
    """It is read with all that it says; the types name every key of it; written again it differs by its version."""
    partition, said = partition_of(path), content(path)
    found = read_manifest(before, partition)
    assert found == said
    assert found is not None
    assert all(record["sha256"] for record in stored(found))
    shape = SHAPES[str(partition.provider), partition.dataset.split("_")[1]]
    shape.validate_json(json.dumps(said), strict=True, extra="forbid")
    write_manifest(before, partition, found)
    assert before.get_json(partition, MANIFEST) == {**said, "version": VERSION}
    assert read_manifest(before, partition) == said


def test_what_is_written_differs_from_before_by_its_version(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    with LoopbackCoinbase(MARKET, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        assert lake.materialize(COINBASE, "BTC-USD", DAYS[0], until=Zone.PARSED).ok
    key = Partition("raw", COINBASE, "BTC-USD", DAYS[0], "coinbase_rest").key(MANIFEST)
    same, own = re.compile(r'127\.0\.0\.1:\d+|"digest": ".*"|,\n "version": 1'), (lake.root / key).read_text()
    assert '"version": 1' in own
    assert same.sub("", own) == same.sub("", (BEFORE / key).read_text())


def made(world: World) -> Lake:
    """A lake with objects, an answer of REST, and what both lead to."""
    world.mirror.put_day("BTCUSDT", DAY, [row for at, row in enumerate(made_day(DAY)) if not 100 <= at < 120])
    world.truth.put_day("BTCUSDT", DAY, made_day(DAY))
    lake = world.lake()
    assert lake.materialize(D, "BTCUSDT", DAY).ok
    return lake


def with_versions(lake: Lake, version: int | None) -> None:
    """Gives all manifests another version, or none, as the release before wrote them."""
    store = Store(lake.root)
    for provider in (ARCHIVE, REST):
        partition = Partition("raw", D, "BTCUSDT", DAY, provider)
        value = store.get_json(partition, MANIFEST)
        assert value is not None
        assert value.pop("version") == VERSION
        store.put_json(partition, MANIFEST, value if version is None else {**value, "version": version})


def test_a_lake_of_the_release_before_is_unchanged(world: World) -> None:
    lake = made(world)
    with_versions(lake, None)
    before = tree(lake.root)
    ran = lake.materialize(D, "BTCUSDT", DAY)
    assert set(ran.states) == {State.UNCHANGED}
    assert tree(lake.root) == before, "no manifest is written for the sake of its version"


def test_a_later_version_is_an_error_that_says_so(world: World) -> None:
    lake = made(world)
    with_versions(lake, VERSION + 1)
    before = tree(lake.root)
    world.exchange.clear()
    ran = lake.materialize(D, "BTCUSDT", DAY)
    raw, parsed, answers, *_ = ran.troubles
    for trouble, what in ((raw, f"raw/{ARCHIVE}"), (parsed, f"parsed/{ARCHIVE}"), (answers, f"raw/{REST}")):
        assert what in trouble
        assert f"is of version {VERSION + 1}" in trouble
        assert "nothing was changed: use the release that wrote it, or a later one" in trouble
    assert tree(lake.root) == before
    assert not world.asked(".zip"), "nothing is fetched again"


@pytest.mark.parametrize("version", ["1", 1.0, True, None, 0])
def test_a_version_that_nobody_knows(before: Store, version: object) -> None:
    partition = partition_of(PATHS[0])
    before.put_json(partition, MANIFEST, {**content(PATHS[0]), "version": version})
    with pytest.raises(StoreError, match="reads manifests up to version"):
        read_manifest(before, partition)
