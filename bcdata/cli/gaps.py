"""`bcdata gaps`: the ledger as a table, as JSON, and as a picture."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import (
    names,
    print_json,
    say_if_no_lake,
    say_what_ends_at_raw,
    say_what_has_no_calendar,
    say_what_is_unnamed,
)
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import out

if TYPE_CHECKING:
    import polars as pl

    from bcdata.reporting.gap_report import DatasetGaps


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("gaps")(gaps)


def gaps(
    named: arguments.Datasets = None,
    dataset: arguments.DatasetsOption = None,
    symbols: Annotated[
        str | None, typer.Option(help="Only these symbols, commas between.", autocompletion=symbol_lists)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only these statuses, e.g. open,upstream.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Only from this year, month or day on.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only up to this one, included.")] = None,
    min_bars: Annotated[int, typer.Option(min=1, help="Only runs of so many missing bars or more.")] = 1,
    summary: Annotated[bool, typer.Option("--summary", help="Totals by symbol and status, no runs.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many runs a table shows; --json is always whole.")] = 200,
    svg: Annotated[Path | None, typer.Option(help="Write the heat map of one dataset to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report, heat map and longest runs, to this file.")] = None,
    by: Annotated[str, typer.Option(help="Columns of the picture: month or day.")] = "month",
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Show which bars are missing, and why.

    This is the gap ledger, with how each reason is known; with pictures on request. Every expected bar is in
    exactly one of the published bars and the ledger; `refilled` runs are history: bars that the archive lacked and
    another source had. The filters hold for tables and JSON; pictures show every status.

    Example: bcdata gaps spot_klines_1m --status open,upstream
    """
    from bcdata import clock
    from bcdata.catalog import load_catalog
    from bcdata.reporting.gap_report import GapRequest, ask
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    request = GapRequest(
        datasets=arguments.datasets(named, dataset),
        symbols=_names(symbols),
        statuses=_names(status),
        first=first,
        last=last,
        least=min_bars,
    )
    root, catalog = Settings().root, load_catalog()
    store = Store(root)
    found = ask(store, catalog, request, now=clock.now())
    is_absent = say_if_no_lake(root)
    say_what_ends_at_raw(catalog.chosen(request.datasets))
    unknown = say_what_has_no_calendar(catalog.chosen(request.datasets))
    if not request.datasets:
        say_what_is_unnamed(store, catalog)
    if svg or html:
        _draw(found, svg, html, by, unknown)
    if as_json:
        print_json([{"dataset": one.name, **row} for one in found for row in _table(one, summary=summary).to_dicts()])
    elif not (svg or html):
        for one in found:
            _show(one, summary=summary, limit=limit)
        if not found and not is_absent:
            asked = "" if request == GapRequest() else " that was asked for"
            out.print(f"no ledger yet: nothing{asked} is materialized", highlight=False)


def _names(text: str | None) -> frozenset[str] | None:
    return frozenset(names(text)) if text else None


def _table(one: "DatasetGaps", *, summary: bool) -> "pl.DataFrame":
    return one.totals() if summary else one.runs


def _show(one: "DatasetGaps", *, summary: bool, limit: int) -> None:
    table = _table(one, summary=summary)
    totals = ", ".join(f"{bars:,} {name}" for name, bars in one.by_status().items()) or "nothing is missing"
    title = f"{one.name}: {counted(one.runs.height, 'run')}; {totals}"
    print_table(table.columns, table.head(min(limit, table.height)).iter_rows(), title=title)
    if table.height > limit:
        out.print(f"{table.height - limit:,} more; --json has all, --limit shows more", highlight=False)


def _draw(found: list["DatasetGaps"], svg: Path | None, html: Path | None, by: str, unknown: Collection[str]) -> None:
    from bcdata.errors import UsageError
    from bcdata.windows import Grain

    if by not in set(Grain):
        raise UsageError(f"--by {by}: write month or day")
    if svg:
        if len(found) != 1:
            raise UsageError("a picture shows one dataset; name it: bcdata gaps spot_klines_1m")
        _write(svg, found[0].picture(Grain(by)))
    if html:
        from bcdata.pictures.gaps_report import gaps_page

        drawn = [one for one in found if one.has_bars and one.name not in unknown]
        _write(html, gaps_page("Gaps", [one.section(Grain(by)) for one in drawn]))


def _write(path: Path, text: str) -> None:
    from bcdata.errors import StoreError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    out.print(f"wrote {path}", highlight=False)
