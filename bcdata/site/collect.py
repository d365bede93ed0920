"""What a report tells, out of ledgers, footers and manifests; bars are read for charts alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from bcdata.api.load import load
from bcdata.catalog import Catalog, Dataset
from bcdata.instruments.update import read_universe
from bcdata.interval import EPOCH, Interval
from bcdata.ledger.ledger import Status
from bcdata.pictures.candles import Candle, Shade
from bcdata.reporting import lists
from bcdata.reporting.calendars import without_calendar
from bcdata.reporting.gap_report import DatasetGaps, GapRequest, ask
from bcdata.reporting.scores import Scores
from bcdata.reporting.status import findings, status
from bcdata.site.values import Chart, DatasetEntry, Report, Row, SymbolEntry
from bcdata.store.store import Store

_RUNS, _FINDINGS = 100, 100
_DAY = "1d"
_COSTS = ("partition", "row", "warn")
"""Severities, the costliest first."""


def collect(root: Path, catalog: Catalog, names: Sequence[str], *, days: int, now: datetime) -> Report:
    """The state of the datasets (all that the lake has something of, or those named) as of `now` (UTC).

    Charts will show the last `days` of each symbol.

    Raises:
        UsageError: a name is unknown.
    """
    store = Store(root)
    facts = {row["dataset"]: row for row in lists.datasets(catalog).to_dicts()}
    gaps = {one.name: one for one in ask(store, catalog, GapRequest(datasets=tuple(names)), now=now)}
    unknown = without_calendar(catalog.chosen(tuple(names)))
    found: dict[str, list[Row]] = {}
    for finding in findings(store, catalog, tuple(names)):
        found.setdefault(finding.dataset, []).append(finding.to_json())
    entries = []
    for one in status(store, catalog, tuple(names), now=now):
        if any(zone.partitions for zone in one.zones):
            told = sorted(found.get(one.dataset, []), key=lambda row: _COSTS.index(row["severity"]))
            ledger = gaps.get(one.dataset)
            has_coverage = ledger is not None and ledger.has_bars and one.dataset not in unknown
            entries.append(
                DatasetEntry(
                    name=one.dataset,
                    facts=facts[one.dataset],
                    zones=[asdict(zone) for zone in one.zones if zone.partitions],
                    bytes=sum(zone.bytes for zone in one.zones),
                    missing=one.missing,
                    held_back=one.held_back,
                    stale=len(one.stale),
                    heat_map=ledger.picture(ledger.dataset.grain) if ledger and has_coverage else "",
                    findings=told[:_FINDINGS],
                    found=len(told),
                    scores=Scores.of(one.quality),
                    symbols=_symbols(ledger, told, one.quality, days) if ledger and has_coverage else (),
                    trouble=unknown.get(one.dataset, ""),
                )
            )
    universe = {market: _universe(store, market, now) for market in _markets(catalog)}
    return Report(now, entries, {market: counts for market, counts in universe.items() if counts})


def _symbols(gaps: DatasetGaps, told: Sequence[Row], quality: Sequence[Row], days: int) -> list[SymbolEntry]:
    """The symbols of a dataset; of each cell of coverage what is missing by reason."""
    cells = gaps.cells(gaps.dataset.grain)
    reasons = [one.value for one in Status if one is not Status.REFILLED]
    totals = cells.group_by("symbol", maintain_order=True).agg(
        pl.col("date").min().alias("first"),
        pl.col("date").max().alias("last"),
        pl.col("expected", "present", *reasons).sum(),
    )
    runs = gaps.all_runs.filter(pl.col("status") != Status.REFILLED.value).sort("bars", descending=True)
    by_symbol = {str(key[0]): frame for key, frame in runs.partition_by("symbol", as_dict=True).items()}
    found, scores = _by_symbol(told), _by_symbol(quality)
    return [
        SymbolEntry(
            gaps.name, row["symbol"], row["first"], row["last"], row["expected"], row["present"],
            {name: row[name] for name in reasons if row[name]},
            longest.head(_RUNS).select("start", "end", "bars", "status", "evidence").sort("start").to_dicts(),
            max(longest.height - _RUNS, 0),
            _shades(gaps.dataset, longest, since=_before(gaps.dataset.grain.window(row["last"]).end, days)),
            found.get(row["symbol"], [])[:_FINDINGS],
            Scores.of(scores.get(row["symbol"], [])),
        )
        for row in totals.sort("symbol").to_dicts()
        for longest in [by_symbol.get(row["symbol"], runs.clear())]
    ]  # fmt: skip


def _by_symbol(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["symbol"], []).append(row)
    return found


def _shades(dataset: Dataset, runs: pl.DataFrame, *, since: datetime) -> list[Shade]:
    lately = runs.filter(pl.col("end") >= since).sort("start").select("start", "end", "status")
    return [Shade(start, dataset.pace.next(end), status) for start, end, status in lately.iter_rows()]


def _markets(catalog: Catalog) -> list[str]:
    return sorted({one.market for one in catalog})


def _universe(store: Store, market: str, now: datetime) -> dict[str, int]:
    """How many instruments of a market have which status; empty where no universe is kept."""
    return dict(Counter(read_universe(store, market, now)["status"].to_list()))


def chart(root: Path, catalog: Catalog, entry: SymbolEntry, *, days: int) -> Chart | None:
    """The last days of a symbol in bars of a day, or in its own if those are longer; None where it has none."""
    dataset = catalog[entry.dataset]
    if dataset.interval is None:
        return None
    last = dataset.grain.window(entry.last)
    interval = _shown(dataset)
    frame = load(
        entry.dataset, entry.symbol, _before(last.end, days), last.end,
        columns=["open_time", "open", "high", "low", "close", "volume"], interval=interval,
        missing="ignore", root=root, catalog=catalog,
    )  # fmt: skip
    bars = [Candle(*row) for row in frame.select("open_time", "open", "high", "low", "close", "volume").iter_rows()]
    length = Interval.parse(interval).length or timedelta(days=30)
    return Chart(bars, entry.shades, interval, length.total_seconds()) if bars else None


def _shown(dataset: Dataset) -> str:
    own = dataset.bar_interval
    return _DAY if Interval.parse(_DAY).is_multiple_of(own) else own.name


def _before(end: datetime, days: int) -> datetime:
    """So many days before an instant, and never before 1970: nothing is older."""
    return end - timedelta(days=min(days, (end - EPOCH).days))
