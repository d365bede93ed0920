"""`bcdata import`: adopts the archive files that a user already has."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bcdata import clock
from bcdata.cli.complete import dataset_names
from bcdata.cli.output.import_report import ImportProgress, ImportReport, conclude
from bcdata.errors import BcdataError, UsageError
from bcdata.providers.registry import FOLDER_FORMATS
from bcdata.terminal.console import err

if TYPE_CHECKING:
    from bcdata.adoption.lake import Lake
    from bcdata.adoption.survey import Survey
    from bcdata.catalog import Catalog, Dataset
    from bcdata.dagster.launch import Report
    from bcdata.providers.capabilities import Source
    from bcdata.providers.roles import BulkSource

_FORMATS = ", ".join(FOLDER_FORMATS)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("import")(import_folder)


def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files are, at any depth.")],
    files: Annotated[str, typer.Option("--format", help=f"Whose files they are: {_FORMATS}.")] = next(
        iter(FOLDER_FORMATS), ""
    ),
    dataset: Annotated[
        str | None, typer.Option(help="Of files whose path does not tell.", autocompletion=dataset_names)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody for checksums that are not there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify all, say what fits, and adopt nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Adopt archive files that you already have.

    Zips are verified by the checksum beside them, or else by the one that the archive is asked for, and copied into
    raw; nothing in the folder is changed. Market and type are those of the path where it is the archive's
    (spot/daily/klines), else of --dataset. Ends with status 0 when all files fit, 1 when some do not: they are listed.

    Example: bcdata import archive --dry-run
    """
    from bcdata.adoption.folder import find, require_folder
    from bcdata.adoption.lake import Lake
    from bcdata.adoption.misfits import shown
    from bcdata.adoption.naming import Naming
    from bcdata.adoption.survey import survey
    from bcdata.catalog import load_catalog
    from bcdata.pipeline.context import open_own
    from bcdata.settings import Settings

    catalog, now, root, source = load_catalog(), clock.now(), Settings().root, _source(files)
    stated = _stated(catalog, dataset, source)
    place = require_folder(folder, root)
    rules = source.folders[files]()
    found = find(place, leave_out=root, checksum=rules.CHECKSUM)
    if not (found.zips or found.misfits):
        raise BcdataError(f"there is no zip in {shown(place)}; name the folder that has names like {rules.EXAMPLE}")
    naming = Naming(rules, catalog, source.name, stated, now)
    progress = ImportProgress(quiet=as_json)
    try:
        with open_own(catalog, now) as context, progress:
            lake = Lake(context.store, now)
            asking = None if offline else _asking(context, source)
            progress.begin("verify", len(found.zips))
            surveyed = survey(found, naming, asking, lake, progress.advance)
            report = None if dry_run or not surveyed.new else _adopt(root, catalog, surveyed, lake, place, progress)
            ended = ImportReport.of(place, surveyed, lake, report, dry_run=dry_run)
    except KeyboardInterrupt:
        err.print("interrupted: what is adopted stays. Run the same command again to go on from here.", highlight=False)
        raise typer.Exit(130) from None
    conclude(ended, as_json=as_json)
    if not ended.ok:
        raise typer.Exit(1)


def _source(files: str) -> "Source":
    if files not in FOLDER_FORMATS:
        raise UsageError(f"there is no format {files!r}; it is one of {_FORMATS}")
    return FOLDER_FORMATS[files]


def _stated(catalog: "Catalog", name: str | None, source: "Source") -> "Dataset | None":
    if name is None:
        return None
    dataset = catalog[name]
    if dataset.bulk != source.name:
        raise UsageError(f"{name} is not made of such files: its sources are {', '.join(dataset.sources)}")
    return dataset


def _asking(context: Any, source: "Source") -> Any:
    """Who is asked for checksums that do not lie beside files."""
    from bcdata.adoption.verify import Asking
    from bcdata.providers.folder import ChecksumSource

    archive = cast("ChecksumSource", context.clients.bulk(source.capabilities.markets[0]))
    return Asking(context.loop, archive.checksum_text)


def _adopt(
    root: Path, catalog: "Catalog", surveyed: "Survey", lake: "Lake", folder: Path, progress: ImportProgress
) -> "Report":
    from bcdata.adoption.misfits import shown
    from bcdata.adoption.result import cells, least_bytes
    from bcdata.providers.folder import FolderSource
    from bcdata.room import require_room
    from bcdata.store.objects import sweep_staging

    needed = least_bytes(surveyed.new)
    require_room(root / "raw", needed, "these files take at least", "make room, or import the folder in parts")
    places = cells(surveyed, lake)
    progress.begin("adopt", sum(map(len, places.values())))
    from bcdata.dagster.adopt import Adoption, adopt  # takes seconds, in which the terminal shows what is to come
    from bcdata.dagster.launch import open_instance

    lake.store.check_writable()
    sweep_staging(root)
    adoptions = [Adoption(catalog[name], some) for name, some in places.items()]
    client: BulkSource = FolderSource(one.file for one in (*surveyed.new, *surveyed.known))
    clients = {name: client for one in adoptions if (name := one.dataset.bulk)}
    with open_instance(root) as instance:
        return adopt(instance, catalog, adoptions, clients, folder=shown(folder), listener=progress)
