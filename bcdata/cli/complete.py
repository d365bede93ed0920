"""What shells complete: names of the catalog, and symbols. A catalog that cannot be read completes nothing."""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from bcdata.errors import BcdataError

if TYPE_CHECKING:
    from bcdata.catalog import Catalog, Dataset

_MOST_JOBS = 50


def dataset_names(incomplete: str) -> list[str]:
    """The datasets of the catalog that begin so."""
    return _beginning(incomplete, (one.name for one in _datasets()))


def markets(incomplete: str) -> list[str]:
    """The markets of the catalog that begin so."""
    return _beginning(incomplete, dict.fromkeys(one.market for one in _datasets()))


def market_or_calendar_names(incomplete: str) -> list[str]:
    """The markets that the catalog declares and providers bring, and the codes of calendars, that begin so."""
    from bcdata.api.markets.sessions import names
    from bcdata.catalog import load_catalog

    with suppress(BcdataError):
        return _beginning(incomplete, names(load_catalog()))
    return []


def dialect_names(incomplete: str) -> list[str]:
    """The dialects of symbols that begin so."""
    from bcdata.providers.dialects import known_dialects

    return _beginning(incomplete, known_dialects())


def symbol_lists(context: typer.Context, incomplete: str) -> list[str]:
    """Symbols with commas between, the last of which begins so: those of the datasets named, or of all."""
    before, comma, last = incomplete.rpartition(",")
    named = {one for word in ("name", "named", "dataset") for one in _several(context.params.get(word))} - {None}
    chosen = [one for one in _datasets() if not named or one.name in named]
    known = dict.fromkeys(symbol for one in chosen for symbol in (*(one.symbols or ()), *_in_the_lake(one)))
    taken = before.upper().split(",")
    return [f"{before}{comma}{one}" for one in _as_typed(last, known) if one.upper() not in taken]


def jobs(incomplete: str) -> list[tuple[str, str]]:
    """Runs and backfills that begin so, the newest first, with what they are about."""
    from bcdata.dagster.history.listing import SHORT
    from bcdata.dagster.history.listing import jobs as listed
    from bcdata.dagster.launch import home_of, open_instance
    from bcdata.settings import Settings

    with suppress(BcdataError):
        root = Settings().root
        if (home_of(root) / "dagster.yaml").is_file():
            with open_instance(root) as instance:
                found = listed(instance, _catalog(), root, most=_MOST_JOBS)
            told = [(one.id[:SHORT], f"{one.what}, {one.status}") for one in found]
            return [one for one in told if one[0].startswith(incomplete)]
    return []


def join_option_and_value() -> None:
    """Has `--dataset=spot` completed as `--dataset spot` is: bash takes the equals sign for a word of its own."""
    words = os.environ.get("COMP_WORDS", "").split(" ")
    if "=" in words:
        at = int(os.environ.get("COMP_CWORD", "0"))
        os.environ["COMP_WORDS"] = " ".join(one for one in words if one != "=")
        os.environ["COMP_CWORD"] = str(at - words[:at].count("="))


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [one for one in words if one.startswith(incomplete)]


def _as_typed(incomplete: str, symbols: Iterable[str]) -> list[str]:
    """Symbols that begin so, in lower case where that is typed: shells take nothing else for a continuation of it."""
    words = [one.lower() for one in symbols] if incomplete.islower() else symbols
    return _beginning(incomplete, words)


def _several(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _datasets() -> list["Dataset"]:
    with suppress(BcdataError):
        return list(_catalog())
    return []


def _catalog() -> "Catalog":
    from bcdata.catalog import load_catalog

    return load_catalog()


def _in_the_lake(dataset: "Dataset") -> list[str]:
    from bcdata.reporting.lists import symbols
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    with suppress(BcdataError):
        found: list[str] = symbols(Store(Settings().root), dataset)["symbol"].to_list()
        return found
    return []
