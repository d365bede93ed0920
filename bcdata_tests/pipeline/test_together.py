"""Two runs at one partition at once: one waits for the other, and both end in the bytes of one."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.stream import each, each_async
from bcdata.quality.verdict import Verdict
from bcdata.store.layout import Partition
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.run import tree
from bcdata_tests.world import BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
ONE = Partition("merged", D, "BTCUSDT", DAYS[0])
OTHER = Partition("raw", D, "BTCUSDT", DAYS[0], "binance_archive")


class Watch:
    """Notes who is inside; fails where two are."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    def enter(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)

    def leave(self) -> None:
        self.inside -= 1

    def context(self, partition: Partition) -> Outcome:
        self.enter()
        time.sleep(0.01)
        self.leave()
        return Outcome(partition, State.PUBLISHED, Verdict(0))

    async def work_async(self, partition: Partition) -> Outcome:
        return self.context(partition)


def test_one_partition_is_in_one_hand_at_a_time_whatever_the_zone(tmp_path: Path) -> None:
    watch = Watch()
    with BackgroundLoop() as loop, ThreadPoolExecutor(4) as pool:
        streams = [
            each(tmp_path, [ONE] * 5, watch.context),
            each(tmp_path, [ONE] * 5, watch.context),
            each_async(tmp_path, loop, [OTHER] * 5, watch.work_async, at_once=3),
        ]
        assert sum(pool.map(lambda stream: len(list(stream)), streams)) == 15
    assert watch.most == 1


def test_other_partitions_do_not_wait(tmp_path: Path) -> None:
    """A lock that is held by hand holds up its own partition only."""
    watch = Watch()
    others = [Partition("merged", D, f"S{n}USDT", DAYS[0]) for n in range(50)]
    assert len(list(each(tmp_path, others, watch.context))) == 50
    assert watch.most > 1


@pytest.mark.slow
def test_commands_at_once_end_in_the_bytes_of_one(world: World) -> None:
    """Three processes over the same partitions, from raw to features."""
    for day in DAYS:
        rows = made_day(day)
        world.truth.put_day("BTCUSDT", day, rows)
        world.mirror.put_day("BTCUSDT", day, [*rows[:600], *rows[660:]])
    words = materialize(D, "BTCUSDT", DAYS[0], DAYS[-1])
    alone = Command.of(world, BY_DAY, "alone")
    assert alone.here(words).returncode == 0
    lake = Command.of(world, BY_DAY, "together")
    # Homes of their own: it is the lake that they share.
    several = [
        Command(lake.folder, {**lake.variables, "DAGSTER_HOME": str(lake.folder / f"home{n}")}) for n in range(3)
    ]
    started = [one.start(words) for one in several]
    for process in started:
        with process:
            _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
    assert tree(lake.root) == tree(alone.root)
