"""Bits flip and files are cut, in all zones at once: no reader gives anything wrong, and one run mends all of it.

`make campaign` flips ten thousand times. The seed is printed, and BCDATA_FLIP_SEED=… repeats it.
"""

import os
import random
import secrets
import sys

import pytest

from bcdata_tests.scenarios.whole_lake import BUILT, Watched, filled, harm
from bcdata_tests.world import World

AT_ONCE, ROUNDS = 20, 3
BATCHES = range(-(-int(os.environ.get("BCDATA_FLIPS", "60")) // (AT_ONCE * ROUNDS)))
SEED = os.environ.get("BCDATA_FLIP_SEED") or secrets.token_hex(4)


@pytest.mark.slow
@pytest.mark.parametrize("batch", BATCHES)
def test_nothing_wrong_is_served_and_one_run_mends_all(world: World, batch: int) -> None:
    sys.stdout.write(f"BCDATA_FLIP_SEED={SEED}\n")
    dice, watched = random.Random(f"{SEED} {batch}"), Watched(filled(world), world.folder / "out")
    for number in range(ROUNDS):
        some = dice.sample(watched.files(), AT_ONCE)
        told = [f"BCDATA_FLIP_SEED={SEED}, round {number}", *(f"{path}: {harm(path, dice)}" for path in some)]
        watched.check(told)
        watched.check_next_zone(dice.choice(BUILT), told)
        watched.check_repaired(told)
