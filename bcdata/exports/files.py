"""Files for other tools, in the layout that each of them reads: whole or not at all, and no sooner known than true."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from bcdata.api import arguments
from bcdata.api.instants import asked_range
from bcdata.api.loading.beside import parts_beside
from bcdata.api.loading.sources import Rows, rows_meant, symbols_meant
from bcdata.bars.fill import Fill
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import UsageError
from bcdata.exports.layouts.layout import Content, Layout
from bcdata.exports.layouts.table import FORMATS, LAYOUTS
from bcdata.exports.records import FOLDER, Record, read_record
from bcdata.exports.room import written_of
from bcdata.exports.units import Selection, Unit, units_of
from bcdata.exports.writing import Place, explained, put
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.reading.root import require_outside
from bcdata.room import require_room
from bcdata.settings import Settings
from bcdata.store.layout import escape

Progress = Callable[[int, int, str], None]
"""Takes how many parts are done, of how many, and what comes next."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written of a symbol, or of all of them where they stand beside each other (`symbol` is None).

    Attributes:
        symbol: whose rows.
        path: the file; where there are several, the folder that has all of them; None where there is none.
        files: how many.
        rows: how many, of all files.
        bytes: their size.
        state: `written`, or `unchanged` where all was there already.
        left_out: bars that an engine would have acted on before they were known, or too late to be of use.
    """

    symbol: str | None
    path: str | None
    files: int
    rows: int
    bytes: int
    state: str
    left_out: int


@dataclass(frozen=True, slots=True)
class _Export:
    """An export that is under way."""

    form: str
    layout: Layout
    of: Rows
    name: str
    selection: Selection
    out: Path
    lake: Path
    force: bool


def export(
    dataset: str,
    symbols: str | Iterable[str],
    start: str | date | None,
    end: str | date | None,
    *,
    out: str | Path,
    zone: str = "merged",
    form: str = "parquet",
    interval: str | None = None,
    features: str | Iterable[str] | bool | None = None,
    fill: str = "none",
    adjusted: str = "none",
    adjusted_as_of: str | date | None = None,
    force: bool = False,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
    progress: Progress | None = None,
) -> Iterator[Exported]:
    """Writes the files of a layout into a folder, and yields what was written, symbol by symbol.

    What is there already, of the same request and made of the same partitions, is left as it is: an export that was
    interrupted goes on where it was, and a second one changes nothing. What a killed export left is removed.

    Args:
        dataset: as `load` takes it.
        symbols: one, or several.
        start: as `load` takes it.
        end: as `load` takes it: bars open before.
        out: the folder; it is made if it is not there.
        form: one of `LAYOUTS`; their times are in docs/guides/export.md.
        zone: as `load` takes it.
        interval: as `load` takes it.
        features: as `load` takes it, where the layout has columns for them.
        fill: as `load` takes it.
        adjusted: as `load` takes it.
        adjusted_as_of: as `load` takes it.
        force: replaces files with other content.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.
        progress: is told of each part.

    Raises:
        UsageError: what `load` refuses, what the layout cannot hold, a folder in the lake, or a file with other
            content that is there.
        StoreError: the folder cannot be written or has too little room, or a file of the lake is damaged.
    """
    if arguments.text("form", form, FORMATS) not in LAYOUTS:
        raise UsageError(f"`form` takes {FORMATS}; this is {form!r}")
    known = arguments.catalog(catalog) or load_catalog()
    rows = rows_meant(known, dataset, zone, interval)
    names, folder, layout = symbols_meant(rows.source, symbols), arguments.folder("out", out), LAYOUTS[form]
    if not names:
        raise UsageError(f"no symbol is named; bcdata symbols {rows.source.name} lists those that are there")
    lake = arguments.folder("root", root) if root is not None else Settings().root
    require_outside(folder, lake)
    beside = parts_beside(rows, features=features, labels=None)
    columns = tuple(name for one in beside for name in one.columns)
    _require_holds(form, layout, rows, columns, fill)
    options: dict[str, object] = {"zone": zone, "interval": interval, "fill": fill, "root": root, "catalog": known}
    if adjusted != "none" or adjusted_as_of is not None:
        options |= {"adjusted": adjusted, "adjusted_as_of": adjusted_as_of}
    selection = Selection(dataset, columns, options, layout)
    under_way = _Export(form, layout, rows, _name(rows), selection, folder, lake, arguments.flag("force", force))
    units = units_of(selection, names, *asked_range(start, end)[0])
    _require_room(under_way, units)
    done = 0
    for of, group in groupby(units, key=lambda one: one.symbols):
        records: list[tuple[Record, bool]] = []
        for unit in group:
            if progress:
                progress(done, len(units), ", ".join(filter(None, [of[0] if len(of) == 1 else "", unit.month])))
            records.append(_written(under_way, unit))
            done += 1
        yield _told(under_way, None if layout.is_wide else of[0], records)
    if progress:
        progress(done, len(units), "")


def _name(rows: Rows) -> str:
    """What files call the rows: their dataset, or the coarser bars that are computed."""
    if rows.grid is None or rows.interval is None:
        return rows.name
    return f"{rows.source.market}_{rows.source.kind}_{rows.interval.name}"


def _require_holds(form: str, layout: Layout, rows: Rows, features: Sequence[str], fill: str) -> None:
    """Passes what a layout can hold.

    Raises:
        UsageError: it has no place for such rows, for features, or for rows without values.
    """
    if features and not layout.takes_features:
        able = ", ".join(name for name, one in LAYOUTS.items() if one.takes_features)
        raise UsageError(f"{form} has no columns for features; these have: {able}")
    if not layout.is_engine:
        return
    if rows.interval is None or rows.zone not in ("merged", "resampled"):
        what = rows.source.kind if rows.zone == "merged" else f"the zone {rows.zone}"
        raise UsageError(f"{form} takes bars, and {what} has none; export it as csv or parquet")
    if fill == Fill.NULL:
        raise UsageError(f"{form} takes no bars without values; fill with none or flat")


def _require_room(export: _Export, units: Iterable[Unit]) -> None:
    """Passes where what is not there yet will fit on the disk.

    Raises:
        StoreError: it will not.
    """

    def is_new(unit: Unit) -> bool:
        old = read_record(_record_of(export, unit))
        return old is None or old.asked != _asked(export, unit)

    read = sum(unit.read for unit in units if is_new(unit))
    needed = written_of(export.layout, read, len(export.selection.features))
    require_room(export.out, needed, "the export takes about", "make room, or choose another folder")


def _asked(export: _Export, unit: Unit) -> str:
    """A digest of the request."""
    return fingerprint(
        form=export.form, dataset=export.selection.dataset, zone=export.of.zone, name=export.name, symbols=unit.symbols,
        asked=unit.asked, month=unit.month, features=export.selection.features, fill=export.selection.options["fill"],
        **export.selection.view,
    )  # fmt: skip


def _written(export: _Export, unit: Unit) -> tuple[Record, bool]:
    """The record of a unit, and whether anything has changed."""
    record, asked = _record_of(export, unit), _asked(export, unit)
    inputs, old = export.selection.inputs(unit), read_record(record)
    with explained(export.out):
        stands = old is not None and old.is_of(asked, inputs) and old.stands(export.out)
    if old and stands:
        export.selection.tell_of_lacking(unit)
        return old, False
    rows, left_out = export.selection.rows(unit)
    market = export.of.source.parsed.market
    content = Content(
        export.name, market, export.of.source.kind, export.of.interval, unit.symbols, export.selection.features, rows
    )
    files = list(export.layout.files(content)) if rows.height or not export.layout.is_engine else []
    for folder in {(export.out / one.path).parent for one in files}:  # `data` is a folder of layouts, and a lake
        require_outside(folder, export.lake)
    place = Place(export.out, record, export.force, export.layout.is_catalog)
    return put(place, files, asked=asked, inputs=inputs, left_out=left_out)


def _record_of(export: _Export, unit: Unit) -> Path:
    parts = [export.form, export.of.zone, export.name, *([] if export.layout.is_wide else map(escape, unit.symbols))]
    return export.out / FOLDER / f"{'-'.join([*parts, *filter(None, [unit.month])])}.json"


def _told(export: _Export, symbol: str | None, records: Sequence[tuple[Record, bool]]) -> Exported:
    files = {path: one for record, _ in records for path, one in record.files.items()}
    place = None
    if files:
        shared = Path(next(iter(files)))
        if len(files) > 1:
            shared = next(one for one in shared.parents if all(Path(path).is_relative_to(one) for path in files))
        place = str(export.out / shared)
    return Exported(
        symbol,
        place,
        len(files),
        sum(one.rows for one in files.values()),
        sum(one.bytes for one in files.values()),
        "written" if any(changed for _, changed in records) else "unchanged",
        sum(record.left_out for record, _ in records),
    )
