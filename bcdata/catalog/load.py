"""catalog.yaml -> `Catalog`. All that is wrong is said at once, one line each, with its place in the file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bcdata.catalog.catalog import Catalog
from bcdata.catalog.dataset import Dataset
from bcdata.catalog.document import Document, Mistake, read_document
from bcdata.catalog.features import FeatureSet, Labels, Normalise
from bcdata.catalog.gate import Publication, Quality
from bcdata.catalog.markets import BUILT_IN, DeclaredMarket, problem_of
from bcdata.catalog.resample import Resample
from bcdata.catalog.universe import Universe
from bcdata.errors import CatalogError
from bcdata.hints import choose
from bcdata.settings import Settings
from bcdata.venues.market import Market

FILE = "catalog.yaml"
PACKAGED = Path(__file__).with_name("default.yaml")
"""The catalog that comes with bcdata: the project's own catalog.yaml."""

_TOP, _MARKETS = "datasets", "markets"
_KEYS = (_TOP, _MARKETS)
_SECTIONS: dict[str, type[BaseModel]] = {
    "universe": Universe,
    "publication": Publication,
    "quality": Quality,
    "features": FeatureSet,
    "labels": Labels,
    "resample": Resample,
}

_WORDS = {
    "missing": "is needed",
    "string_type": "must be text",
    "date_from_datetime_parsing": "must be a date, like 2025-01-09",
    "date_parsing": "must be a date, like 2025-01-09",
    "string_pattern_mismatch": "must be three capital letters, like USD",
    "tuple_type": "must be a list, like [BTCUSDT, ETHUSDT]",
    "too_short": "must not be empty",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "greater_than": "must be more than {gt:g}",
    "less_than": "must be less than {lt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
}
"""pydantic's kinds of error in the words of somebody who writes YAML."""


def find_catalog() -> Path:
    """The catalog in force: BCDATA_CATALOG, or catalog.yaml in the working directory, or the packaged one."""
    named = Settings().catalog
    if named is not None:
        return named
    local = Path(FILE)
    return local if local.exists() else PACKAGED


def load_catalog(path: Path | None = None) -> Catalog:
    """Reads and validates a catalog; without a path, the one that `find_catalog` finds.

    Raises:
        CatalogError: the file cannot be read, or something in it cannot be meant. One line for each mistake,
            `<file>:<line>: <place>: <what is wrong>`.
    """
    document = read_document(path or find_catalog())
    entries, mistakes = _entries(document)
    markets, wrong = _markets(document)
    mistakes += wrong
    datasets: list[Dataset] = []
    for name, entry in entries.items():
        try:
            datasets.append(Dataset.model_validate({"markets": markets, **entry, "name": name}))
        except ValidationError as error:
            mistakes.extend(_mistakes(document, (_TOP, name), error))
    mistakes += _made_twice(document, datasets)
    if mistakes:
        raise CatalogError("\n".join(mistake.text for mistake in sorted(mistakes)))
    return Catalog(document.path, tuple(datasets), markets)


def _entries(document: Document) -> tuple[dict[str, dict[str, Any]], list[Mistake]]:
    """The entries that are mappings, and what is wrong about the others or around them."""
    top = document.values
    if not isinstance(top, dict):
        return {}, [document.mistake((), f"the catalog must be a mapping with the key `{_TOP}`")]
    mistakes = [document.mistake((key,), f"unknown key; {choose(key, _KEYS)}") for key in top if key not in _KEYS]
    entries = top.get(_TOP)
    if not isinstance(entries, dict) or not entries:
        return {}, [
            *mistakes,
            document.mistake((_TOP,), "must be a mapping of names to datasets, one at least"),
        ]
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            words = "must be a mapping with grain, start, symbols or universe, and sources"
            mistakes.append(document.mistake((_TOP, name), words))
        elif "name" in entry:
            words = "unknown key; the dataset's name is the key that all this stands under"
            mistakes.append(document.mistake((_TOP, name, "name"), words))
        elif _MARKETS in entry:
            words = "unknown key; markets are declared at the top of the catalog"
            mistakes.append(document.mistake((_TOP, name, _MARKETS), words))
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}, mistakes


def _markets(document: Document) -> tuple[tuple[Market, ...], list[Mistake]]:
    """The markets that are declared, with those that need not be, and what is wrong about them."""
    entries = document.values.get(_MARKETS, {}) if isinstance(document.values, dict) else {}
    if not isinstance(entries, dict):
        return (), [document.mistake((_MARKETS,), "must be a mapping of names to markets")]
    found, mistakes = dict(BUILT_IN), list[Mistake]()
    for name, entry in entries.items():
        if problem := problem_of(name):
            mistakes.append(document.mistake((_MARKETS, name), problem))
        try:
            found[name] = DeclaredMarket.model_validate(entry)
        except ValidationError as error:
            mistakes.extend(_mistakes(document, (_MARKETS, name), error))
    return tuple(one.market(name) for name, one in found.items()), mistakes


def _made_twice(document: Document, datasets: list[Dataset]) -> Iterator[Mistake]:
    """Coarser bars of one name can be made of one dataset only."""
    makers: dict[str, str] = {}
    for dataset in datasets:
        for index, name in enumerate(dataset.resampled()):
            if makers.setdefault(name, dataset.name) != dataset.name:
                words = f"{name} is already made of {makers[name]}; leave it out of one of them"
                yield document.mistake((_TOP, dataset.name, "resample", index), words)


def _mistakes(document: Document, place: tuple[str, str], error: ValidationError) -> Iterator[Mistake]:
    top = DeclaredMarket if place[0] == _MARKETS else Dataset
    for detail in error.errors(include_url=False):
        if _follows(detail):
            continue
        location = () if detail["loc"] == ("name",) else detail["loc"]
        at = detail.get("ctx", {}).get("at", ())
        yield document.mistake((*place, *location, *at), _message(detail, top))


def _follows(detail: ErrorDetails) -> bool:
    """Whether the error only follows from another one in the list."""
    kind = detail["type"]
    return kind == "default_factory_not_called" or (kind == "too_short" and bool(detail["input"]))


def _message(detail: ErrorDetails, top: type[BaseModel]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    shown = f"{given[:40]!r} " if isinstance(given, str) else ""
    if kind == "extra_forbidden":
        return f"unknown key; {choose(str(detail['loc'][-1]), _keys(detail['loc'], top))}"
    if kind in {"literal_error", "enum"}:
        return f"{shown}is not possible; it is {context['expected']}"
    if kind in _WORDS:
        return f"{'' if kind == 'missing' else shown}{_WORDS[kind].format(**context)}"
    # pydantic's own text would format a message's braces once more
    return context["message"] if kind == "refused" else detail["msg"]


def _keys(location: tuple[int | str, ...], top: type[BaseModel]) -> list[str]:
    """The keys that are allowed where an unknown one stands."""
    model = _SECTIONS[str(location[0])] if len(location) > 1 else top
    model = Normalise if location[:2] == ("features", "normalise") else model
    return [key for key in model.model_fields if (model, key) not in {(Dataset, "name"), (Dataset, _MARKETS)}]
