"""Feature reports for people: the map of a few partitions, and the page of a symbol. Prints nothing."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import UsageError
from bcdata.features.feature import Feature
from bcdata.pictures.feature_map import feature_map
from bcdata.pipeline.context import columns_of
from bcdata.pipeline.features.feature_set import features_of
from bcdata.pipeline.features.lacking import lack
from bcdata.pipeline.features.reports import absent_of, bars_of_a_day
from bcdata.pipeline.lake import read_sound
from bcdata.quality.features import states
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_MOST = 36
"""So many partitions does a picture in Dagster's event log show, if the run has no more: those before it too."""
_ROWS = 50_000
"""So many rows of a table are drawn: of more, every second, third ... one."""


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """What the HTML report of one symbol is made of."""

    dataset: Dataset
    symbol: str
    reports: pl.DataFrame
    table: pl.DataFrame

    def html(self) -> str:
        """The page's section: the map, the distributions of each family, correlations, and what asks for a look."""
        known = [one for one in features_of(self.dataset) if one.name in self.table.columns]
        families = [(name, list(members)) for name, members in groupby(known, key=lambda one: one.family)]
        sheets = "".join(self._sheet(name, members) for name, members in families)
        return (
            f"<h2>{escape(self.symbol)}</h2>\n<figure>{map_of(self.dataset, self.symbol, self.reports)}</figure>\n"
            f"<h2>What asks for a look</h2>\n{_attention(self.dataset, self.symbol, self.reports)}\n{sheets}"
            f"<h2>How features go together</h2>\n<figure>{self._correlations(known)}</figure>\n"
        )

    def _sheet(self, family: str, members: Sequence[Feature]) -> str:
        from bcdata.pictures.sheets import sheet

        columns = {one.name: self.table[one.name].to_numpy() for one in members}
        image = sheet(self.table["open_time"].to_numpy(), columns, {one.name: one.unit for one in members})
        return f"<h2>{escape(family)}</h2>\n<figure>{_embedded(image, family)}</figure>\n"

    def _correlations(self, known: Sequence[Feature]) -> str:
        from bcdata.pictures.sheets import correlations

        return _embedded(correlations({one.name: self.table[one.name].to_numpy() for one in known}), "correlations")


def page_of(store: Store, dataset: Dataset, symbol: str, dates: Sequence[str]) -> FeaturePage:
    """What is known of a symbol's features over these date keys.

    Raises:
        UsageError: nothing is published there.
    """
    partitions = [Partition("reports", dataset.name, symbol, date) for date in dates]
    reports = _reports(store, partitions)
    tables = [
        frame for one in partitions if (frame := read_sound(store, one.in_zone("features"), one.dataset)) is not None
    ]
    if reports is None or not tables:
        words = f"{dataset.name} {symbol}: no reports between {dates[0]} and {dates[-1]}"
        raise UsageError(f"{words}; make them: bcdata materialize --until reports")
    table = pl.concat(tables, how="diagonal")
    return FeaturePage(dataset, symbol, reports, table.gather_every(max(1, table.height // _ROWS)))


def neighbourhood(store: Store, dataset: Dataset, partitions: Sequence[Partition]) -> str | None:
    """The map of all these partitions, and of those before where they are few, as SVG; None where no report is."""
    own: dict[str, list[str]] = {}
    for one in partitions:
        own.setdefault(one.symbol, []).append(one.date)
    judged = []
    for symbol, dates in sorted(own.items()):
        keys = dataset.grain.keys(min(dataset.start, *dates), max(dates))[-max(len(dates), _MOST // len(own)) :]
        reports = _reports(store, [Partition("reports", dataset.name, symbol, key) for key in keys])
        judged += [] if reports is None else _judged(dataset, symbol, reports)
    if not judged:
        return None
    first, last = min(row["date"] for row in judged), max(row["date"] for row in judged)
    whose = next(iter(own)) if len(own) == 1 else f"{first} .. {last}"
    return feature_map(judged, title=f"{dataset.name} {whose}: features that ask for a look", hover=False)


def map_of(dataset: Dataset, symbol: str, reports: pl.DataFrame) -> str:
    """The map of one symbol's reports, `date` among their columns."""
    rows = _judged(dataset, symbol, reports)
    return feature_map(rows, title=f"{dataset.name} {symbol}: features that ask for a look")


def _judged(dataset: Dataset, symbol: str, reports: pl.DataFrame) -> list[dict[str, Any]]:
    judged = states(reports, absent=absent_of(dataset, symbol), day=bars_of_a_day(dataset))
    return judged.with_columns(symbol=pl.lit(symbol)).to_dicts()


def _reports(store: Store, partitions: Sequence[Partition]) -> pl.DataFrame | None:
    found = [(one.date, frame) for one in partitions if (frame := read_sound(store, one, one.dataset)) is not None]
    return pl.concat([frame.with_columns(date=pl.lit(date)) for date, frame in found]) if found else None


def _attention(dataset: Dataset, symbol: str, reports: pl.DataFrame) -> str:
    judged = states(reports, absent=absent_of(dataset, symbol), day=bars_of_a_day(dataset))
    rows = "".join(_row(row) for row in judged.filter(pl.col("state") != "fine").sort("date", "feature").iter_rows())
    table = f"<table><tr><th>feature</th><th>date</th><th>why</th><th></th></tr>{rows}</table>" if rows else "Nothing."
    words = lack(features_of(dataset), columns_of(dataset))
    return f"<p>By the nature of its sources: {escape(words)}</p>\n{table}" if words else table


def _row(values: Sequence[object]) -> str:
    return "<tr>" + "".join(_cells(values)) + "</tr>"


def _cells(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        yield f"<td>{escape(str(value))}</td>"


def _embedded(image: bytes, words: str) -> str:
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{base64.b64encode(image).decode()}">'
