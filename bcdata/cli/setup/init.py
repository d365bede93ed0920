"""`bcdata init`: a catalog to begin with, by three questions or by options."""

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bcdata import clock
from bcdata.cli.output.show import utf8
from bcdata.errors import UsageError
from bcdata.terminal.console import err, notes, out

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where catalog.yaml is written; made if it is not there.")] = Path(),
    market: Annotated[str | None, typer.Option(help="spot, um, cm, kraken, coinbase, ...")] = None,
    symbols: Annotated[str | None, typer.Option(help="Symbols, commas between.")] = None,
    start: Annotated[str | None, typer.Option(help="The first year, month or day to keep.")] = None,
    interval: Annotated[str, typer.Option(help="The interval of the bars.")] = "1m",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what is not given is the default.")] = False,
) -> None:
    """Write a catalog.yaml to begin with.

    It has one dataset of a few symbols. What is not given is asked on a terminal. A file that is there is never
    overwritten.

    Example: bcdata init prices --market spot --symbols BTCUSDT,ETHUSDT --start 2022
    """
    from bcdata.catalog.starter import grain_of, market_of, start_of, starter, symbols_of

    path = folder / "catalog.yaml"
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already, and stays as it is; name another folder")
    absent = [name for name, value in (("--market", market), ("--symbols", symbols), ("--start", start)) if not value]
    is_asked = not yes and bool(absent)
    if is_asked and not (sys.stdin.isatty() and err.is_terminal):
        raise UsageError(f"not given: {', '.join(absent)}; give them, or --yes for the defaults")
    chosen = _asked("Market", market, "spot", market_of, is_asked=is_asked)
    grain = grain_of(chosen, interval)
    usual = f"{chosen.reference},ETHUSDT" if chosen.reference == "BTCUSDT" else chosen.reference
    names = _asked("Symbols", symbols, usual, lambda text: symbols_of(chosen, utf8(text, "a name")), is_asked=is_asked)
    now = clock.now()
    year_ago = f"{now.year - 1}-{now:%m}"
    first = _asked(
        "Keep bars since", start, year_ago, lambda text: start_of(chosen, grain, text, now), is_asked=is_asked
    )
    dataset = _write(path, starter(chosen, names, first, interval))
    out.print(f"wrote {path}: {dataset} of {', '.join(names)} since {first}", highlight=False, markup=False)
    move = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    out.print(f"next: {move}bcdata materialize {dataset} --last 30d", highlight=False, markup=False)
    if named := os.environ.get("BCDATA_CATALOG"):
        notes.print(f"warning: BCDATA_CATALOG names another catalog, {named}; unset it", highlight=False, markup=False)


def _asked(question: str, given: str | None, usual: str, read: Callable[[str], T], *, is_asked: bool) -> T:
    """What was given, or the answer to a question, which is asked again until it can be meant; or what is usual."""
    if given or not is_asked:
        return read(given or usual)
    while True:
        answer: str = typer.prompt(question, default=usual, err=True)
        try:
            return read(answer.strip())
        except UsageError as error:
            err.print(str(error), highlight=False, markup=False)


def _write(path: Path, text: str) -> str:
    """Puts the file there, whole or not at all, once it has been read as a catalog; the name of its dataset."""
    from bcdata.catalog import load_catalog
    from bcdata.errors import CatalogError, StoreError

    draft = path.with_name(f".catalog.yaml.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        [dataset] = load_catalog(draft)
        os.link(draft, path)  # fails where a file has come meanwhile
    except CatalogError as error:
        raise UsageError(str(error).replace(f"{draft}:", "it would be wrong in line ")) from None
    except FileExistsError:
        raise UsageError(f"{path} is there already, and stays as it is") from None
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return str(dataset.name)
