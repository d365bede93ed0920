"""The assets of a lake as DuckDB views: their names, their columns, and the SQL that reads their files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from bcdata.bars.halts import HALT
from bcdata.bars.resample import resampled_bar
from bcdata.catalog import Catalog, Dataset, rows_of
from bcdata.errors import StoreError
from bcdata.features.labels import label_schema
from bcdata.features.report import REPORT
from bcdata.features.schema import table_schema
from bcdata.features.seasonality import SCHEMA as PROFILE
from bcdata.frames.schema import LEDGER, TIME, merged_schema
from bcdata.instruments.table import UNIVERSE, UNIVERSE_IS_LOST
from bcdata.pipeline.features.feature_set import features_of
from bcdata.pipeline.lake import LOST, is_of, require_none_lost
from bcdata.pipeline.records.scores import SOURCES, qualities, sources_of
from bcdata.reading.verified_files import of_grain, whole
from bcdata.store.layout import universe_table
from bcdata.store.store import Store
from bcdata.windows import Grain

ZONES = ("merged", "features", "reports", "seasonality", "labels", "resampled", "gaps", "sources", "halts", "universe")
_MIXED = frozenset({"features", "labels"})
"""Zones whose partitions may have different columns while a changed catalog is being computed."""
_KNOWN_AT = ', "time" + INTERVAL 1 MINUTE AS known_at'
"""A settlement is known at the end of its minute."""


@dataclass(frozen=True, slots=True)
class AssetView:
    """One asset: its zone, its name, its columns, those that come from the folders, and the dataset it is made of."""

    zone: str
    name: str
    schema: pl.Schema = field(compare=False)  # it cannot be hashed
    keys: tuple[str, ...] = ("symbol", "date")
    source: str = ""
    added: str = ""
    grain: Grain = Grain.MONTH

    @property
    def empty(self) -> pl.DataFrame:
        """No rows, with all columns: what the view is while there are no files."""
        return pl.DataFrame(schema={**self.schema, **dict.fromkeys(self.keys, pl.String)})

    def files(self, store: Store) -> list[Path]:
        """The asset's files, every byte of them verified: DuckDB verifies nothing.

        Raises:
            StoreError: one is damaged; the text has the command that repairs it.
        """
        match self.zone:
            case "sources":
                return []
            case "universe":
                places = [universe_table(self.name)]
            case "halts":
                places = store.tables(f"halts/{self.name}/")
            case _:
                there = list(of_grain(store.partitions(self.zone, self.name), self.grain))
                wanted = partial(is_of, self.grain)
                require_none_lost(store, there, self.zone, self.name, source=self.source, wanted=wanted)
                found = whole(store, there, self.source)
                return [(store.root / one.key()).absolute() for one in found]
        then = f"make it again with: bcdata halts --dataset {self.name}" if self.zone == "halts" else UNIVERSE_IS_LOST
        for place in places:
            if damage := store.damage(place):
                raise StoreError(f"{place.key()} is damaged: {damage}; {then}")
        if lost := store.lost(places):
            raise StoreError(f"{lost[0].key()} is {LOST}; {then}")
        return [path for one in places if (path := (store.root / one.key()).absolute()).is_file()]

    def rows(self, store: Store) -> pl.DataFrame | None:
        """The asset's rows, where they stand in manifests and not in files of their own; else None.

        Raises:
            StoreError: a manifest is damaged.
        """
        return sources_of(qualities(store, self.source, self.grain)) if self.zone == "sources" else None

    def _tail(self, path: Path) -> str:
        """The folders of a path whose names have its keys, and the file."""
        return "/".join(path.parts[-1 - len(self.keys) :])

    def sql(self, files: Sequence[Path], *, mixed: bool) -> str:
        """Reads hive-style files, keys of folders as text; paths are literals with quotes doubled.

        Where columns are mixed they are matched by name, and null in files that lack them.
        """
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        union = ", union_by_name = true" if mixed or self.zone in _MIXED else ""
        if self.keys and "=" in str(files[0]).removesuffix(self._tail(files[0])):
            # DuckDB takes keys from all folders of a path, those above the lake too.
            keys = ", ".join(
                f"url_decode(regexp_extract(filename, '.*/{key}=([^/]*)/', 1)) AS {key}" for key in sorted(self.keys)
            )
            columns = f"SELECT * EXCLUDE (filename), {keys}{self.added}"
            return f"{columns} FROM read_parquet([{paths}], hive_partitioning = false, filename = true{union})"
        types = ", ".join(f"'{key}': VARCHAR" for key in self.keys)
        hive = f", hive_partitioning = true, hive_types = {{{types}}}" if self.keys else ""
        return f"SELECT *{self.added} FROM read_parquet([{paths}]{hive}{union})"  # noqa: S608 # nosec B608 # see above


def views(catalog: Catalog) -> Iterator[AssetView]:
    """All views of a catalog."""
    for dataset in catalog:
        yield from _views(dataset)
    for market in dict.fromkeys(dataset.market for dataset in catalog):
        yield AssetView("universe", market, UNIVERSE, keys=())


def _views(dataset: Dataset) -> Iterator[AssetView]:
    if dataset.ends_at_raw:
        return
    has_funding, has_sessions, name = dataset.has_funding, dataset.hours.are_sessions, dataset.name
    view = partial(AssetView, name=name, source=name, grain=dataset.grain)
    merged = merged_schema(rows_of(name), funding=has_funding, sessions=has_sessions)
    if "known_at" in merged:
        yield view("merged", schema=merged)
    else:
        yield view("merged", schema=pl.Schema({**merged, "known_at": TIME}), added=_KNOWN_AT)
    if dataset.frame_type.has_interval:
        yield AssetView("halts", name, HALT, keys=("date",))
    yield view("features", schema=table_schema(features_of(dataset), sessions=has_sessions))
    yield view("reports", schema=REPORT)
    yield view("seasonality", schema=PROFILE)
    horizons = dataset.labels.horizons if dataset.labels else ()
    yield view("labels", schema=label_schema(horizons, sessions=has_sessions))
    yield view("gaps", schema=LEDGER)
    yield view("sources", schema=SOURCES)
    for coarser in dataset.resampled():
        yield view("resampled", name=coarser, schema=resampled_bar(funding=has_funding, sessions=has_sessions))


def schema_of(dataset: Dataset, zone: str, name: str) -> pl.Schema:
    """The columns of a zone's rows of a dataset, or of the coarser bars of this name that are made of it."""
    return next(one.schema for one in _views(dataset) if (one.zone, one.name) == (zone, name))
