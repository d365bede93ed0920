"""`bcdata sources`: how the sources of a dataset compare."""

from typing import Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import names, print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import notes, out

_FIRST = ("symbol", "date", "source", "other", "field", "in_both", "differing", "largest", "largest_at")
"""Columns that tell most: where the terminal is narrow the others are left out."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("sources")(sources)


def sources(
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    symbols: Annotated[
        str | None, typer.Option(help="Only these symbols, commas between.", autocompletion=symbol_lists)
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First date key, or instant, included; UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last date key, included; or an instant, left out.")] = None,
    differing: Annotated[bool, typer.Option("--differing", help="Only pairs of which some row differs.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many rows a table shows; --json is always whole.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Show how the sources of a dataset compare.

    For each partition and each two sources: rows that both have, rows that differ, rows that one alone has; and by
    column the first and the largest difference, relative to the greater value. The row `any` tells of the pair.

    Example: bcdata sources spot_klines_1m --from 2023-03 --to 2023-03 --differing
    """
    import polars as pl

    from bcdata.api.instants import after, instant
    from bcdata.api.sources import compared
    from bcdata.errors import UsageError
    from bcdata.pipeline.records.scores import sources_of

    chosen, end = arguments.dataset(name, dataset), after(last) if last else None
    if first and end and instant(first) >= end:
        raise UsageError(f"the range {first} .. {last} is reversed; put the earlier one first")
    partitions = list(compared(chosen, None if symbols is None else names(symbols), first, end))
    found = sources_of(partitions)
    if differing:
        found = found.filter(pl.col("differing") > 0)
    if unknown := sum(one.quality is None for one in partitions):
        words = f"of {counted(unknown, 'partition')} it is unknown: published by an earlier release, or damaged"
        notes.print(f"{words}; it is known once a run makes them again", highlight=False, markup=False)
    if as_json:
        print_json(found.to_dicts())
        return
    if found.is_empty():
        words = "no row differs" if differing else "no partition has rows of two sources"
        out.print(f"{chosen}: {words}", highlight=False)
        return
    pairs = found.filter(pl.col("field") == "any")
    title = f"{chosen}: {counted(pairs.height, 'pair')}, {counted(int(pairs['differing'].sum()), 'differing row')}"
    shown = found.select(*_FIRST, pl.exclude(_FIRST))
    print_table(shown.columns, shown.head(limit).iter_rows(), title=title)
    if found.height > limit:
        out.print(f"{found.height - limit:,} more; --json has all, --limit shows more", highlight=False)
