"""What pydantic finds wrong in a catalog, in the words of somebody who writes YAML, with its place in the file."""

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bcdata.catalog.around.instruments import DeclaredSymbol
from bcdata.catalog.dataset import Dataset
from bcdata.catalog.document import Document, Mistake
from bcdata.catalog.features import FeatureSet, Labels, Normalise
from bcdata.catalog.gate import Publication, Quality
from bcdata.catalog.resample import Resample
from bcdata.catalog.universe import Universe
from bcdata.hints import choose

HIDDEN = ("name", "markets", "plans")
"""Fields of a dataset that are no keys of its own: they come from what stands around it."""
_SECTIONS: dict[str, type[BaseModel]] = {
    "universe": Universe,
    "publication": Publication,
    "quality": Quality,
    "features": FeatureSet,
    "labels": Labels,
    "resample": Resample,
    "instruments": DeclaredSymbol,
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


def mistakes_of(
    document: Document, place: tuple[str | int, ...], model: type[BaseModel], error: ValidationError
) -> Iterator[Mistake]:
    """All that is wrong with what stands at a place, which was read as the model."""
    for detail in error.errors(include_url=False):
        if _follows(detail):
            continue
        location = () if detail["loc"] == ("name",) else detail["loc"]
        at = detail.get("ctx", {}).get("at", ())
        yield document.mistake((*place, *location, *at), _message(detail, model))


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
    keys = {name: field.alias or name for name, field in model.model_fields.items()}
    return [key for name, key in keys.items() if model is not Dataset or name not in HIDDEN]
