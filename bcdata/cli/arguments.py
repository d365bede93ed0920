"""How commands are told about which datasets they are: `bcdata gaps D`, and `bcdata gaps --dataset D` as well."""

from typing import Annotated

import typer

from bcdata.cli.complete import dataset_names
from bcdata.errors import UsageError

Datasets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATASET]...", help="Only these datasets; all if not given.", autocompletion=dataset_names),
]
DatasetsOption = Annotated[
    list[str] | None,
    typer.Option("--dataset", help="The same as an option; may be repeated.", autocompletion=dataset_names),
]
Dataset = Annotated[
    str | None, typer.Argument(metavar="DATASET", help="A dataset of the catalog.", autocompletion=dataset_names)
]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="The same as an option, e.g. spot_klines_1m.", autocompletion=dataset_names),
]


def datasets(named: list[str] | None, as_option: list[str] | None) -> tuple[str, ...]:
    """The datasets that were named, each once; none where all are meant."""
    return tuple(dict.fromkeys([*(named or ()), *(as_option or ())]))


def dataset(named: str | None, as_option: str | None) -> str:
    """The dataset that was named.

    Raises:
        UsageError: none was, or two were.
    """
    if found := dataset_or_none(named, as_option):
        return found
    raise UsageError("name a dataset, e.g. spot_klines_1m; bcdata datasets lists them")


def dataset_or_none(named: str | None, as_option: str | None) -> str | None:
    """The dataset that was named, if one was.

    Raises:
        UsageError: two were.
    """
    if named and as_option and named != as_option:
        raise UsageError(f"two datasets were named, {named} and {as_option}; one command takes one")
    return named or as_option
