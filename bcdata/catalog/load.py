"""catalog.yaml -> `Catalog`. All that is wrong is said at once, one line each, with its place in the file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bcdata.catalog.around.choice import AUTO, considered
from bcdata.catalog.around.top import KEYS, TOP, Declarations, declarations_of
from bcdata.catalog.catalog import Catalog
from bcdata.catalog.dataset import Dataset
from bcdata.catalog.document import Document, Mistake, read_document
from bcdata.catalog.messages import HIDDEN, mistakes_of
from bcdata.catalog.names import parse_name
from bcdata.errors import CatalogError, UsageError
from bcdata.hints import choose
from bcdata.settings import Settings

FILE = "catalog.yaml"
PACKAGED = Path(__file__).with_name("default.yaml")
"""The catalog that comes with bcdata: the project's own catalog.yaml."""


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
    declared, wrong = declarations_of(document)
    mistakes += wrong
    around = {"markets": declared.markets, "plans": declared.plans}
    datasets: list[Dataset] = []
    for name, entry in entries.items():
        try:
            sources = _sources(document, name, entry, declared)
            datasets.append(Dataset.model_validate({**around, **entry, **sources, "name": name}))
        except ValidationError as error:
            mistakes.extend(mistakes_of(document, (TOP, name), Dataset, error))
        except CatalogError as error:
            mistakes.append(document.mistake((TOP, name, "sources"), str(error)))
    mistakes += _made_twice(document, datasets)
    if mistakes:
        raise CatalogError("\n".join(mistake.text for mistake in sorted(mistakes)))
    return Catalog(document.path, tuple(datasets), declared.markets, declared.plans, declared.rules)


def _sources(document: Document, name: str, entry: dict[str, Any], declared: Declarations) -> dict[str, list[str]]:
    """The sources that the rules choose, where a dataset asks for that.

    Raises:
        CatalogError: they choose none; the text says why not.
    """
    del document
    if entry.get("sources") not in (AUTO, [AUTO]):
        return {}
    try:
        parsed = parse_name(name, declared.markets)
    except UsageError:
        return {"sources": []}  # the name is told of
    found = list(considered(parsed, declared.rules, dict(declared.plans)))
    chosen = [one.source for one in found if one.why_not is None]
    if not chosen:
        why = "; ".join(one.why_not or "" for one in found) or f"no rule is for bars of a {parsed.market.type}"
        raise CatalogError(f"no source can be chosen: {why}")
    return {"sources": chosen}


def _entries(document: Document) -> tuple[dict[str, dict[str, Any]], list[Mistake]]:
    """The entries that are mappings, and what is wrong about the others or around them."""
    top = document.values
    if not isinstance(top, dict):
        return {}, [document.mistake((), f"the catalog must be a mapping with the key `{TOP}`")]
    mistakes = [document.mistake((key,), f"unknown key; {choose(key, KEYS)}") for key in top if key not in KEYS]
    entries = top.get(TOP)
    if not isinstance(entries, dict) or not entries:
        return {}, [
            *mistakes,
            document.mistake((TOP,), "must be a mapping of names to datasets, one at least"),
        ]
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            words = "must be a mapping with grain, start, symbols or universe, and sources"
            mistakes.append(document.mistake((TOP, name), words))
            continue
        if "name" in entry:
            words = "unknown key; the dataset's name is the key that all this stands under"
            mistakes.append(document.mistake((TOP, name, "name"), words))
        for key in (one for one in HIDDEN[1:] if one in entry):
            words = "unknown key; markets and plans are declared at the top of the catalog"
            mistakes.append(document.mistake((TOP, name, key), words))
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}, mistakes


def _made_twice(document: Document, datasets: list[Dataset]) -> Iterator[Mistake]:
    """Coarser bars of one name can be made of one dataset only."""
    makers: dict[str, str] = {}
    for dataset in datasets:
        for index, name in enumerate(dataset.resampled()):
            if makers.setdefault(name, dataset.name) != dataset.name:
                words = f"{name} is already made of {makers[name]}; leave it out of one of them"
                yield document.mistake((TOP, dataset.name, "resample", index), words)
