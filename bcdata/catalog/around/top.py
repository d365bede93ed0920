"""What stands at the top of a catalog beside its datasets: markets, plans of providers, rules that choose sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bcdata.catalog.around import markets, plans
from bcdata.catalog.around.choice import Rule, default_rules
from bcdata.catalog.around.markets import BUILT_IN, DeclaredMarket
from bcdata.catalog.around.plans import ProviderEntry
from bcdata.catalog.document import Document, Mistake
from bcdata.catalog.messages import mistakes_of
from bcdata.venues.market import Market

TOP = "datasets"
KEYS = (TOP, "markets", "providers", "choice")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a catalog declares beside its datasets.

    Attributes:
        markets: those that it declares, with those that need not be declared.
        plans: provider and plan, sorted.
        rules: which sources are asked where a dataset does not say it, the first that fits.
    """

    markets: tuple[Market, ...]
    plans: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]


def declarations_of(document: Document) -> tuple[Declarations, list[Mistake]]:
    """What the top of a catalog declares, and what is wrong with it."""
    mistakes: list[Mistake] = []
    declared = dict(BUILT_IN)
    for name, entry in _mapping(document, "markets", "markets", mistakes).items():
        if problem := markets.problem_of(name):
            mistakes.append(document.mistake(("markets", name), problem))
        if found := _read(document, ("markets", name), DeclaredMarket, entry, mistakes):
            declared[name] = found
    stated: dict[str, str] = {}
    for name, entry in _mapping(document, "providers", "providers", mistakes).items():
        read = _read(document, ("providers", name), ProviderEntry, entry, mistakes)
        if read and (problem := plans.problem_of(name, read)):
            mistakes.append(document.mistake(("providers", name), problem))
        elif read:
            stated[name] = read.plan
    rules = _rules(document, mistakes)
    made = tuple(one.market(name) for name, one in declared.items())
    mistakes += (one for market in made for one in _foreign(document, market))
    return Declarations(made, tuple(sorted(stated.items())), rules), mistakes


def _foreign(document: Document, market: Market) -> Iterator[Mistake]:
    """Symbols of a market's `instruments` that it does not write so."""
    for at, one in enumerate(market.dated):
        if not market.writes(one.symbol):
            words = f"the {market.name} market has no symbols like {one.symbol!r}; write {market.reference}"
            yield document.mistake(("markets", market.name, "instruments", at, "symbol"), words)


def _rules(document: Document, mistakes: list[Mistake]) -> tuple[Rule, ...]:
    listed = document.values.get("choice") if isinstance(document.values, dict) else None
    if listed is None:
        return default_rules()
    if not isinstance(listed, list):
        mistakes.append(
            document.mistake(("choice",), "must be a list of rules, like [{type: stock, sources: [yahoo]}]")
        )
        return ()
    found = (_read(document, ("choice", at), Rule, entry, mistakes) for at, entry in enumerate(listed))
    return tuple(one for one in found if one)


def _mapping(document: Document, key: str, what: str, mistakes: list[Mistake]) -> dict[str, Any]:
    found = document.values.get(key, {}) if isinstance(document.values, dict) else {}
    if isinstance(found, dict):
        return found
    mistakes.append(document.mistake((key,), f"must be a mapping of names to {what}"))
    return {}


def _read(
    document: Document, place: tuple[str | int, ...], model: type[M], entry: Any, mistakes: list[Mistake]
) -> M | None:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        mistakes.extend(mistakes_of(document, place, model, error))
        return None
