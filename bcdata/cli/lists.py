"""`bcdata datasets`, `symbols`: what there is to ask for."""

from typing import Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.output.show import print_json, say_if_no_lake
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import out

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]
_SHOWN = 3
"""Names that a cell of a table has."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("datasets")(datasets)
    app.command("symbols")(symbols)


def datasets(as_json: Json = False) -> None:
    """List the datasets of the catalog.

    What their rows are, of which symbols, since when, and from whom.

    Example: bcdata datasets --json
    """
    from bcdata.catalog import load_catalog
    from bcdata.reporting.lists import datasets as listed

    catalog = load_catalog()
    found = listed(catalog).to_dicts()
    if as_json:
        print_json(found)
        return
    columns = ["dataset", "grain", "start", "symbols", "sources", "resampled", "features"]
    rows = [[_some(row[name]) if isinstance(row[name], list) else row[name] for name in columns] for row in found]
    for row in rows:
        row[columns.index("symbols")] = row[columns.index("symbols")] or "by a universe"
    print_table(columns, rows, title=str(catalog.path))


def symbols(
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    as_json: Json = False,
) -> None:
    """List the symbols of a dataset that the lake has.

    Each with its first and its last date key.

    Example: bcdata symbols spot_klines_1m
    """
    from bcdata.catalog import load_catalog
    from bcdata.reporting.lists import symbols as listed
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    root, chosen = Settings().root, load_catalog()[arguments.dataset(name, dataset)]
    found = listed(Store(root), chosen)
    is_absent = say_if_no_lake(root)
    if as_json:
        print_json(found.to_dicts())
    elif found.height:
        print_table(found.columns, found.iter_rows(), title=f"{chosen.name}: {counted(found.height, 'symbol')}")
    elif not is_absent:
        out.print(
            f"the lake has nothing of {chosen.name} yet; materialize it: bcdata materialize {chosen.name}",
            highlight=False,
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
