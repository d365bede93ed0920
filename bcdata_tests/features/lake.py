"""A made-up market in a lake: merged bars with their ledgers, as the feature zone finds them."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.catalog import Dataset
from bcdata.features.proofs.bars import MINUTE
from bcdata.features.proofs.world import EXPLAINED, World
from bcdata.frames.schema import FUNDING, LEDGER, merged_bar
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def write_world(root: Path, world: World, dataset: Dataset, funding: Dataset | None = None) -> None:
    """Publishes all members of the world as merged partitions, and the settlements of its symbol and reference."""
    store = Store(root)
    for symbol, bars in world.members.items():
        write_bars(store, dataset, symbol, bars)
    for symbol, frame in (("AUSDT", world.funding), ("BTCUSDT", world.reference_funding)) if funding else ():
        assert funding is not None
        for key, part in _by_key(frame.select(FUNDING.names()).cast(dict(FUNDING)), "time", funding):
            _publish(store, Partition("merged", funding.name, symbol, key), part, pl.DataFrame(schema=LEDGER))
    store.close()


def write_bars(store: Store, dataset: Dataset, symbol: str, bars: pl.DataFrame) -> None:
    """Publishes one symbol's bars; the ledger explains what is missing for the members of whom it does."""
    schema = merged_bar(funding=dataset.market in {"um", "cm"})
    known = with_known_at(bars, dataset.bar_interval)
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in known.columns]
    frame = known.with_columns(missing).select(schema.names()).cast(dict(schema))
    for key, part in _by_key(frame, "open_time", dataset):
        window = dataset.grain.window(key)
        _publish(store, Partition("merged", dataset.name, symbol, key), part, _ledger(symbol, part, window))


def _by_key(frame: pl.DataFrame, time: str, dataset: Dataset) -> list[tuple[str, pl.DataFrame]]:
    keys = [dataset.grain.key(at) for at in frame[time]]
    parts = frame.with_columns(key=pl.Series(keys, dtype=pl.String)).partition_by("key", maintain_order=True)
    return [(part["key"][0], part.drop("key")) for part in parts]


def _ledger(symbol: str, bars: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The holes before, between and after the bars."""
    status = "upstream" if symbol in EXPLAINED else "open"
    opens = [window.start - MINUTE, *bars["open_time"], window.end]
    rows = [
        {"start": before + MINUTE, "end": after - MINUTE, "bars": (after - before) // MINUTE - 1}
        for before, after in pairwise(opens)
        if after - before > timedelta(minutes=1)
    ]
    return pl.DataFrame([{**row, "status": status, "evidence": "made up"} for row in rows], schema=LEDGER)


def _publish(store: Store, partition: Partition, frame: pl.DataFrame, ledger: pl.DataFrame) -> None:
    made = str(frame.hash_rows().sum())
    for one, content in ((partition.in_zone("gaps"), ledger), (partition, frame)):
        store.publish(one, content, fingerprint=made, rules="test", record={"verdict": {}})
