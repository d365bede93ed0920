"""Signs of wrong bars that only show across partitions and symbols: asked by `verify`, and never decided.

What parsed sees inside a partition stands in its findings. Here are the borders between partitions, days that repeat
those of another partition or symbol, volumes against the days before a partition, and returns that lag behind the
reference. Only days that no coarser bar confirms are looked at: a lake whose days are all compared is not read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.healing.contradicted import ListingSpan, listing_spans
from bcdata.instruments.update import read_universe
from bcdata.pipeline.features.feature_set import reference_of
from bcdata.pipeline.own import is_own
from bcdata.pipeline.records.findings import ReportedFinding, reported
from bcdata.pipeline.records.footer_cache import FooterCache
from bcdata.pipeline.zones import Step, Zone
from bcdata.quality.compare.suspicion import VOLUME_DAYS, day_values, find_steps, lag_against, unusual_volume_per_trade
from bcdata.quality.compare.suspicion import Step as Jump
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.store import Store

_COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "trades")
_NEAR = 1440
"""Bars on either side of a border: enough to tell the size of a tick."""
_LEAST_BARS = 240
"""Bars of a day without which a lag behind the reference cannot be measured."""


@dataclass(frozen=True, slots=True)
class Lake:
    """What is looked at: merged bars of one dataset."""

    store: Store
    footers: FooterCache
    dataset: Dataset

    @property
    def step(self) -> Step:
        """The asset of the merged bars."""
        return Step(Zone.MERGED, self.dataset.name)

    def read(self, symbol: str, date_key: str) -> pl.DataFrame | None:
        """The bars of a partition; None where there are none, or they are damaged: that is another finding."""
        try:
            return self.store.read(self.step.partition(symbol, date_key), _COLUMNS)
        except StoreError:
            return None

    def unconfirmed(self, symbol: str, date_keys: Sequence[str]) -> dict[str, set[date]]:
        """By date key: the days that no coarser bar confirms; all of them where the archive is no source."""
        if self.dataset.bulk is None:
            return {key: set(self.dataset.grain.window(key).days()) for key in date_keys}
        days_by_key = self.footers.uncompared(Step(Zone.PARSED, self.dataset.name, self.dataset.bulk), symbol)
        return {key: {date.fromisoformat(day) for day in days_by_key.get(key, [])} for key in date_keys}


def suspicions(
    store: Store, footers: FooterCache, dataset: Dataset, symbols: set[str] | None = None
) -> Iterator[ReportedFinding]:
    """What is suspicious in the merged bars of a dataset, as findings.

    Args:
        store: the lake.
        footers: the memory of what its files say.
        dataset: a dataset of the catalog; settlements and signed prices are not looked at.
        symbols: only these; all if None.
    """
    if dataset.interval is None or dataset.interval.length is None or dataset.frame_type.is_signed:
        return
    lake = Lake(store, footers, dataset)
    keys: dict[str, list[str]] = {}
    for one in filter(is_own, store.partitions(lake.step.zone.value, lake.step.asset)):
        keys.setdefault(one.symbol, []).append(one.date)
    try:
        known = {} if dataset.is_asked_by_windows else listing_spans(read_universe(store, dataset.market))
    except StoreError:
        known = {}  # its own sensor tells of the damage, and so does the sweep
    for symbol, dates in sorted(keys.items()):
        if symbols is None or symbol in symbols:
            yield from _Symbol(lake, symbol, sorted(dates), keys, known.get(symbol)).look()


@dataclass(slots=True)
class _Symbol:
    """The look at one symbol."""

    lake: Lake
    symbol: str
    dates: Sequence[str]
    others: dict[str, list[str]]
    life: ListingSpan | None
    volumes: list[pl.DataFrame] = field(default_factory=list)
    values: list[pl.DataFrame] = field(default_factory=list)

    def look(self) -> Iterator[ReportedFinding]:
        """All findings of the symbol, partition by partition."""
        unconfirmed = self.lake.unconfirmed(self.symbol, self.dates)
        if not any(unconfirmed.values()):
            return
        before: pl.DataFrame | None = None
        doubtful: set[date] = set()
        for key in self.dates:
            bars = self.lake.read(self.symbol, key)
            if bars is None or bars.is_empty():
                continue
            days = unconfirmed[key]
            found: list[Finding] = []
            if before is not None and days | doubtful:
                found += self._border(before, bars, days | doubtful)
            found += [*self._volumes(bars, days), *self._repeats(bars, key, days), *self._lags(bars, key, days)]
            yield from reported(self.lake.step, self.symbol, key, found)
            before, doubtful = bars.tail(_NEAR), days

    def _border(self, before: pl.DataFrame, bars: pl.DataFrame, days: set[date]) -> Iterator[Finding]:
        """A jump of the price between two partitions, on days that nothing confirms, of one instrument."""
        near = pl.concat([before, bars.head(_NEAR)])
        first: datetime = bars["open_time"][0]
        last: datetime = before["open_time"][-1]
        is_one = self.life is None or not self.life.is_between(last.date(), first.date())
        if not is_one or not {first.date(), last.date()} & days:
            return
        for jump in find_steps(near, self.lake.dataset.bar_interval):
            if jump.at == first:
                yield Finding("border_step", Severity.WARN, 1, _jump(jump, last), ({"open_time": str(first)},))

    def _volumes(self, bars: pl.DataFrame, days: set[date]) -> Iterator[Finding]:
        """Days too early in their partition to be compared with seven days of it."""
        by_day = bars.group_by(pl.col("open_time").dt.truncate("1d")).agg(pl.col("volume", "trades").sum())
        by_day = by_day.sort("open_time")
        early = set(by_day["open_time"].dt.date().head(VOLUME_DAYS).to_list())
        self.volumes = [*self.volumes[-VOLUME_DAYS:], by_day]
        for day, factor in unusual_volume_per_trade(pl.concat(self.volumes)):
            if day in days & early:
                words = f"volume per trade of {day} is {factor:.3g} times the median of the seven days before"
                yield Finding("volume_per_trade", Severity.WARN, 1, words)

    def _repeats(self, bars: pl.DataFrame, key: str, days: set[date]) -> Iterator[Finding]:
        """Days with the very values of a day of another partition, or of the same day of another symbol."""
        own = day_values(bars)
        earlier = [frame.with_columns(symbol=pl.lit(self.symbol)) for frame in self.values]
        self.values.append(own)
        doubtful = own.filter(pl.col("day").is_in(list(days)))
        if doubtful.is_empty():
            return
        for other in sorted(self.others):
            if other != self.symbol and key in self.others[other]:
                frame = self.lake.read(other, key)
                earlier += [day_values(frame).with_columns(symbol=pl.lit(other))] if frame is not None else []
        if not earlier:
            return
        same = doubtful.join(pl.concat(earlier), on=["values", "trades", "len"], suffix="_other")
        for day, other, symbol in same.unique("day").sort("day").select("day", "day_other", "symbol").iter_rows():
            whose = "" if symbol == self.symbol else f" of {symbol}"
            yield Finding("repeated_day", Severity.WARN, 1, f"{day} has the very values of {other}{whose}")

    def _lags(self, bars: pl.DataFrame, key: str, days: set[date]) -> Iterator[Finding]:
        """Days whose returns follow the reference's, or go before them."""
        reference = reference_of(self.lake.dataset)
        if not days or self.symbol == reference or key not in self.others.get(reference, []):
            return
        other = self.lake.read(reference, key)
        if other is None:
            return
        for day in sorted(days):
            mine, its = (frame.filter(pl.col("open_time").dt.date() == day) for frame in (bars, other))
            lag = lag_against(mine, its, self.lake.dataset.bar_interval) if mine.height >= _LEAST_BARS else None
            if lag:
                words = f"the returns of {day} follow those of {reference} {lag} bars late"
                if lag < 0:
                    words = f"the returns of {day} go {-lag} bars before those of {reference}"
                yield Finding("lag", Severity.WARN, 1, words)


def _jump(jump: Jump, last: datetime) -> str:
    prices = f"from {jump.close:,g} to {jump.open:,g}"
    after = "" if jump.at - last < timedelta(hours=1) else f" after {last:%Y-%m-%d %H:%M}"
    return f"the price jumps {prices} at {jump.at:%Y-%m-%d %H:%M}{after}, which no coarser bar confirms"
