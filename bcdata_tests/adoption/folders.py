"""Folders as users keep them, and a look at one without Dagster."""

import hashlib
from pathlib import Path

from bcdata.adoption.folder import find, require_folder
from bcdata.adoption.lake import Lake
from bcdata.adoption.misfits import shown
from bcdata.adoption.naming import Naming
from bcdata.adoption.survey import Survey, survey
from bcdata.adoption.verify import Asking
from bcdata.catalog import Catalog
from bcdata.providers.registry import FOLDER_FORMATS
from bcdata.store.store import Store
from bcdata_tests.mirror import csv_of, made_day, zipped
from bcdata_tests.run import utc

BINANCE = "binance"
NOW = utc("2025-03-01")
IN_PLACE = "data/spot/daily/klines/BTCUSDT/1m"
NAME = "BTCUSDT-1m-2025-01-01"
DAY = csv_of(made_day("2025-01-01", minutes=30))


def put(path: Path, body: bytes | None = None, *, member: str = "", checksum: str | None = "") -> Path:
    """Writes a file with the checksum beside it: a true one, what is given, or none.

    Without bytes it is a sound zip of the member, which is named as the file unless told otherwise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(member or f"{path.stem}.csv", DAY) if body is None else body)
    if checksum is not None:
        text = checksum or f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        path.with_name(f"{path.name}.CHECKSUM").write_text(text)
    return path


def looked(
    folder: Path, catalog: Catalog, *, lake: Path, dataset: str | None = None, asking: Asking | None = None
) -> Survey:
    """What an import would make of a folder."""
    source = FOLDER_FORMATS[BINANCE]
    files = source.folders[BINANCE]()
    place = require_folder(folder, lake)
    found = find(place, leave_out=lake, checksum=files.CHECKSUM)
    naming = Naming(files, catalog, source.name, catalog[dataset] if dataset else None, NOW)
    return survey(found, naming, asking, Lake(Store(lake), NOW))


def reasons(result: Survey, folder: Path) -> dict[str, str]:
    """Why files do not fit, by their paths below the folder."""
    return {shown(one.path.relative_to(folder.resolve())): one.reason.value for one in result.misfits}


def keys(result: Survey) -> list[str]:
    """The keys of the objects that are new to the lake."""
    return sorted(one.file.one.key for one in result.new)
