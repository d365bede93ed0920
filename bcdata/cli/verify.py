"""`bcdata verify`: whether the lake still holds what was received and published, and what the archive says of it."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata import clock
from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.findings import print_findings
from bcdata.cli.output.show import (
    names,
    print_json,
    say_what_ends_at_raw,
    say_what_has_no_calendar,
    say_what_is_unnamed,
)
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted, size
from bcdata.terminal.console import err, notes, out

if TYPE_CHECKING:
    from bcdata.healing.scrub_report import ScrubReport

_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("verify")(verify)


def verify(
    named: arguments.Datasets = None,
    dataset: arguments.DatasetsOption = None,
    symbols: Annotated[
        str | None, typer.Option(help="Only these symbols, commas between.", autocompletion=symbol_lists)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Hash every file, and show all findings.

    Raw objects are compared with their sha256, published files with their manifests. Raw objects are also compared
    with their CHECKSUM and the archive's listing. Nothing is downloaded. What is damaged or lost is marked, and
    fetched or made again by the next run over its partition. Ends with status 1 where something is. Findings are
    those that stand in the lake, what raw's objects show, and what is suspicious across partitions and symbols. Where
    not all of them could be looked for, as a calendar cannot be had, the status is 1, too.

    Example: bcdata verify spot_klines_1m --symbols BTCUSDT,ETHUSDT
    """
    from bcdata.catalog import load_catalog
    from bcdata.errors import StoreError
    from bcdata.healing.scrub_published import verify_published
    from bcdata.healing.scrub_raw import verify as check
    from bcdata.healing.scrub_report import ScrubReport
    from bcdata.healing.suspicions import suspicions
    from bcdata.pipeline.context import open_own
    from bcdata.pipeline.records.findings import standing
    from bcdata.pipeline.records.footer_cache import open_footer_cache
    from bcdata.reading.root import no_lake
    from bcdata.settings import Settings

    catalog = load_catalog()
    chosen = catalog.chosen(arguments.datasets(named, dataset))
    wanted = names(symbols) if symbols else None
    if not (root := Settings().root).is_dir():
        raise StoreError(no_lake(root))
    say_what_ends_at_raw(chosen)
    unknown = say_what_has_no_calendar(chosen)
    found, reported, is_whole = [], [], not unknown
    with open_own(catalog, clock.now()) as context:
        if not dataset:
            say_what_is_unnamed(context.store, catalog)
        for one in chosen:
            summary = ScrubReport(one.name)
            for checked in chain(check(context, one, wanted), verify_published(context, one, wanted)):
                summary.add(checked)
            found.append(summary)
            reported += summary.findings()
        with open_footer_cache(context.store) as footers:
            for one in chosen:
                only = set(wanted) if wanted is not None else None
                try:
                    reported += standing(context.store, footers, one, only)
                    if one.name not in unknown:  # what is suspicious is told by the bars around it
                        reported += suspicions(context.store, footers, one, only)
                except StoreError as error:
                    is_whole = False
                    err.print(f"warning: not all findings of {one.name} could be read: {error}", highlight=False)
    if as_json:
        counted = [{**_counts(one), "problems": one.rows()} for one in found]
        print_json({"datasets": counted, "findings": [one.to_json() for one in reported]})
    else:
        _show(found)
        print_findings(reported)
    if not is_whole or any(one.is_corrupted for one in found):
        raise typer.Exit(1)


def _counts(one: "ScrubReport") -> dict[str, Any]:
    return {
        "dataset": one.dataset,
        "partitions": one.partitions,
        "objects": one.objects,
        "bytes": one.bytes,
        "unlisted": one.unlisted,
        "troubles": one.counts,
    }


def _show(found: Sequence["ScrubReport"]) -> None:
    rows = [
        [one.dataset, one.partitions, one.objects, size(one.bytes),
         ", ".join(f"{count} {trouble}" for trouble, count in one.counts.items()) or "nothing is wrong"]
        for one in found
        if one.partitions
    ]  # fmt: skip
    if not rows:
        out.print("the lake holds nothing of what was asked for", highlight=False)
        return
    print_table(["dataset", "partitions", "objects", "size", "found"], rows)
    for one in found:
        if one.unlisted:
            unlisted = counted(one.unlisted, "partition")
            words = f"warning: {one.dataset}: the archive's listing of {unlisted} could not be had"
            notes.print(words, highlight=False, markup=False)
        problems = one.rows()
        if problems:
            table = [list(problem.values()) for problem in problems[:_SHOWN]]
            print_table(list(problems[0]), table, title=f"{one.dataset}: {counted(len(problems), 'problem')}")
