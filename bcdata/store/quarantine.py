"""What did not pass: bad rows and reports, kept beside the lake under `quarantine/`, never in a zone."""

from typing import Any

import polars as pl

from bcdata.store.layout import Partition
from bcdata.store.store import Store

ZONE = "quarantine"
REPORT = "report.json"
_REPORT = {"fingerprint": str, "published": bool, "verdict": dict}
"""What a report must hold."""


def place(partition: Partition) -> Partition:
    """Where the partition's quarantine lies: `quarantine/<zone>/[<provider>/]<dataset>/symbol=/date=/`."""
    provider = f"{partition.zone}/{partition.provider}" if partition.provider else partition.zone
    return Partition(ZONE, partition.dataset, partition.symbol, partition.date, provider)


def quarantine(
    store: Store,
    partition: Partition,
    *,
    fingerprint: str,
    verdict: dict[str, Any],
    published: bool,
    rows: pl.DataFrame | None = None,
) -> None:
    """Keeps the verdict, and the bad rows with their reasons, until the partition passes without any."""
    home = place(partition)
    if rows is not None and rows.height:
        store.publish(home, rows, fingerprint=fingerprint, rules="", record={})
    else:
        store.objects.delete(home.key())
    report = {"fingerprint": fingerprint, "published": published, "verdict": verdict}
    store.put_json(home, REPORT, report)


def report(store: Store, partition: Partition) -> dict[str, Any] | None:
    """The partition's quarantine report; None where nothing is in quarantine, or the report is of another shape."""
    found = store.get_json(place(partition), REPORT)
    if found is None or not all(isinstance(found.get(name), kind) for name, kind in _REPORT.items()):
        return None
    return found


def has_rows(store: Store, partition: Partition) -> bool:
    """Whether the partition's bad rows are in quarantine."""
    return store.published(place(partition)) is not None


def clear(store: Store, partition: Partition) -> None:
    """Removes the partition's quarantine once what was in it has been replaced."""
    store.remove(place(partition))
