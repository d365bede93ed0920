"""How far the actions of a symbol are known: what takes effect later is a jump that nothing tells of."""

from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.pipeline.lake import keys_over, trusted
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def known_until(store: Store, dataset: Dataset, symbol: str, key: str) -> datetime | None:
    """Up to when (UTC) a merged partition has its rows; None where there is none that can be trusted.

    Raises:
        StoreError: a file is damaged.
    """
    partition = Partition("merged", dataset.name, symbol, key)
    if trusted(store, partition) is None:
        return None
    closed = merged_record(store.published(partition)).get("closed")
    return datetime.fromisoformat(closed) if closed else None


def unknown(
    store: Store, actions: Dataset, symbol: str, window: Window
) -> tuple[list[str], list[tuple[str, datetime]]]:
    """The date keys of a time that are not published, and those that end before it does, each with when that is."""
    absent, short = [], []
    for key in keys_over(actions, window):
        until = known_until(store, actions, symbol, key)
        if until is None:
            absent.append(key)
        elif until < min(actions.grain.window(key).end, window.end):
            short.append((key, until))
    return absent, short
