"""Which dataset of the catalog a file belongs to, by its name, its path, and what the user says of it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bcdata.adoption.misfits import Misfit, Reason
from bcdata.catalog import Catalog, Dataset
from bcdata.providers.base import PERIODS, Series
from bcdata.providers.folder import FolderFormat, NamedFile
from bcdata.venues.symbols import complaint


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file that is an object of a dataset, by all that is known without opening it."""

    path: Path
    named: NamedFile
    series: Series
    dataset: Dataset

    @property
    def key(self) -> str:
        """The key that the provider has it under."""
        return self.named.keys[self.series]


@dataclass(frozen=True, slots=True)
class Naming:
    """How the files of a folder are told apart.

    Attributes:
        files: how the provider names them.
        catalog: the datasets that there are.
        source: the source whose files they are.
        stated: the dataset of files whose path does not tell.
        now: the present instant, UTC.
    """

    files: FolderFormat
    catalog: Catalog
    source: str
    stated: Dataset | None
    now: datetime

    def place(self, path: Path) -> PlacedFile | Misfit:
        """The dataset and the object of a file, or why it has none."""
        named = self.files.named(path)
        if named is None:
            return Misfit(path, Reason.NAME, f"names look like {self.files.EXAMPLE}")
        series = self._series(named)
        if series is None:
            return Misfit(path, Reason.AMBIGUOUS, self._ambiguous(named))
        dataset = self._dataset(series)
        if dataset is None or complaint(series.symbol):
            words = f"the catalog has no dataset {_name(series)}; add it there to have its files adopted"
            return Misfit(path, Reason.NOT_IN_CATALOG, complaint(series.symbol) or words)
        return self._misplaced(path, named, dataset) or PlacedFile(path, named, series, dataset)

    def _series(self, named: NamedFile) -> Series | None:
        if len(named.keys) == 1:
            return next(iter(named.keys))
        stated = self.stated
        return next((one for one in named.keys if stated and _is_of(one, stated)), None)

    def _dataset(self, series: Series) -> Dataset | None:
        return next((one for one in self.catalog if one.bulk == self.source and _is_of(series, one)), None)

    def _ambiguous(self, named: NamedFile) -> str:
        known = [name for one in named.keys if (dataset := self._dataset(one)) for name in (dataset.name,)]
        if self.stated:
            return f"its path does not tell market and type, and its name is none of {self.stated.name}"
        if not known:
            return "its path does not tell market and type, and the catalog has no dataset with such files"
        return f"its path does not tell market and type: say which with --dataset {' or '.join(known)}"

    def _misplaced(self, path: Path, named: NamedFile, dataset: Dataset) -> Misfit | None:
        window = PERIODS[named.period].window(named.date_key)
        if named.period not in dataset.archive:
            words = f"the catalog has no {named.period} files of {dataset.name} read (its key `archive`)"
            return Misfit(path, Reason.PERIOD, words)
        if window.end <= dataset.grain.window(dataset.start).start:
            return Misfit(path, Reason.BEFORE_START, f"{dataset.name} starts at {dataset.start} in the catalog")
        if window.start > self.now:
            return Misfit(path, Reason.FUTURE, f"its time has not come: now is {self.now:%Y-%m-%d}")
        return None


def _is_of(series: Series, dataset: Dataset) -> bool:
    interval = dataset.interval.name if dataset.interval else None
    return (series.market, series.kind, series.interval) == (dataset.market, dataset.kind, interval)


def _name(series: Series) -> str:
    return "_".join(part for part in (series.market, series.kind, series.interval) if part)
