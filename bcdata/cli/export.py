"""`bcdata export`: published rows as CSV or Parquet files for other tools."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bcdata.cli.complete import dataset_names, symbol_lists
from bcdata.cli.output.show import names, print_json
from bcdata.cli.output.tables import print_table
from bcdata.terminal.console import size


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    dataset: Annotated[
        str,
        typer.Option(
            help="A dataset; with --zone resampled, coarser bars (spot_klines_1h).", autocompletion=dataset_names
        ),
    ],
    symbols: Annotated[str, typer.Option(help="Symbols with commas between.", autocompletion=symbol_lists)],
    out: Annotated[Path, typer.Option(help="The folder for the files; made if it is not there.")],
    first: Annotated[str | None, typer.Option("--from", help="First date key, or instant, included; UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last date key, included; or an instant, left out.")] = None,
    zone: Annotated[str, typer.Option(help="merged, features, seasonality, labels or resampled.")] = "merged",
    form: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "parquet",
    fill: Annotated[str, typer.Option(help="What becomes of missing bars: none, null or flat.")] = "none",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Write published rows to files, one a symbol.

    Each row has `known_at`: the instant from which it may be used.

    Example: bcdata export --dataset spot_klines_1m --symbols BTCUSDT --from 2023-01 --format csv --out out
    """
    from bcdata.api.instants import after
    from bcdata.errors import UsageError
    from bcdata.exports.files import Format
    from bcdata.exports.files import export as write

    if form not in set(Format):
        raise UsageError(f"there is no format {form!r}; it is one of {', '.join(Format)}")
    end = after(last) if last else None
    written = list(
        write(dataset, names(symbols), first, end, out=out, zone=zone, form=Format(form), fill=fill, force=force)
    )
    if as_json:
        print_json([asdict(one) for one in written])
        return
    print_table(
        ["symbol", "file", "rows", "size"], [[one.symbol, one.path, one.rows, size(one.bytes)] for one in written]
    )
