"""Bits flip and files are cut, in all zones at once: no reader gives anything wrong, and one run mends all of it.

`make campaign` flips ten thousand times. A failure names the seed: BCDATA_FLIP_SEED=… repeats it.
"""

import os
import random
import secrets

import pytest

from bcdata_tests.operations.conftest import World
from bcdata_tests.operations.conftest import world as world  # noqa: PLC0414 (a fixture)
from bcdata_tests.scenarios.whole_lake import BUILT, Watched, filled, harm

AT_ONCE = 20
ROUNDS = -(-int(os.environ.get("BCDATA_FLIPS", "60")) // AT_ONCE)
SEED = os.environ.get("BCDATA_FLIP_SEED") or secrets.token_hex(4)


@pytest.fixture
def watched(world: World) -> Watched:
    return Watched(filled(world), world.folder / "out")


def test_nothing_wrong_is_served_and_one_run_mends_all(watched: Watched) -> None:
    dice = random.Random(SEED)
    for number in range(ROUNDS):
        some = dice.sample(watched.files(), AT_ONCE)
        told = [f"BCDATA_FLIP_SEED={SEED}, round {number}", *(f"{path}: {harm(path, dice)}" for path in some)]
        watched.check(told)
        watched.check_next_zone(dice.choice(BUILT), told)
        watched.check_repaired(told)
