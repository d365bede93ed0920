"""`bcdata materialize`: a rectangle of symbols × dates, through as many zones as are asked for."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata import clock
from bcdata.cli import arguments
from bcdata.cli.complete import symbol_lists
from bcdata.cli.output.run_report import conclude
from bcdata.cli.output.show import duration, print_json, say_what_ends_at_raw, utf8
from bcdata.cli.output.tables import print_table
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Zone
from bcdata.sizes import size
from bcdata.terminal.console import err, out

if TYPE_CHECKING:
    from bcdata.catalog import Dataset
    from bcdata.dagster.launch import Report
    from bcdata.runs.plan import Plan

_NOT_SPELT_OUT = "symbols, first and last date were not all given; give them, or --yes for"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("materialize")(materialize)


def materialize(
    name: arguments.Dataset = None,
    dataset: arguments.DatasetOption = None,
    symbols: Annotated[
        str | None,
        typer.Option(help="BTCUSDT,eth/usdt, ...; those of the catalog if not given.", autocompletion=symbol_lists),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day, month or year, included; the dataset's start if not given.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last one, included; now if not given.")] = None,
    span: Annotated[str | None, typer.Option("--last", help="Instead of both: back from now, e.g. 30d.")] = None,
    until: Annotated[Zone | None, typer.Option(help="Only this zone and those before it; all by default.")] = None,
    no_refill: Annotated[bool, typer.Option("--no-refill", help="Do not ask REST for what the archive lacks.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a run that was not spelt out.")] = False,
    now_back: Annotated[
        bool, typer.Option("--now-back", help="Build as of now what was built as of a later instant.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Bring bars and features of some symbols and dates up to date.

    Upstream zones run first. What is there and still true is neither fetched nor computed again. What is not given is
    taken from the catalog, and asked about first. Ends with status 0 when every partition is published, 1 when one
    failed or was held back, 2 when the request makes no sense.

    Example: bcdata materialize spot_klines_1m --symbols BTCUSDT,ETHUSDT --from 2023-01 --to 2023-06
    """
    from bcdata.catalog import load_catalog
    from bcdata.net.settings import HttpSettings
    from bcdata.providers.registry import provider_of
    from bcdata.runs.asked import Asked, request_of
    from bcdata.runs.plan import make_plan
    from bcdata.settings import Settings

    catalog, now = load_catalog(), clock.now()
    HttpSettings()  # a mistake in a setting is said before anything runs
    asked = Asked(arguments.dataset_or_none(name, dataset), _symbols(symbols), first, last, span, until, not no_refill)
    plan = make_plan(catalog, request_of(catalog, asked, now, declared=_declared), now)
    for source in plan.dataset.sources:
        if (settings := provider_of(source).settings) is not None:
            settings()
    root = Settings().root
    say_what_ends_at_raw([plan.dataset])
    if dry_run:
        _say_estimate(root, catalog, plan, as_json=as_json)
        return
    if not (asked.is_whole or yes):
        if as_json:  # standard output has one document, that of the error
            raise UsageError(f"{_NOT_SPELT_OUT} it all: {_in_short(_estimate(root, catalog, plan))}")
        _say_estimate(root, catalog, plan, as_json=False)
        _require_consent()
    report = _run(root, catalog, plan, now_back=now_back, as_json=as_json)
    conclude(plan, report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(1)


def _symbols(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(name.strip() for name in utf8(text, "a name").split(",") if name.strip())


def _declared(dataset: "Dataset") -> "Sequence[str]":
    """The symbols that the catalog names, or chooses out of what the archive lists."""
    from bcdata.instruments.discovery import discover

    return discover([dataset], {})


def _require_consent() -> None:
    """Goes on after a yes at a terminal.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    if not (sys.stdin.isatty() and err.is_terminal):
        raise UsageError(f"{_NOT_SPELT_OUT} what is said above")
    if not typer.confirm("Run it?", default=True, err=True):
        raise typer.Abort


def _estimate(root: Path, catalog: Any, plan: "Plan") -> dict[str, Any]:
    from bcdata.dagster.launch import count_runs, open_instance
    from bcdata.runs.estimate import estimate
    from bcdata.runs.preflight import require_listed

    require_listed(root, plan)  # as the run would: what cannot be fetched has no estimate

    with open_instance(root) as instance:
        runs = count_runs(instance, plan)
    return estimate(root, catalog, plan, runs=runs)


def _in_short(found: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{found[name]:,} {name}" for name in ("symbols", "dates", "partitions", "objects", "requests"))
    return (
        f"{counts}, {size(found['bytes'])}, {size(found['disk_bytes'])} on the disk, {duration(found['minutes'] * 60)}"
    )


def _say_estimate(root: Path, catalog: Any, plan: "Plan", *, as_json: bool) -> None:
    found = _estimate(root, catalog, plan)
    if as_json:
        print_json(found)
        return
    columns = ("symbols", "dates", "assets", "partitions", "runs", "objects", "bytes", "control_objects",
               "control_bytes", "requests")  # fmt: skip
    row = [size(found[name]) if name.endswith("bytes") else found[name] for name in columns]
    title = f"{plan.dataset.name}, {plan.dates[0]} to {plan.dates[-1]}: what a run would do"
    print_table([name.replace("_", " ") for name in columns], [row], title=title)
    zones = ", ".join(f"{zone} {size(count)}" for zone, count in found["disk"].items())
    out.print(f"on the disk afterwards: {size(found['disk_bytes'])} ({zones})", highlight=False)
    out.print(f"takes about {duration(found['minutes'] * 60)}, by the rate {_RATES[found['rate']]}", highlight=False)
    bars = {zone: count for zone, count in found["disk"].items() if zone in _BARS}
    if len(bars) < len(found["disk"]):
        out.print(f"bars only: --until merged, {size(sum(bars.values()))} on the disk", highlight=False)


_BARS = ("raw", "parsed", "merged")
_RATES = {"of this lake's last runs": "of this lake's last runs", "a default": "of the demo: this lake has none yet"}


def _run(root: Path, catalog: Any, plan: "Plan", *, now_back: bool, as_json: bool) -> "Report":
    from bcdata.runs.preflight import prepare
    from bcdata.runs.progress import listening
    from bcdata.runs.rates import Rates
    from bcdata.terminal.progress import RunProgress

    prepare(root, plan)
    from bcdata.dagster.launch import launch, open_instance

    progress, rates = RunProgress(plan, quiet=as_json), Rates()
    try:
        with open_instance(root) as instance, progress, listening(rates):
            return launch(instance, catalog, plan, progress, now_back=now_back)
    except KeyboardInterrupt:
        err.print(f"interrupted: {progress.summary()}. Run the same command again to go on from here.", highlight=False)
        raise typer.Exit(130) from None
    finally:
        rates.keep(root)
