"""`bcdata export`: published rows as files that other tools read as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import names, print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import size
from bcdata.terminal.console import err, notes

if TYPE_CHECKING:
    from bcdata.exports.files import Exported, Progress

_ALL = "all"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    symbols: Annotated[str, typer.Option(help="Symbols with commas between.", autocompletion=symbol_lists)],
    out: Annotated[Path, typer.Option(help="The folder for the files; made if it is not there.")],
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    first: Annotated[str | None, typer.Option("--from", help="First date key, or instant, included; UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last date key, included; or an instant, left out.")] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv, parquet, or an engine: freqtrade, backtesting, backtrader, vectorbt, nautilus, lean.",
        ),
    ] = "parquet",
    interval: Annotated[str | None, typer.Option(help="Coarser bars, computed now: 15m, 1h, 1d.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Features beside bars, with commas between, or all: csv, parquet, backtesting, vectorbt."),
    ] = None,
    zone: Annotated[
        str, typer.Option(help="merged, features, seasonality, labels or resampled (then: export spot_klines_1h).")
    ] = "merged",
    fill: Annotated[str, typer.Option(help="What becomes of missing bars: none, null or flat.")] = "none",
    adjusted: Annotated[
        str, typer.Option(help="Prices of stocks: none (as traded), splits, or all (splits and payments).")
    ] = "none",
    adjusted_as_of: Annotated[
        str | None, typer.Option(help="Adjusted for what was known, and in effect, at this instant; UTC.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files with other content.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Write published rows to files that other tools read.

    csv and parquet have all columns, one file a symbol, with known_at: the instant from which a row may be used. Files
    for engines have the layout that these read, and no bar can be acted on before it is known:
    docs/guides/export.md.

    What is there already is not written again: an interrupted export goes on, a second one changes nothing.

    Example: bcdata export spot_klines_1m --symbols BTCUSDT --interval 1h --format freqtrade --out user_data
    """
    from bcdata.api.instants import after
    from bcdata.exports.files import export as write
    from bcdata.exports.layouts.table import layout_of

    layout_of(form)
    chosen = arguments.dataset(name, dataset)
    wanted = True if features == _ALL else names(features) if features else None
    end = after(last) if last else None
    with _shown() as progress:
        written = list(
            write(
                chosen, names(symbols), first, end, out=out, zone=zone, form=form, interval=interval, features=wanted,
                fill=fill, adjusted=adjusted, adjusted_as_of=adjusted_as_of, force=force, progress=progress,
            )
        )  # fmt: skip
    if as_json:
        print_json([asdict(one) for one in written])
        return
    _print(written)


def _print(written: "list[Exported]") -> None:
    rows: list[list[Any]] = [
        [one.symbol or "all", one.path, one.files, one.rows, size(one.bytes), one.state] for one in written
    ]
    print_table(["symbol", "path", "files", "rows", "size", "state"], rows)
    if left := sum(one.left_out for one in written):
        notes.print(
            f"{left:,} bar{'s are' if left > 1 else ' is'} left out, known too late for the engine to act on in order; "
            "csv and parquet have all",
            highlight=False,
        )


@contextmanager
def _shown() -> "Iterator[Progress]":
    """A bar on standard error while files are written; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    hidden = notes.quiet or not err.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=hidden) as bar:
        task = bar.add_task("exporting", total=None)

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"exporting {what}")

        yield progress
