"""A dataset's feature set: which features, compared with whom. Free of heavy imports."""

import hashlib
import json

from bcdata.catalog import MARKETS, Dataset, FeatureSet
from bcdata.errors import CatalogError
from bcdata.features.feature import Feature
from bcdata.features.registry import feature_set_version
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
    return _section(dataset).reference or MARKETS[dataset.market].reference


def universe_of(dataset: Dataset) -> tuple[str, ...]:
    """The declared universe, sorted; empty where none is declared."""
    return tuple(sorted(_section(dataset).universe))


def version_of(dataset: Dataset) -> str:
    """A short hash of names, parameters and versions of the features, and of whom they look at."""
    features = features_of(dataset)
    parts = [feature_set_version(features)]
    if any(feature.reads("@reference") for feature in features):
        parts.append(reference_of(dataset))
    if any(feature.reads("@universe") for feature in features):
        parts.append(json.dumps(universe_of(dataset)))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _section(dataset: Dataset) -> FeatureSet:
    return dataset.features or FeatureSet()
