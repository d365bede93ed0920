"""`bcdata query`, `simulate`, `demo`: to use what is there, and to try it all without a network."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bcdata import clock
from bcdata.cli.output.rows import print_rows
from bcdata.cli.output.show import utf8


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("query")(query)
    app.command("simulate")(simulate)
    app.command("demo")(demo)


def query(
    sql: Annotated[str, typer.Argument(help="One SQL statement; DuckDB's dialect.")],
    limit: Annotated[int, typer.Option(min=0, help="Rows shown on the terminal; --json shows all.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON; NaN and infinity are null.")] = False,
) -> None:
    """Ask the lake one question in SQL.

    Views: <dataset> (merged bars), and features.<dataset>, gaps.<dataset>, sources.<dataset>.

    Also reports.<dataset>, seasonality.<dataset>, labels.<dataset>, resampled.<coarser bars> (spot_klines_1h),
    universe.<market>.

    Example: bcdata query "SELECT symbol, count(*), min(open_time), max(open_time) FROM spot_klines_1m GROUP BY 1"
    """
    from bcdata.catalog import load_catalog
    from bcdata.settings import Settings
    from bcdata.sql.connection import query as ask
    from bcdata.store.store import Store

    rows = ask(Store(Settings().root), load_catalog(), utf8(sql, "the statement"))
    print_rows(rows, limit=limit, as_json=as_json)


def simulate(
    venue: Annotated[str | None, typer.Option(help="kraken, coinbase, ...; by default the one with files.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="A tree laid out as the archive; a generated market if not given."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    now: Annotated[
        str | None, typer.Option(help="The exchange's present instant, ISO; the real one if not given.")
    ] = None,
) -> None:
    """Serve a simulated venue on this machine.

    It speaks the venue's own formats, and prints the variables that point bcdata at it.

    Example: bcdata simulate --venue kraken
    """
    from bcdata.simulate import serve
    from bcdata.simulate.venues import DEFAULT

    instant: datetime | None = clock.parse_instant(now) if now else None
    serve(venue=venue or DEFAULT, folder=folder, port=port, now=instant)


def demo(
    root: Annotated[
        Path | None, typer.Option(help="Where the demo's lake goes; `<BCDATA_ROOT>/demo` if not given.")
    ] = None,
) -> None:
    """Run the main job on a simulated exchange, in a minute.

    No network is needed; the formats are real.

    Example: bcdata demo --root demo
    """
    from bcdata.cli.demo import run

    run(root)
