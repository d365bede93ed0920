"""Bringing scattered partitions up to date: any set of them, zone by zone, and then what their change reaches.

A Dagster run over assets covers a rectangle of partitions; holes are none (docs/adr/0008-healing-runs.md).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bcdata.healing.affected import AssetPartition, affected, reported
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.zones import Step, Zone, operation

Healed = Iterator[tuple[Step, Outcome]]


@dataclass(frozen=True, slots=True)
class HealOrder:
    """Partitions of one symbol set to be rebuilt: every step over every (symbol, date), in this order."""

    steps: tuple[Step, ...]
    cells: tuple[tuple[str, str], ...]


def heal(context: RunContext, orders: Sequence[HealOrder]) -> Healed:
    """Makes what is ordered, then whatever is published and reads bars or features that changed on the way.

    Yields:
        Each step with the outcome of each of its partitions, as they are done.
    """
    made: set[AssetPartition] = set()
    changed: dict[AssetPartition, None] = {}
    for order in orders:
        for step in order.steps:
            for outcome in _make(context, step, order.cells):
                cell = AssetPartition(step, outcome.partition.symbol, outcome.partition.date)
                made.add(cell)
                if outcome.state is State.PUBLISHED:
                    changed[cell] = None
                yield step, outcome
    yield from _follow(context, changed, made)


def _follow(context: RunContext, changed: Collection[AssetPartition], made: Collection[AssetPartition]) -> Healed:
    """Makes what reads changed bars of its own symbol and is there; what was made already saw them.

    Other symbols, whom a change of the reference reaches, are left to the sensor for stale partitions: a hole of
    Bitcoin's must not become a run over a universe.
    """
    reached: dict[AssetPartition, None] = {}
    for cell in changed:
        if cell.step.zone in _READERS:
            readers = _READERS[cell.step.zone]
            reached |= dict.fromkeys(readers(context.catalog, cell.step.dataset, cell.symbol, cell.date))
    for step, cells in _by_step(reached).items():
        there = [one for one in cells if AssetPartition(step, *one) not in made and _is_published(context, step, one)]
        for outcome in _make(context, step, there):
            yield step, outcome


_READERS = {Zone.MERGED: affected, Zone.FEATURES: reported}


def _by_step(cells: Collection[AssetPartition]) -> Mapping[Step, list[tuple[str, str]]]:
    grouped: dict[Step, list[tuple[str, str]]] = {}
    for cell in sorted(cells, key=lambda one: list(Zone).index(one.step.zone)):
        grouped.setdefault(cell.step, []).append((cell.symbol, cell.date))
    return grouped


def _make(context: RunContext, step: Step, cells: Sequence[tuple[str, str]]) -> Iterator[Outcome]:
    dataset = context.catalog[step.dataset]
    wanted = [step.partition(symbol, date) for symbol, date in sorted(cells) if date >= dataset.start]
    if wanted:
        yield from operation(step)(context, dataset, wanted)


def _is_published(context: RunContext, step: Step, cell: tuple[str, str]) -> bool:
    return context.store.published(step.partition(*cell)) is not None
