"""The power goes at any moment, and what was not synced is lost, cut off or out of order.

What readers then see was published once, or they say what is wrong; one run brings back the bytes of a lake that had
no cut; and what cannot be had again is never lost. `make campaign` does thousands of cuts.
"""

import os
from pathlib import Path

import pytest

from bcdata.errors import BcdataError
from bcdata_tests.scenarios.aftermath import Aftermath
from bcdata_tests.scenarios.power import NOWS, cuts, follow
from bcdata_tests.world import World

CUTS = int(os.environ.get("BCDATA_CAMPAIGN_CUTS", "30"))
SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
WAYS = {"syncfs": False, "file by file": True}


@pytest.mark.slow
@pytest.mark.timeout(120 + 3 * CUTS)
@pytest.mark.parametrize("one_by_one", WAYS.values(), ids=WAYS.keys())
def test_a_power_cut_at_any_moment(
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    one_by_one: bool,
) -> None:
    failed: list[str] = []
    healed: set[str] = set()
    done = 0
    for at, followed in enumerate(follow(world, tmp_path, one_by_one=one_by_one)):
        for cut in cuts(followed, f"{SEED}-{at}", -(-CUTS // (len(WAYS) * len(NOWS)))):
            after, done = Aftermath.of(followed, cut, tmp_path / "after"), done + 1
            try:
                after.check_readers(caplog)
                after.check_kept()
                if after.digest not in healed:
                    healed.add(after.digest)
                    after.check_healed()
            except (AssertionError, BcdataError) as error:
                failed.append(f"{cut}: {error}")
    told = f"seed {SEED}: {done} cuts, {len(healed)} different ones healed"
    print(told)
    assert not failed, f"{told}, {len(failed)} failed, among them:\n" + "\n".join(failed[:20])
