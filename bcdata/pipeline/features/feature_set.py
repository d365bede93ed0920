"""A dataset's feature set: which features, compared with whom. Free of heavy imports."""

import hashlib
import json

from bcdata.catalog import Dataset, FeatureSet
from bcdata.errors import CatalogError
from bcdata.features.feature import NUMERICS, Feature
from bcdata.features.selection import Variants, select


def features_of(dataset: Dataset) -> tuple[Feature, ...]:
    """The features of the dataset's table, in its order.

    Raises:
        CatalogError: the catalog asks for two columns of one name.
    """
    wanted = _section(dataset)
    variants = {name: Variants(one.z, one.rank, one.tail) for name, one in wanted.normalise.items()}
    try:
        return select(wanted.select, wanted.windows, variants)
    except ValueError as error:
        raise CatalogError(f"{dataset.name}: {error}; change its `features` in the catalog") from None


def reference_of(dataset: Dataset) -> str:
    """The symbol that the dataset's cross-asset features compare with."""
    return _section(dataset).reference or dataset.parsed.market.reference


def universe_of(dataset: Dataset) -> tuple[str, ...]:
    """The declared universe, sorted; empty where none is declared."""
    return tuple(sorted(_section(dataset).universe))


def identity(feature: Feature, reference: str, universe: tuple[str, ...]) -> str:
    """A short hash of what a column's values follow from besides bars: version, parameters, whom it looks at.

    Source text has no part in it: reformatting a function must not make a lake stale.
    """
    looks_at = (
        reference if feature.reads("@reference") else None,
        universe if feature.reads("@universe") else None,
    )
    return _digest([NUMERICS, feature.version, feature.parameters, looks_at])


def identities(dataset: Dataset) -> dict[str, str]:
    """The identity of every column, in the table's order."""
    whom = reference_of(dataset), universe_of(dataset)
    return {feature.name: identity(feature, *whom) for feature in features_of(dataset)}


def version_of(dataset: Dataset) -> str:
    """The version of the feature set: a short hash of all its columns in their order."""
    return _digest(list(identities(dataset).items()))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _section(dataset: Dataset) -> FeatureSet:
    return dataset.features or FeatureSet()
