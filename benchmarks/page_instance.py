"""An instance of Dagster as it stands after years of work, for pages to be timed on: events alone, no lake.

The statuses are those of a real one: of each asset most partitions are materialized, one in a hundred has failed and
one in twenty was never asked for; there is a run for each month, and some of them failed by their gates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.dagster.checks import NOT_PUBLISHED_TAG
from bcdata.dagster.internals import LOCATION
from bcdata.dagster.jobs import job_name
from bcdata.dagster.partitions import RANGE_END, RANGE_START, symbol_set
from bcdata.dagster.verdicts import GATE, findings_of_run, gate_of_run
from bcdata.frames.columns import MEANINGS
from bcdata.pipeline.zones import Step, Zone, steps
from bcdata.windows import Grain
from benchmarks.cases import names
from benchmarks.measure import answer

DATASET = "spot_klines_1m"
ZONES = {Zone.RAW, Zone.PARSED, Zone.MERGED, Zone.FEATURES}
REASON = "nothing_sound: all that was received was set aside, and no other source has anything: {}.zip cannot be read"
_ONE_IN_FAILED, _ONE_IN_MISSING = 100, 20
_STORED_AT_ONCE = 1_000
_HOURS_APART = 0.25
_COLUMNS = [dg.TableColumn(name, "float64", text) for name, text in MEANINGS.items()]


@dataclass(frozen=True, slots=True)
class Run:
    """A run over one month of all symbols, and the symbols that it could not publish."""

    number: str
    job: str
    month: str
    symbols: Sequence[str]
    bad: frozenset[str]

    @classmethod
    def of(cls, place: int, job: str, month: str, symbols: Sequence[str]) -> "Run":
        """The run of the month that stands at a place; others fail in the next."""
        bad = (one for number, one in enumerate(symbols) if (number * 31 + place * 7) % _ONE_IN_FAILED == 0)
        return cls(str(UUID(int=(place + 1) << 90, version=4)), job, month, symbols, frozenset(bad))

    @property
    def keys(self) -> list[str]:
        """Its partitions."""
        return [f"{self.month}|{symbol}" for symbol in self.symbols]

    def failed(self, step: Step) -> frozenset[str]:
        """The symbols whose partitions of an asset are not published."""
        return self.bad if step.zone in {Zone.MERGED, Zone.FEATURES} else frozenset()


def main() -> None:
    """Fills the instance of `DAGSTER_HOME`: so many `symbols`, so many `months`."""
    answer(lambda job: _fill(names(job["symbols"]), job["months"]))


def _fill(symbols: Sequence[str], number: int) -> dict[str, Any]:
    catalog = load_catalog(PACKAGED)
    dataset = catalog[DATASET]
    months = dataset.grain.keys(dataset.start, datetime.now(UTC).strftime("%Y-%m"))[-number:]
    job, assets = job_name(dataset.market, Grain.MONTH), [one for one in steps(dataset) if one.zone in ZONES]
    runs = [Run.of(place, job, month, symbols) for place, month in enumerate(months)]
    made = 0
    with dg.DagsterInstance.get() as instance:
        for market, grain in catalog.shared():
            instance.add_dynamic_partitions(symbol_set(market, grain), list(symbols))
        for place, run in enumerate(runs):
            _add(instance, run, hours=(len(runs) - place) * _HOURS_APART)
            made += sum(_store(instance, list(_told(run, step))) for step in assets)
        for step in assets:
            _judge(instance, runs, step)
    return {"events": made}


def _add(instance: dg.DagsterInstance, run: Run, *, hours: float) -> None:
    """The run itself, that began so many hours ago and took ten minutes."""
    began = datetime.now(UTC) - timedelta(hours=hours)
    location = RegisteredCodeLocationOrigin(LOCATION)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), run.job)
    tags = {RANGE_START: run.keys[0], RANGE_END: run.keys[-1]}
    tags |= {NOT_PUBLISHED_TAG: str(2 * len(run.bad))} if run.bad else {}
    instance.add_run(dg.DagsterRun(run.job, run.number, tags=tags, remote_job_origin=origin))
    end = DagsterEventType.PIPELINE_FAILURE if run.bad else DagsterEventType.PIPELINE_SUCCESS
    for kind, when in ((DagsterEventType.PIPELINE_START, began), (end, began + timedelta(minutes=10))):
        instance.run_storage.handle_run_event(run.number, DagsterEvent(kind.value, run.job), update_timestamp=when)


def _told(run: Run, step: Step) -> Iterator[EventLogEntry]:
    """What the run tells of the partitions of an asset: the plan of those that failed, materializations of others."""
    asset, failed = dg.AssetKey(step.key), run.failed(step)
    for place, symbol in enumerate(run.symbols):
        key = dg.MultiPartitionKey({"date": run.month, "symbol": symbol})
        if symbol in failed:
            planned = AssetMaterializationPlannedData(asset, partition=key)
            yield _entry(run, step, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, planned)
        elif (place + int(run.month[-2:])) % _ONE_IN_MISSING:
            metadata = _metadata(step, is_last=place >= len(run.symbols) - 2)
            told = StepMaterializationData(dg.AssetMaterialization(asset, partition=key, metadata=metadata))
            yield _entry(run, step, DagsterEventType.ASSET_MATERIALIZATION, told)


def _metadata(step: Step, *, is_last: bool) -> dict[str, Any]:
    told = {"dagster/row_count": 44_640, "state": "published", "fingerprint": "0" * 32, "written": "2.4 MB"}
    return {
        **told,
        **({"dagster/column_schema": dg.TableSchema(_COLUMNS)} if is_last and step.zone != Zone.RAW else {}),
    }


def _entry(run: Run, step: Step, kind: DagsterEventType, data: Any) -> EventLogEntry:
    event = DagsterEvent(kind.value, run.job, step_key="__".join(step.key), event_specific_data=data)
    now = datetime.now(UTC).timestamp()
    return EventLogEntry(None, 10, "", run.number, now, event.step_key, run.job, event)  # type: ignore[no-untyped-call]


def _store(instance: dg.DagsterInstance, entries: Sequence[EventLogEntry]) -> int:
    """Into the index of all runs, many at once: these runs have no logs of their own."""
    storage: Any = instance.event_log_storage
    for at in range(0, len(entries), _STORED_AT_ONCE):
        some = entries[at : at + _STORED_AT_ONCE]
        with storage.index_connection() as connection:
            before = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM event_logs").scalar()
            connection.execute(storage.prepare_insert_event_batch(some))
        storage.store_asset_event_tags(some, list(range(before + 1, before + 1 + len(some))))
        storage.store_asset_event(some[-1], before + len(some))
    return len(entries)


def _judge(instance: dg.DagsterInstance, runs: Sequence[Run], step: Step) -> None:
    """The verdicts that stand after the last run, in the words of what writes them."""
    standing = {
        key: REASON.format(key) for run in runs for key in run.keys if key.partition("|")[2] in run.failed(step)
    }
    own = {"asset_key": dg.AssetKey(step.key), "check_name": GATE, "passed": False}
    given = [{**own, "partition": key, "description": reason} for key, reason in standing.items()]
    for one in (*given, gate_of_run(step, standing, runs[-1].keys), findings_of_run(step, [])):
        entry = _entry(runs[-1], step, DagsterEventType.ASSET_CHECK_EVALUATION, dg.AssetCheckEvaluation(**one))
        instance.event_log_storage.store_event(entry)


if __name__ == "__main__":
    main()
