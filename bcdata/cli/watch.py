"""`bcdata universe`, `halts`: what is known of symbols and of the venue itself."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata import clock
from bcdata.cli import arguments
from bcdata.cli.complete import markets
from bcdata.cli.output.show import print_json, say_if_no_lake
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import notes, out

if TYPE_CHECKING:
    from bcdata.catalog import Catalog, Market

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("universe")(universe)
    app.command("halts")(halts)


def universe(
    market: Annotated[str, typer.Option(help="A market of the catalog, like spot or um.", autocompletion=markets)],
    as_of: Annotated[str | None, typer.Option(help="What was known at this instant, ISO; now if not given.")] = None,
    status: Annotated[str | None, typer.Option(help="Only this status, e.g. trading or delisted.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Ask the archive and the exchange first.")] = False,
    as_json: Json = False,
) -> None:
    """Show a market's symbols, as they were known.

    Since when, until when, their status, and when that was learnt.

    Example: bcdata universe --market spot --as-of 2024-01-01
    """
    from bcdata.catalog import load_catalog
    from bcdata.errors import UsageError
    from bcdata.instruments.table import STATUSES
    from bcdata.instruments.update import read_universe
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    catalog, root = load_catalog(), Settings().root
    markets = sorted({one.market for one in catalog})
    if market not in markets:
        raise UsageError(f"the catalog has no market {market!r}; it has {', '.join(markets)}")
    if status is not None and status not in STATUSES:
        raise UsageError(f"{status!r} is no status; there are {', '.join(STATUSES)}")
    instant = clock.parse_instant(as_of) if as_of else clock.now()
    if update:
        _update(catalog, market)
    is_absent = say_if_no_lake(root)
    known = read_universe(Store(root), market, instant).to_dicts()
    classes = _classes(catalog, market, [row["symbol"] for row in known])
    rows = [{**row, **classes[row["symbol"]]} for row in known if status in {None, row["status"]}]
    if as_json:
        print_json({"market": market, "as_of": instant.isoformat(), "symbols": rows})
        return
    if is_absent:
        return
    if not rows:
        out.print(f"nothing is known of {market} at {instant:%Y-%m-%d %H:%M}; --update asks", highlight=False)
        return
    columns = ["symbol", "contract", "asset_class", "first_seen", "last_seen", "status", "renamed_from", "evidence"]
    columns = ["instrument_id", *columns] if _declared(catalog, market) else columns
    columns += ["known_from"]
    print_table(
        columns, ([row[name] for name in columns] for row in rows), title=f"{market}: {counted(len(rows), 'symbol')}"
    )
    for row in rows:
        if row["asset_class"] == "unknown" or row["class_reason"].endswith("check it"):
            notes.print(f"warning: {row['symbol']}: {row['class_reason']}", highlight=False, markup=False)


def _classes(catalog: "Catalog", market: str, symbols: list[str]) -> dict[str, dict[str, Any]]:
    """How the name of each symbol was classified, and what the universes of the market's datasets make of it."""
    from bcdata.catalog.universe import classify

    if declared := _declared(catalog, market):
        own = {"quote": None, "asset_class": declared.type, "class_reason": "its market's type"}
        return {symbol: {"base": symbol, **own, "datasets": {}} for symbol in symbols}
    found: dict[str, dict[str, Any]] = {
        one.symbol: {
            "base": one.base,
            "quote": one.quote,
            "asset_class": one.asset_class,
            "class_reason": one.reason,
            "datasets": {},
        }
        for one in classify(symbols, market=market)
    }
    for dataset in catalog:
        if dataset.market == market and dataset.universe is not None:
            for one in dataset.universe.explain(symbols, market=market):
                words = {"included": one.included, "rule": one.rule, "reason": one.reason}
                found[one.symbol]["datasets"][dataset.name] = words
    return found


def _declared(catalog: "Catalog", market: str) -> "Market | None":
    """The market, if it is one that a catalog declares: of instruments that go by several symbols."""
    return next((one for one in catalog.markets if one.name == market), None)


def _update(catalog: Any, market: str) -> None:
    from bcdata.instruments.update import update
    from bcdata.pipeline.context import open_own

    with open_own(catalog, clock.now()) as context:
        done, before = update(context, market), -1
        while done.left and done.left != before:
            notes.print(f"still to ask for: {counted(done.left, 'symbol')}", highlight=False)
            before, done = done.left, update(context, market)
    for trouble in done.troubles:
        notes.print(f"warning: {trouble}", highlight=False, markup=False)


def halts(
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    first: Annotated[str | None, typer.Option("--from", help="Only from this year, month or day on.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only up to this one, included.")] = None,
    as_json: Json = False,
) -> None:
    """Show when a venue stood still.

    Nobody traded then in any liquid symbol of the dataset, whose bars last an hour at most. Dates that have changed
    are looked at again.

    Example: bcdata halts spot_klines_1m --from 2023-03 --to 2023-03
    """
    from bcdata.catalog import load_catalog
    from bcdata.pipeline.halts import halt_rows, watch
    from bcdata.reading.root import require_lake
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    known = load_catalog()[arguments.dataset(name, dataset)]
    begin, end = known.grain.ends(first, last)
    span = {"first": begin or "", "last": end or "9999"}
    store = Store(Settings().root)
    require_lake(store.root)
    try:
        for done in watch(store, known, **span):
            notes.print(
                f"{done.date}: {counted(done.halts, 'halt')} in {counted(done.symbols, 'symbol')}", highlight=False
            )
    finally:
        store.close()
    rows = halt_rows(store, known, **span)
    if as_json:
        print_json(rows.to_dicts())
        return
    print_table(rows.columns, rows.iter_rows(), title=f"{known.name}: {counted(rows.height, 'halt')}")
