"""What shells complete: names of the catalog, and symbols. A catalog that cannot be read completes nothing."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from bcdata.errors import BcdataError

if TYPE_CHECKING:
    from bcdata.catalog import Dataset


def dataset_names(incomplete: str) -> list[str]:
    """The datasets of the catalog that begin so."""
    return _beginning(incomplete, (one.name for one in _datasets()))


def markets(incomplete: str) -> list[str]:
    """The markets of the catalog that begin so."""
    return _beginning(incomplete, dict.fromkeys(one.market for one in _datasets()))


def symbol_lists(context: typer.Context, incomplete: str) -> list[str]:
    """Symbols with commas between, the last of which begins so: those of the datasets named, or of all."""
    before, comma, last = incomplete.rpartition(",")
    named = {context.params.get("name"), *_several(context.params.get("dataset"))} - {None}
    chosen = [one for one in _datasets() if not named or one.name in named]
    known = dict.fromkeys(symbol for one in chosen for symbol in (*(one.symbols or ()), *_in_the_lake(one)))
    taken = before.split(",")
    return [f"{before}{comma}{one}" for one in _beginning(last, known) if one not in taken]


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [one for one in words if one.startswith(incomplete)]


def _several(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _datasets() -> list["Dataset"]:
    from bcdata.catalog import load_catalog

    with suppress(BcdataError):
        return list(load_catalog())
    return []


def _in_the_lake(dataset: "Dataset") -> list[str]:
    from bcdata.reporting.lists import symbols
    from bcdata.settings import Settings
    from bcdata.store.store import Store

    with suppress(BcdataError):
        found: list[str] = symbols(Store(Settings().root), dataset)["symbol"].to_list()
        return found
    return []
