"""What an import came to, by dataset: what was adopted, what was known, and what the catalog's policy left out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bcdata.adoption.lake import Lake
from bcdata.adoption.misfits import Misfit, Reason
from bcdata.adoption.survey import OwnFile, Survey
from bcdata.catalog import Dataset
from bcdata.store.layout import Partition


@dataclass(slots=True)
class DatasetResult:
    """The files of one dataset: those that were adopted, those that were known, and those that nothing needs.

    The last are objects of days whose month the catalog has read first, or of months whose days are whole.
    """

    dataset: Dataset
    adopted: list[OwnFile] = field(default_factory=list)
    known: list[OwnFile] = field(default_factory=list)
    left_out: list[OwnFile] = field(default_factory=list)

    @property
    def there(self) -> list[OwnFile]:
        """What the lake has of the folder now."""
        return [*self.adopted, *self.known]

    @property
    def bytes(self) -> int:
        """Of the adopted files."""
        return sum(one.file.size for one in self.adopted)

    def to_json(self) -> dict[str, object]:
        """As plain values."""
        dates = sorted(one.file.one.date_key for one in self.adopted)
        return {
            "dataset": self.dataset.name,
            "files": len(self.adopted),
            "symbols": len({one.file.series.symbol for one in self.adopted}),
            "bytes": self.bytes,
            "first": dates[0] if dates else None,
            "last": dates[-1] if dates else None,
            "known": len(self.known),
            "not_needed": len(self.left_out),
        }

    def next_command(self, lake: Lake) -> str:
        """The command that makes rows of what is there."""
        dates = sorted(place.date for one in self.there for place in lake.partitions(self.dataset, one.file))
        symbols = sorted({one.file.series.symbol for one in self.there})
        whom = f"bcdata materialize {self.dataset.name} --symbols {','.join(symbols)}"
        return f"{whom} --from {dates[0]} --to {dates[-1]}"


def cells(survey: Survey, lake: Lake) -> dict[str, tuple[tuple[str, str], ...]]:
    """The (symbol, date) partitions of raw that take new files, by dataset."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for one in survey.new:
        places = lake.places(one.dataset, one.file)
        found.setdefault(one.dataset.name, {}).update(dict.fromkeys((place.symbol, place.date) for place in places))
    return {name: tuple(some) for name, some in sorted(found.items())}


def least_bytes(files: Iterable[OwnFile]) -> int:
    """What files take at least in the lake: of days and the month that has them too, the catalog may need one alone."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for one in files:
        which = (one.dataset.name, one.file.series.symbol, one.file.one.date_key[: len("YYYY-MM")])
        found.setdefault(which, Counter())[one.file.one.period] += one.file.size
    return sum(min(of.values()) for of in found.values())


def results(
    survey: Survey, lake: Lake, failures: Mapping[Partition, str] | None
) -> tuple[list[DatasetResult], list[Misfit]]:
    """What became of each file, by dataset in the order of their names, and all that does not fit.

    Args:
        survey: what was found.
        lake: what is there by now.
        failures: why partitions of raw could not take files; None where nothing was tried.
    """
    found: dict[str, DatasetResult] = {}
    misfits = list(survey.misfits)
    lake.forget()
    for one in (*survey.known, *survey.earlier):
        _of(found, one).known.append(one)
    for one in survey.new:
        if failures is None or lake.has(one.dataset, one.file):
            _of(found, one).adopted.append(one)
        elif causes := [failures[place] for place in lake.places(one.dataset, one.file) if place in failures]:
            misfits.append(Misfit(one.file.path, Reason.FAILED, causes[0]))
        else:
            _of(found, one).left_out.append(one)
    return [found[name] for name in sorted(found)], sorted(misfits)


def _of(found: dict[str, DatasetResult], one: OwnFile) -> DatasetResult:
    return found.setdefault(one.dataset.name, DatasetResult(one.dataset))
