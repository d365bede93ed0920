"""What the scrub meets in a folder of raw that is no whole file of its: damaged, later, linked, or nobody's."""

import shutil
from collections.abc import Callable

import pytest

from bcdata.healing.scrub_report import Issue
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.store.sealed import seal, unseal
from bcdata_tests.healing.scrubbed import BAD, DAYS, due, flip, manifest_of, run, scrubbed, three_days, zip_of
from bcdata_tests.run import Lake, tree
from bcdata_tests.world import World


@pytest.fixture
def lake(world: World) -> Lake:
    return three_days(world)


def test_a_damaged_manifest_is_no_missing_one(lake: Lake) -> None:
    whole = tree(lake.root)
    flip(manifest_of(lake, BAD))
    [(place, problem)] = scrubbed(lake).problems
    assert (place.date, problem.object, problem.trouble) == (BAD, MANIFEST, Issue.DAMAGED)
    assert due(lake) == {("BTCUSDT", BAD)}
    assert run(lake).ok
    assert tree(lake.root) == whole


def later(lake: Lake) -> None:
    """A manifest as a later release would write it."""
    path = manifest_of(lake, DAYS[0])
    value = unseal(path.read_bytes())
    assert value
    path.write_bytes(seal({**value, "version": 2}, indent=1))


def linked(lake: Lake) -> None:
    """A partition on another disk."""
    folder = manifest_of(lake, DAYS[0]).parent
    folder.rename(lake.root.parent / "away")
    folder.symlink_to(lake.root.parent / "away")


@pytest.mark.parametrize("harm", [later, linked])
def test_what_cannot_be_read_hides_no_damage(lake: Lake, harm: Callable[[Lake], None]) -> None:
    harm(lake)
    flip(zip_of(lake))
    found = scrubbed(lake)
    assert found.is_corrupted
    assert (BAD, Issue.DAMAGED) in {(at.date, one.trouble) for at, one in found.problems}
    assert (DAYS[0], Issue.UNREADABLE) in {(at.date, one.trouble) for at, one in found.problems}
    assert due(lake) == {("BTCUSDT", BAD)}, "no run repairs what is unreadable"


def test_files_of_no_symbol_are_foreign(lake: Lake) -> None:
    own = zip_of(lake).parents[1]
    shutil.copytree(own, own.with_name("symbol=btcusdt"))
    found = scrubbed(lake)
    assert not found.is_corrupted
    assert {one.trouble for _, one in found.problems} == {Issue.FOREIGN}
    assert all("symbol=btcusdt" in one.object for _, one in found.problems)
