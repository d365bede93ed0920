"""A universe that learns of what an exchange lists."""

from collections.abc import Iterator
from contextlib import contextmanager

from bcdata.instruments.table import Row, latest
from bcdata.instruments.update import UniverseUpdate, read_universe, update
from bcdata.pipeline.context import RunContext, open_run_context
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

NOW = utc("2025-03-01")
LATELY = ("2025-02-25", "2025-02-26")


@contextmanager
def workbench(lake: Lake) -> Iterator[RunContext]:
    with open_run_context(lake.root, lake.catalog, lake.now) as context:
        yield context


def learn(lake: Lake, *, most: int = 300) -> UniverseUpdate:
    with workbench(lake) as context:
        return update(context, "spot", most=most)


def known(lake: Lake) -> dict[str, Row]:
    return latest(read_universe(Store(lake.root), "spot"))


def put(world: World, symbol: str, *days: str, price: int = 100, traded: bool = True) -> None:
    """Some days of a symbol, which REST knows too if it is still traded."""
    for day in days:
        rows = made_day(day, minutes=60, price=price)
        world.mirror.put_day(symbol, day, rows)
        if traded:
            world.truth.put_day(symbol, day, rows)
