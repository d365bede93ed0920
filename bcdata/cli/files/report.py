"""`bcdata report`: the lake as a static site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import names, print_json, say_if_no_lake, say_what_has_no_calendar
from bcdata.sizes import counted, size
from bcdata.terminal.console import err
from bcdata.terminal.console import out as shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bcdata.catalog import Catalog
    from bcdata.site.pages import Page
    from bcdata.site.values import Report


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("report")(report)


def report(
    out: Annotated[Path, typer.Option(help="The folder of the report; one of its own.")],
    named: arguments.Datasets = None,
    dataset: arguments.DatasetsOption = None,
    symbols: Annotated[
        str | None, typer.Option(help="Pages of these symbols alone, commas between.", autocompletion=symbol_lists)
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days charts show.")] = 365,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Write the state of the lake as pages that any browser opens.

    Coverage, gaps, findings, sources, storage, and a page for each symbol with candles, volume and gaps. Nothing
    is asked of other servers. An earlier report in the folder is replaced as a whole.

    Example: bcdata report --out report
    """
    from bcdata import clock
    from bcdata.catalog import load_catalog
    from bcdata.settings import Settings
    from bcdata.site.collect import collect
    from bcdata.site.write import require_free, write

    root, catalog = Settings().root, load_catalog()
    require_free(out, root)
    say_if_no_lake(root)
    chosen = arguments.datasets(named, dataset)
    say_what_has_no_calendar(catalog.chosen(chosen))
    found = collect(root, catalog, chosen, days=days, now=clock.now())
    if symbols:
        found = found.only(_known(found, names(symbols)))
    number, written = write(out, _pages(root, catalog, found, days))
    if as_json:
        print_json({"folder": str(out), "pages": number, "bytes": written, "symbols": list(found.symbols)})
    else:
        shown.print(f"wrote {counted(number, 'file')}, {size(written)}; open {out / 'index.html'}", highlight=False)


def _known(found: "Report", symbols: list[str]) -> list[str]:
    from bcdata.errors import UsageError
    from bcdata.hints import choose

    known = list(found.symbols)
    for one in symbols:
        if one not in known:
            raise UsageError(f"the lake has no bars of {one!r}; {choose(one, known)}")
    return symbols


def _pages(root: Path, catalog: "Catalog", found: "Report", days: int) -> "Iterator[Page]":
    from rich.progress import track

    from bcdata.site.collect import chart
    from bcdata.site.pages import front, symbol_page

    yield from front(found)
    entries = found.symbols
    for symbol in track(entries, "pages of symbols", console=err, disable=not err.is_terminal, transient=True):
        parts = [(one, chart(root, catalog, one, days=days)) for one in entries[symbol]]
        yield symbol_page(found, symbol, parts)
