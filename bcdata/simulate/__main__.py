"""`python -m bcdata.simulate`: serve a venue on the loopback, out of a folder or a generated market."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bcdata import clock
from bcdata.errors import BcdataError
from bcdata.simulate import venues
from bcdata.simulate.serve import serve


def main(
    venue: Annotated[str, typer.Option(help=f"One of {', '.join(venues.BUILT_IN)}.")] = venues.DEFAULT,
    folder: Annotated[Path | None, typer.Option(help="A tree laid out as the venue publishes its files.")] = None,
    generated: Annotated[bool, typer.Option("--generated", help="The generated market.")] = False,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    now: Annotated[str | None, typer.Option(help="The venue's present instant, ISO.")] = None,
) -> None:
    """Serve a venue on the loopback in its own formats, and print the variables that point bcdata at it."""
    try:
        if venues.venue(venue).of_folder is not None and (folder is None) != generated:
            raise typer.BadParameter("give either --folder PATH or --generated")
        serve(venue=venue, folder=folder, port=port, now=clock.parse_instant(now) if now else None)
    except BcdataError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


typer.run(main)
