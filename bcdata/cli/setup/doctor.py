"""`bcdata doctor`: whether this machine can do the work."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli.output.show import print_json
from bcdata.cli.output.tables import print_table
from bcdata.sizes import counted
from bcdata.terminal.console import out

if TYPE_CHECKING:
    from bcdata.reporting.doctor.check import Check
    from bcdata.settings import SettingValue


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("doctor")(doctor)


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Check this machine, and what it can reach.

    Looks at Python, libraries, catalog, folders, clock, ports, limits, servers and settings. Each is ok, a warning
    or a problem, with what to do. Each address in use is asked once. Ends with status 1 where there is a problem.

    Example: bcdata doctor --offline
    """
    checks, changed = [*_local()], _settings()
    if not offline:
        checks += _asked()
    if as_json:
        print_json({"checks": [asdict(one) for one in checks], "settings": [one._asdict() for one in changed]})
    else:
        print_table(["", "what", "found"], [[one.verdict, one.name, one.found] for one in checks])
        _say_fixes(checks)
        if given := [one for one in changed if one.origin != "default"]:
            print_table(["setting", "value", "from"], given, title="settings that are not the default")
        counts = Counter(one.verdict for one in checks)
        said = ", ".join(f"{counts[name]} {name}" for name in ("ok", "warning", "problem") if counts[name])
        out.print(f"\n{said}", highlight=False)
    if any(one.verdict == "problem" for one in checks):
        raise typer.Exit(1)


def _say_fixes(checks: "list[Check]") -> None:
    for one in checks:
        if one.fix:
            out.print(f"{one.verdict}: {one.name}: {one.fix}", highlight=False, markup=False)


def _local() -> "list[Check]":
    from bcdata import clock
    from bcdata.dagster.launch import home_of
    from bcdata.reporting.doctor import machine
    from bcdata.reporting.doctor.network import clock_of
    from bcdata.settings import Settings

    settings = Settings()
    return [
        *machine.environment(),
        _catalog(),
        *_calendars(),
        machine.folder("BCDATA_ROOT", settings.root),
        machine.folder("BCDATA_STATE", settings.state),
        machine.folder("DAGSTER_HOME", home_of(settings.root)),
        machine.open_files(),
        machine.port(),
        *clock_of(clock.now(), is_pinned=clock.is_pinned()),
    ]


def _catalog() -> "Check":
    from bcdata.catalog import load_catalog
    from bcdata.catalog.load import PACKAGED, find_catalog
    from bcdata.errors import BcdataError
    from bcdata.reporting.doctor.check import ok, problem

    path = find_catalog()
    try:
        catalog = load_catalog()
    except BcdataError as error:
        return problem("catalog", str(error).splitlines()[0], "correct it; bcdata init writes one to begin with")
    words = "the one that comes with bcdata" if path == PACKAGED else str(path)
    return ok("catalog", f"{words}: {counted(len(catalog.datasets), 'dataset')}")


def _calendars() -> "list[Check]":
    from bcdata.catalog import load_catalog
    from bcdata.errors import CatalogError
    from bcdata.reporting.doctor.calendars import calendars

    try:
        return [*calendars(load_catalog())]
    except CatalogError:  # it is among the problems
        return []


def _asked() -> "list[Check]":
    from bcdata.catalog import load_catalog
    from bcdata.errors import CatalogError
    from bcdata.reporting.doctor.network import reach

    try:
        return reach(load_catalog())
    except CatalogError:  # it is among the problems
        return []


def _settings() -> "list[SettingValue]":
    from bcdata.cli.inspect import every_setting

    found: list[Any] = every_setting()
    return found
