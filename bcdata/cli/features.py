"""`bcdata features`: the list of features, a report on those of a dataset, and the proofs for a user's own."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.show import names, print_json
from bcdata.cli.output.tables import print_table
from bcdata.terminal.console import notes, out

if TYPE_CHECKING:
    from bcdata.features.proofs.check import Result

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]
features = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(features, name="features")


@features.callback()
def listing(context: typer.Context, as_json: Json = False) -> None:
    """List the features; report on them, prove your own.

    Name, family, warm-up in bars, formula, unit, source.

    Example: bcdata features --json
    """
    if context.invoked_subcommand is not None:
        return
    from bcdata.features.registry import describe

    found = describe()
    if as_json:
        print_json(found)
        return
    rows = [[one["name"], one["family"], one["warm_up"], one["formula"], one["source"]] for one in found]
    print_table(["name", "family", "warm-up (bars)", "formula", "source"], rows)


@features.command("check")
def check(
    module: Annotated[str, typer.Argument(help="A module's dotted name, or a file that ends in .py.")],
    only: Annotated[str | None, typer.Option(help="Only this feature of the module.")] = None,
    as_json: Json = False,
) -> None:
    """Put your own features through the proofs.

    No look-ahead, partition alone, tight warm-up, bounds, scale, holes. The module's code is run. Ends with status
    1 where a proof fails, 2 where there is nothing to prove.

    Example: bcdata features check my_features.py
    """
    from bcdata.errors import UsageError
    from bcdata.features.proofs.check import check as prove
    from bcdata.features.proofs.own import clashes, own_features

    chosen = own_features(module, only)
    for name in clashes(chosen):
        notes.print(f"warning: there is a feature {name} already; a table cannot have both", highlight=False)
    results: list[Result] = []
    try:
        for _, found in groupby(prove(chosen), key=lambda one: one.feature):
            results += (mine := list(found))
            if not as_json:
                _show(mine)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if as_json:
        print_json([_plain(one) for one in results])
    if not all(one.holds for one in results):
        raise typer.Exit(1)


@features.command("report")
def report(
    symbols: Annotated[str, typer.Option(help="Symbols, commas between.", autocompletion=symbol_lists)],
    first: Annotated[str, typer.Option("--from", help="The first year, month or day.")],
    last: Annotated[str, typer.Option("--to", help="The last one, included.")],
    html: Annotated[Path, typer.Option(help="Write the page to this file.")],
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
) -> None:
    """Draw how features look, as one page.

    A map of what asks for a look, distributions over time, correlations. Needs matplotlib.

    Example: bcdata features report spot_klines_1m --symbols BTCUSDT --from 2023-01 --to 2023-02 --html f.html
    """
    from bcdata.catalog import load_catalog
    from bcdata.errors import StoreError, UsageError
    from bcdata.pictures.gaps_report import gaps_page
    from bcdata.reading.root import require_lake
    from bcdata.reporting.feature_report import page_of
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    known = load_catalog()[arguments.dataset(name, dataset)]
    dates = known.grain.keys(known.grain.key_in(first, is_last=False), known.grain.key_in(last, is_last=True))
    wanted = names(symbols)
    if not wanted:
        raise UsageError("no symbols were named; write --symbols BTCUSDT,ETHUSDT")
    store = Store(Settings().root)
    require_lake(store.root)
    sections = [page_of(store, known, name, dates).html() for name in wanted]
    try:
        html.write_text(gaps_page(f"Features of {known.name}", sections), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {html}: {error.strerror}") from None
    out.print(f"wrote {html}", highlight=False)


def _show(results: "list[Result]") -> None:
    """One feature: that all holds, or each proof that failed, where, and what to do."""
    failed = [one for one in results if not one.holds]
    name = results[0].feature
    if not failed:
        out.print(f"{name}: all {len(results)} proofs hold", highlight=False, markup=False)
        return
    out.print(f"{name}: {len(failed)} of {len(results)} proofs fail", highlight=False, markup=False)
    for one in failed:
        where = f" at the bar of {one.at:%Y-%m-%d %H:%M} UTC" if one.at else ""
        out.print(f"  {one.proof}{where}: {one.why}", highlight=False, markup=False)
    for fix in dict.fromkeys(one.fix for one in failed):
        out.print(f"  fix: {fix}", highlight=False, markup=False)


def _plain(one: "Result") -> dict[str, object]:
    at = one.at.isoformat() if one.at else None
    return {"feature": one.feature, "proof": one.proof, "holds": one.holds, "why": one.why, "at": at, "mend": one.fix}
