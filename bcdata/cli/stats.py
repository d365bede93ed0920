"""`bcdata stats`: numbers of bars, one row a symbol."""

from typing import Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import names, print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("stats")(stats)


def stats(
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    symbols: Annotated[
        str | None,
        typer.Option(help="Symbols with commas between; all if not given.", autocompletion=symbol_lists),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First date key, or instant, included; UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last date key, included; or an instant, left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Count and measure bars, a row a symbol.

    How many there are of how many, prices, returns, volume, sources. `expected` are the bars of the range that have
    closed; `explained` those of them that will never come. Returns are those of closes that follow each other without a
    gap.

    Example: bcdata stats spot_klines_1m --symbols BTCUSDT,ETHUSDT --from 2023-01 --to 2023-03
    """
    from bcdata.api.instants import after, instant
    from bcdata.api.stats import stats as measured
    from bcdata.errors import UsageError

    chosen, end = arguments.dataset(name, dataset), after(last) if last else None
    if first and end and instant(first) >= end:
        raise UsageError(f"the range {first} .. {last} is reversed; put the earlier one first")
    found = measured(chosen, None if symbols is None else names(symbols), first, end)
    if as_json:
        print_json(found.to_dicts())
        return
    print_table(found.columns, found.iter_rows(), title=f"{chosen}: {counted(found.height, 'symbol')}")
