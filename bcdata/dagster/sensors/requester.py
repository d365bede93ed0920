"""What all sensors that heal share: bounded ticks over all symbols, one run at a time, nothing asked for twice."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import heal_config
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.active_runs import DATASET_TAG, KIND_TAG, active, fail_dead_runs, in_flight
from bcdata.dagster.sensors.turns import TICK_SECONDS
from bcdata.pipeline.zones import Step
from bcdata.store.state.requests import Cell, Request, Requests

Parts = list[tuple[list[Step], list[Cell]]]
"""Steps, and the partitions over which they are run."""
MOST_PARTITIONS = 600
"""A run of so many takes some minutes: long enough to be worth a process, short to lose."""


@dataclass(slots=True)
class SymbolCursor:
    """The symbols of a dataset in a fixed order, from the cursor on, for as long as its turn may last.

    Attributes:
        cursor: the symbol to begin the next turn with; empty when the round was finished.
    """

    symbols: Sequence[str]
    cursor: str = ""
    seconds: float = TICK_SECONDS
    most: int | None = None
    clock: Callable[[], float] = time.monotonic
    seen: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[str]:
        """At least one symbol a turn, so that a round ends whatever the machine's load is."""
        begun = self.clock()
        ordered = sorted(self.symbols)
        for symbol in [one for one in ordered if one >= self.cursor]:
            over = self.clock() - begun > self.seconds or (self.most is not None and self.seen >= self.most)
            if self.seen and over:
                self.cursor = symbol
                return
            self.seen += 1
            yield symbol
        self.cursor = ""


@dataclass(frozen=True, slots=True)
class HealRequester:
    """One sensor's way of asking for partitions of one dataset."""

    context: dg.SensorEvaluationContext
    catalog: Catalog
    dataset: Dataset
    store: StoreResource
    kind: str

    def symbols(self) -> list[str]:
        """The dataset's symbols that are partitions."""
        return symbols_of(self.context.instance, self.dataset)

    def working(self) -> str | None:
        """A run of this sensor that is queued, running or about to be retried; runs that died are told of first."""
        fail_dead_runs(self.context.instance, self.store.path())
        tags = {KIND_TAG: self.kind, DATASET_TAG: self.dataset.name}
        runs = active(self.context.instance, tags)
        return runs[0].run_id if runs else None

    def ask(self, due: Mapping[Cell, str], parts: Callable[[list[Cell]], Parts]) -> list[dg.RunRequest]:
        """Asks for a run over what is due (each with a digest of its cause) and in no other run's hands.

        Requests are noted before they are made: a tick that is lost between the two asks again after the first pause.
        """
        busy = in_flight(self.context.instance, self.catalog, self.dataset)
        chosen = {cell: due[cell] for cell in sorted(set(due) - busy)[:MOST_PARTITIONS]}
        if not chosen:
            return []
        requests, now = Requests(self.store.path()), clock.now()
        requests.note(self.kind, self.dataset.name, chosen, now)
        noted = requests.of(self.kind, self.dataset.name)
        return [
            dg.RunRequest(
                run_key=_key(self.kind, self.dataset.name, {cell: noted[cell] for cell in chosen}),
                job_name=heal_job_name(self.dataset.market, self.dataset.grain),
                run_config=heal_config(parts(list(chosen))),
                tags={KIND_TAG: self.kind, DATASET_TAG: self.dataset.name},
            )
        ]


def symbols_of(instance: dg.DagsterInstance, dataset: Dataset) -> list[str]:
    """The dataset's symbols that are partitions, sorted."""
    known = instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
    return sorted(set(dataset.select(known)) & set(known))


def _key(kind: str, dataset: str, noted: Mapping[Cell, Request]) -> str:
    """Keys de-duplicate for ever, so attempts are in it; and the instant, should the side table be lost."""
    text = " ".join(f"{symbol}|{date}|{one.cause}|{one.tries}|{one.at}" for (symbol, date), one in noted.items())
    attempt = max(one.tries for one in noted.values())
    return f"{kind} {dataset} attempt {attempt} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
