"""A process that stores asset-partition events one after another: `DIR CLASS RUN COUNT`.

Each line on its output is the number of an event whose `store_event` has returned. With a count of 0 it stores
one event for each line of its input.
"""

import sys
import time

from dagster import AssetKey, AssetMaterialization
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from bcdata.dagster_storage import PooledSqliteEventLogStorage

STORAGES = {"stock": SqliteEventLogStorage, "pooled": PooledSqliteEventLogStorage}


def materialization(run_id: str, number: int) -> EventLogEntry:
    event = DagsterEvent(
        event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="job",
        step_key="bars",
        event_specific_data=StepMaterializationData(
            AssetMaterialization(AssetKey("bars"), partition=f"{run_id}-{number:05d}")
        ),
    )
    return EventLogEntry(
        error_info=None,
        level=10,
        user_message="",
        run_id=run_id,
        timestamp=time.time(),
        step_key="bars",
        job_name="job",
        dagster_event=event,
    )


def main() -> None:
    directory, storage, run_id, count = sys.argv[1:]
    log = STORAGES[storage](directory)
    for number, _ in enumerate(sys.stdin if count == "0" else range(int(count))):
        log.store_event(materialization(run_id, number))
        print(number, flush=True)
    log.dispose()


if __name__ == "__main__":
    main()
