"""`bcdata status`, `providers`, `config`: what is there and what holds, without Dagster."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli import arguments
from bcdata.cli.output.findings import print_findings
from bcdata.cli.output.scores import print_scores
from bcdata.cli.output.show import (
    print_json,
    say_if_no_lake,
    say_what_ends_at_raw,
    say_what_has_no_calendar,
    say_what_is_unnamed,
)
from bcdata.cli.output.tables import print_table
from bcdata.errors import CatalogError, UsageError
from bcdata.sizes import size
from bcdata.terminal.console import out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bcdata.settings import SettingValue

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]
_MOST_NAMES = 5
"""That a cell of a table has."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("status")(status)
    app.command("providers")(providers)
    app.command("config")(config)


def status(
    named: arguments.Datasets = None,
    dataset: arguments.DatasetsOption = None,
    as_json: Json = False,
) -> None:
    """Show what the lake has.

    Partitions and sizes, missing bars by reason, quality scores, findings, feature sets, what is held back or
    overdue. A score is 1 where nothing is wrong with a partition; --json has those of all partitions.

    Example: bcdata status spot_klines_1m
    """
    from bcdata import clock
    from bcdata.catalog import load_catalog
    from bcdata.reporting.status import findings
    from bcdata.reporting.status import status as ask
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    settings = Settings()
    store, catalog, names = Store(settings.root), load_catalog(), arguments.datasets(named, dataset)
    found = ask(store, catalog, names, now=clock.now())
    reported = findings(store, catalog, names)
    is_absent = say_if_no_lake(settings.root)
    say_what_ends_at_raw(catalog.chosen(names))
    say_what_has_no_calendar(catalog.chosen(names))
    others = [] if names else say_what_is_unnamed(store, catalog)
    if as_json:
        known = {"datasets": [asdict(one) for one in found], "findings": [one.to_json() for one in reported]}
        print_json({"root": str(settings.root), **known, "not_in_catalog": others})
        return
    if is_absent:
        return
    rows = [
        [one.dataset, "/".join(filter(None, (zone.zone, zone.provider, zone.name))), zone.symbols, zone.partitions,
         f"{zone.first} .. {zone.last}", size(zone.bytes)]
        for one in found
        for zone in one.zones
        if zone.partitions
    ]  # fmt: skip
    if not rows:
        asked = "of what was asked for" if names else "of the catalog's datasets" if others else "yet"
        out.print(f"{settings.root} holds nothing {asked}; begin with: bcdata materialize --help", highlight=False)
        return
    total = size(sum(zone.bytes for one in found for zone in one.zones))
    columns = ["dataset", "zone", "symbols", "partitions", "dates", "size"]
    print_table(columns, rows, title=f"{settings.root}: {total}")
    missing = [[one.dataset, reason, bars] for one in found for reason, bars in one.missing.items()]
    if missing:
        print_table(["dataset", "missing bars are", "bars"], missing)
    print_scores((one.dataset, one.quality) for one in found)
    print_findings(reported)
    held = [[one.dataset, *held.values()] for one in found for held in one.held_back]
    if held:
        print_table(["dataset", "zone", "symbol", "date", "state", "why"], held)
    sets = [
        [one.dataset, version, symbols, "as in the catalog" if version == one.feature_set else "another"]
        for one in found
        for version, symbols in one.feature_sets.items()
    ]
    if sets:
        print_table(["dataset", "feature set", "symbols, by their newest partition", "which"], sets)
    overdue = [[one.dataset, *late.values()] for one in found for late in one.stale]
    if overdue:
        print_table(["dataset", "symbol", "date", "overdue since", "reason"], overdue)


def providers(
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="SYMBOL INTERVAL", help="Say which sources would be asked for these bars, and why."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="The instant of the bar, with --explain.")] = None,
    as_json: Json = False,
) -> None:
    """List the sources, and how asking them goes.

    Whether they can be asked, what they allow, and how it went in the last 24 hours. Asks nobody: what is said of
    limits and answers is what this machine has noted.

    Example: bcdata providers --explain AAPL 1m --at 2024-06-03T14:30
    """
    from datetime import UTC, datetime

    from bcdata.reporting.providers import report

    if at is not None and explain is None:
        raise UsageError("--at belongs to --explain: name a symbol and an interval")
    if explain is not None:
        _explained(*explain, at, as_json=as_json)
        return
    # rates are counted in real time, whatever stands for now
    found = report(datetime.now(UTC), _plans())
    if as_json:
        print_json([one.to_json() for one in found])
        return
    rows = [
        [one.name, "yes" if one.available else "no", one.reason, _served(one.capabilities),
         "\n".join(f"{limit.remaining:,} of {limit.limit:,} in {limit.window}" for limit in one.limits),
         one.breaker, "" if one.success_24h is None else f"{one.success_24h:.1%}",
         "" if one.latency_24h is None else f"{one.latency_24h:.3g} s", "\n".join(one.urls)]
        for one in found
    ]  # fmt: skip
    head = ["name", "available", "reason", "markets", "left", "breaker", "success 24 h", "latency 24 h", "urls"]
    print_table(head, rows)


def _plans() -> "Mapping[str, str]":
    """The plans that the catalog states; none where it cannot be read: what is asked about is not its mistakes."""
    from bcdata.catalog import load_catalog

    try:
        return load_catalog().plans
    except CatalogError:
        return {}


def _explained(symbol: str, interval: str, at: str | None, *, as_json: bool) -> None:
    from datetime import UTC, datetime

    from bcdata import clock
    from bcdata.catalog import load_catalog
    from bcdata.reporting.choice import Question
    from bcdata.reporting.providers import health_at

    now = clock.now()
    instant = None if at is None else clock.parse_instant(at)
    asked = Question(load_catalog(), instant, now, health_at(datetime.now(UTC)))
    found = asked.explain(symbol, interval)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    rows = [[one.dataset, one.source, "" if one.order is None else one.order, one.why] for one in found]
    print_table(["dataset", "source", "order", "why"], rows)


def _served(can: dict[str, Any]) -> str:
    """Markets by name, or the types of markets that a catalog declares, for a cell of a table."""
    return _some(can["markets"] or [f"any {one}" for one in can.get("types", ())])


def _some(names: list[str]) -> str:
    """Names for a cell of a table: not more than fit."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def config(as_json: Json = False) -> None:
    """Show every setting, and where it came from.

    Secrets are masked.

    Example: bcdata config --json
    """
    found = every_setting()
    if as_json:
        print_json([one._asdict() for one in found])
        return
    print_table(["setting", "value", "from"], found)


def every_setting() -> "list[SettingValue]":
    """All settings, each with its value and where that came from."""
    from bcdata.alerts.settings import AlertSettings
    from bcdata.net.settings import HttpSettings
    from bcdata.providers.registry import PROVIDERS
    from bcdata.settings import Settings

    own = [one.settings() for one in PROVIDERS.values() if one.settings is not None]
    layers = (Settings(), *own, HttpSettings(), AlertSettings())
    return [one for layer in layers for one in layer.explain()]
