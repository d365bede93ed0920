"""`python -m bcdata.simulate`: serve a venue on the loopback, out of a folder or a generated market."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bcdata import clock
from bcdata.errors import BcdataError
from bcdata.simulate.serve import serve


def main(
    venue: Annotated[str, typer.Option(help="binance, kraken or coinbase.")] = "binance",
    folder: Annotated[Path | None, typer.Option(help="A tree laid out as Binance's archive.")] = None,
    generated: Annotated[bool, typer.Option("--generated", help="The generated market.")] = False,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    now: Annotated[str | None, typer.Option(help="The venue's present instant, ISO.")] = None,
) -> None:
    """Serve a venue on the loopback in its own formats, and print the variables that point bcdata at it."""
    if venue == "binance" and (folder is None) != generated:
        raise typer.BadParameter("give either --folder PATH or --generated")
    try:
        serve(venue=venue, folder=folder, port=port, now=clock.parse_instant(now) if now else None)
    except BcdataError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


typer.run(main)
