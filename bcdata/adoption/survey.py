"""What there is to adopt in a folder: every file is named, verified, compared with its like, and with the lake."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

from bcdata.adoption.folder import Found
from bcdata.adoption.lake import Lake, Standing
from bcdata.adoption.misfits import Misfit, Reason, shown
from bcdata.adoption.naming import Naming, PlacedFile
from bcdata.adoption.verify import Asking, verify
from bcdata.catalog import Dataset
from bcdata.providers.folder import VerifiedFile
from bcdata.settings import Settings

_THREADS = 4
_SAID = 12
"""Digits of a digest that tell one version from another."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A verified file, and the dataset that it is of."""

    dataset: Dataset
    file: VerifiedFile


@dataclass(slots=True)
class Survey:
    """What became of the files of a folder.

    Attributes:
        new: what the lake has not yet.
        known: what it has in force in the same bytes.
        earlier: what it has as an earlier version.
        misfits: what was not adopted, and why.
        copies: how many files are the same object in the same bytes as another.
        links: symbolic links to what is in the folder anyway.
        others: how many files are no zips.
    """

    new: list[OwnFile] = field(default_factory=list)
    known: list[OwnFile] = field(default_factory=list)
    earlier: list[OwnFile] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    copies: int = 0
    links: int = 0
    others: int = 0


def survey(
    found: Found, naming: Naming, asking: Asking | None, lake: Lake, on_file: Callable[[], None] = lambda: None
) -> Survey:
    """Looks at all files that were found.

    Args:
        found: what the folder has.
        naming: how its files are told apart.
        asking: who is asked for checksums that are not there; None to ask nobody.
        lake: what is there already.
        on_file: told when a file was looked at.
    """
    result = Survey(misfits=list(found.misfits), links=found.links, others=found.others)
    look = partial(_look, naming, asking)
    verified: list[OwnFile] = []
    with ThreadPoolExecutor(Settings().jobs or _THREADS, thread_name_prefix="import") as pool:
        try:
            for one in pool.map(look, found.zips):
                if isinstance(one, Misfit):
                    result.misfits.append(one)
                else:
                    verified.append(one)
                on_file()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for _, some in groupby(sorted(verified, key=_order), key=_time):
        _weigh(list(some), lake, result)
    result.misfits.sort()
    return result


def _look(naming: Naming, asking: Asking | None, path: Path) -> OwnFile | Misfit:
    placed = naming.place(path)
    if not isinstance(placed, PlacedFile):
        return placed
    file = verify(naming.files, placed, asking)
    return file if isinstance(file, Misfit) else OwnFile(placed.dataset, file)


def _time(one: OwnFile) -> tuple[str, str, str, str]:
    return one.dataset.name, one.file.series.symbol, one.file.one.date_key, one.file.one.period


def _order(one: OwnFile) -> tuple[tuple[str, str, str, str], Path]:
    return _time(one), one.file.path


def _weigh(some: Sequence[OwnFile], lake: Lake, result: Survey) -> None:
    """Files of one time: what the lake has stays, and of several versions none is taken: nobody can tell which.

    A name that lacks its zeros stands back where another has them, as it does in the archive.
    """
    versions = {one.file.sha256: one for one in reversed(some)}
    standing = {sha256: lake.standing(one.dataset, one.file) for sha256, one in versions.items()}
    new = [sha256 for sha256, how in standing.items() if how is Standing.NEW]
    first = [sha256 for sha256 in new if _has_its_zeros(versions[sha256])] or new
    for sha256, one in versions.items():
        alike = [other.file.path for other in some if other.file.sha256 == sha256]
        if standing[sha256] is Standing.OTHER:
            words = "the lake has it in other bytes, and keeps them: which are in force the archive tells the next run"
            result.misfits += [Misfit(path, Reason.OTHER_BYTES, words) for path in alike]
        elif standing[sha256] is Standing.NEW and [sha256] != first:
            others = _others(some, sha256)
            words = f"its checksum fits, and so does that of {others}, which differs: keep the one to import"
            result.misfits += [Misfit(path, Reason.TWO_VERSIONS, words) for path in alike]
        else:
            sorts = {Standing.NEW: result.new, Standing.KNOWN: result.known, Standing.EARLIER: result.earlier}
            sorts[standing[sha256]].append(one)
            result.copies += len(alike) - 1


def _has_its_zeros(one: OwnFile) -> bool:
    return one.file.one.name.endswith(f"-{one.file.one.date_key}.zip")


def _others(some: Iterable[OwnFile], sha256: str) -> str:
    return next(shown(one.file.path) for one in some if one.file.sha256 != sha256)
