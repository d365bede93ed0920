"""resampled: coarser bars of a dataset's own; what the last window needs of the next partition is read there."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from bcdata.bars.resample import Resampling, resample
from bcdata.catalog import Catalog, Dataset
from bcdata.features.table.splits import in_shares_at_end
from bcdata.frames.schema import LEDGER
from bcdata.pipeline.context import RunContext, columns_of_all, window_of
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import merged_over, read_over, read_sound, trusted
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, resampled_model
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import bar_end, calendar
from bcdata.venues.session_interval import interval_of
from bcdata.windows import Window

FinerBars = Callable[[pl.DataFrame, Window], pl.DataFrame]
"""Takes merged bars and the time that they are of, and gives those that coarser ones are made of."""
VERSION = 1
"""Raised when the same bars and ledger give other numbers."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Resamples what merged holds, and yields outcomes in order. Partitions name the coarser bars."""
    catalog, store = context.catalog, context.store
    yield from each(store.root, partitions, lambda one: _resample(store, catalog, dataset, one))


def grid_of(dataset: Dataset, name: str) -> Resampling:
    """Where the windows of a dataset's coarser bars lie."""
    wanted = dataset.resampled()[name]
    return Resampling(interval_of(wanted.bar_interval, dataset.hours), wanted.offset)


def reads(grid: Resampling, window: Window) -> Window:
    """The time of the merged bars that a partition reads: its own, and the next one's where a window goes on there.

    Its own are an input also where no window opens in it.
    """
    return Window(window.start, max(window.end, grid.reach(window).end))


def joins_sessions(grid: Resampling) -> bool:
    """Whether windows are longer than a session, so that shares can be split within one."""
    return grid.interval.has_sessions and grid.length > timedelta(days=1)


def _resample(store: Store, catalog: Catalog, dataset: Dataset, partition: Partition) -> Outcome:
    own = Partition("merged", dataset.name, partition.symbol, partition.date)
    if trusted(store, own) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", f"{dataset.name}: merged is not published"))
    grid, window = grid_of(dataset, partition.dataset), window_of(dataset, partition)
    reach = reads(grid, window)
    read = [(one.date, made) for one, made in merged_over(store, dataset, partition.symbol, reach)]
    splits = Splits.of(store, catalog, dataset) if joins_sessions(grid) else None
    told = splits.reads(partition.symbol, reach) if splits else []
    made_of = fingerprint(
        merged=read, interval=grid.interval.name, offset=grid.offset, finer=dataset.bar_interval.name, version=VERSION,
        **({"actions": told} if told else {}),
    )  # fmt: skip
    if done := unchanged(store, partition, made_of):
        return done
    change = in_shares_of_their_end(splits, partition.symbol, grid) if splits else None
    table = coarser_bars(store, dataset, partition.symbol, grid, window, change=change)
    columns = columns_of_all(dataset)
    signed = dataset.frame_type.is_signed
    model = resampled_model(grid, funding=dataset.has_funding, columns=columns, signed=signed)
    until = _made_until(store, dataset, partition.symbol, reach)
    findings = [*audit(table, model), *_incomplete(dataset, table, grid, until)]
    findings += splits.findings(partition.symbol, reach) if splits else []
    verdict = Verdict(table.height, tuple(findings))
    return publish(store, partition, table, verdict, fingerprint=made_of, record={"merged": read})


def coarser_bars(
    store: Store,
    dataset: Dataset,
    symbol: str,
    grid: Resampling,
    window: Window,
    *,
    change: FinerBars | None = None,
) -> pl.DataFrame:
    """The coarser bars of a symbol that open in the window, out of what merged holds that can be trusted.

    Args:
        store: the lake.
        dataset: of the finer bars.
        symbol: whose.
        grid: where windows lie.
        window: half-open, UTC.
        change: what is done to the finer bars before.

    Raises:
        StoreError: a file of merged or of its ledger is damaged.
    """
    reach = reads(grid, window)
    bars = read_over(store, dataset, symbol, reach)
    return resample(
        change(bars, reach) if change else bars,
        _ledgers(store, dataset, symbol, reach),
        grid,
        window=window,
        finer=dataset.bar_interval,
        calendar=calendar(dataset.hours),
    )


def in_shares_of_their_end(splits: Splits, symbol: str, grid: Resampling) -> FinerBars:
    """Finer bars, those before a split within a coarser bar in the shares of its end."""
    return lambda bars, reach: in_shares_at_end(bars, splits.within(symbol, reach), grid.floor)


def _ledgers(store: Store, dataset: Dataset, symbol: str, window: Window) -> pl.DataFrame:
    """The ledgers of the trusted bars in the window."""
    frames = [pl.DataFrame(schema=LEDGER)]
    for partition, made in merged_over(store, dataset, symbol, window):
        rows = read_sound(store, partition.in_zone("gaps"), dataset.name) if made else None
        if rows is not None:
            frames.append(rows)
    return pl.concat(frames)


def _made_until(store: Store, dataset: Dataset, symbol: str, window: Window) -> datetime:
    """Up to when bars had closed in the merged partitions that follow each other from the window's start on."""
    until = window.start
    for partition, made in merged_over(store, dataset, symbol, window):
        own = dataset.grain.window(partition.date)
        if made is None or own.start > until:
            break
        published = store.published(partition)
        closed = merged_record(published).get("closed")
        until = datetime.fromisoformat(closed) if closed else own.end
    return until


def _incomplete(dataset: Dataset, table: pl.DataFrame, grid: Resampling, until: datetime) -> Iterator[Finding]:
    """Warnings about windows that lack bars: those that go on where nothing is made yet, and others."""
    lacking = table.filter(pl.col("bars") + pl.col("explained") < pl.col("expected"))
    end = bar_end(grid.interval) if grid.interval.has_sessions else pl.col("open_time") + grid.length
    goes_on = end > until
    unfinished, others = lacking.filter(goes_on), lacking.filter(~goes_on)
    if others.height:
        words = "windows with bars that are missing and not explained; `bars`, `expected` and `explained` say how many"
        yield Finding("incomplete", Severity.WARN, others.height, words, sample(others.select("open_time")))
    if unfinished.height:
        first, bars, expected = unfinished.select("open_time", "bars", "expected").row(0)
        key = dataset.grain.key(until)
        is_border = dataset.grain.window(key).start == until
        why = f"{key} is not materialized" if is_border else f"bars had closed up to {until:%Y-%m-%d %H:%M} only"
        words = (
            f"the window from {first:%Y-%m-%d %H:%M} on has {bars:,} of {expected:,} bars, since {why};"
            " materialize this partition again once the rest is there"
        )
        yield Finding("unfinished", Severity.WARN, unfinished.height, words)
