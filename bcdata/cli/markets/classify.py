"""`bcdata classify`: what a symbol is, by the provider that writes it."""

from typing import TYPE_CHECKING, Annotated

import typer

from bcdata.cli.complete import dialect_names
from bcdata.cli.output.show import print_json, utf8
from bcdata.cli.output.tables import print_table

if TYPE_CHECKING:
    import polars as pl

_ALWAYS = ("text", "dialect", "kind", "symbol", "rule")
"""Columns that a table has though they be empty."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("classify")(classify)


def classify(
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL", help="As their provider writes them.")],
    dialect: Annotated[
        str | None,
        typer.Option(help="Who writes them so, e.g. yahoo; all who may, if not given.", autocompletion=dialect_names),
    ] = None,
    on: Annotated[str | None, typer.Option(help="The date it is asked for: ESZ5 depends on it.")] = None,
    stated: Annotated[str | None, typer.Option(help="What the provider calls them, e.g. ETF.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Tell what symbols are.

    Coins, stocks, indices, futures, options or currencies; their exchange, base and quote, root and expiry, the
    currency and unit of their prices, and the rule that decided. Nobody is asked, so nothing is said of whether there
    is such a symbol. Without a dialect a row says of which dialects it holds.

    Example: bcdata classify VOD.L BRK-B EURUSD=X ES=F --dialect yahoo
    """
    from bcdata.api.markets.classify import classify as classified

    found = classified([utf8(one, "a symbol") for one in symbols], dialect, on=on, stated=stated)
    if as_json:
        print_json(found.to_dicts())
        return
    shown = _by_reading(found)
    print_table(shown.columns, shown.iter_rows())


def _by_reading(found: "pl.DataFrame") -> "pl.DataFrame":
    """One row for each reading, with the dialects that agree on it; columns that say nothing are left out."""
    import polars as pl

    said = [name for name in found.columns if name != "dialect"]
    rows = found.group_by(said, maintain_order=True).agg(pl.col("dialect").drop_nulls().str.join(", "))
    told = rows.with_columns(pl.col("unit").replace(1.0, None))
    return rows.select(name for name in found.columns if name in _ALWAYS or told[name].drop_nulls().len())
