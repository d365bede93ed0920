"""How the assets of each zone are shown: one row a zone.

Dagster labels a node of the graph with the last part of its key, which is the dataset's name in every zone. So groups
are made such that no two assets of one have the same label, and that data flows through them in one direction.
"""

from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.pipeline.zones import Step, Zone, in_order
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of


@dataclass(frozen=True, slots=True)
class ZonePage:
    """A zone on Dagster's pages. The text may name `{dataset}`, `{asset}`, `{provider}` and `{sources}`."""

    text: str
    kinds: tuple[str, ...] = ("parquet",)

    def description(self, dataset: Dataset, step: Step) -> str:
        """What the page of an asset says, and in few words its node in the graph."""
        sources = " > ".join(dataset.sources)
        text = self.text.format(dataset=dataset.name, asset=step.asset, provider=step.provider, sources=sources)
        return f"{step.zone.value.capitalize()}{f' of {step.provider}' if step.provider else ''}: {text}"


ZONES: dict[Zone, ZonePage] = {
    Zone.RAW: ZonePage(
        "archive objects of {dataset} with checksum states, hours and days beside them;"
        " republished ones are new versions.",
        ("zip",),
    ),
    Zone.PARSED: ZonePage("{dataset} as the source has it, in the canonical frame; bad rows are quarantined."),
    Zone.MERGED: ZonePage("{dataset}: one series per symbol ({sources}), source on every row; gap ledger beside it."),
    Zone.FEATURES: ZonePage("{dataset}; each row is known at `known_at`.", ("parquet", "numpy")),
    Zone.REPORTS: ZonePage(
        "how the features of {dataset} look: nulls, constant runs, quantiles, drift. Warns only.", ("parquet", "numpy")
    ),
    Zone.SEASONALITY: ZonePage(
        "volatility of {dataset} by quarters of an hour, over the 20 days before each day.", ("parquet", "numpy")
    ),
    Zone.LABELS: ZonePage("forward returns of {dataset}, known at `known_at`: to be learned, never to learn from."),
    Zone.RESAMPLED: ZonePage("{asset} out of {dataset}; complete where bars + explained = expected."),
}
_PAGES: dict[Role | None, ZonePage] = {
    Role.REPAIR: ZonePage(
        "answers of {dataset}, asked only for expected bars that the archive lacks; pages as sent.", ("json",)
    ),
    Role.WINDOW: ZonePage("pages of {dataset} as {provider} sent them, each with the time that it covers.", ("json",)),
}


def shown(step: Step) -> ZonePage:
    """How an asset is shown: raw holds files of one source, and answers of another."""
    return _PAGES.get(role_of(step.provider), ZONES[step.zone]) if step.zone is Zone.RAW else ZONES[step.zone]


OWNERS = ("team:bcdata",)
"""Whoever runs bcdata: it tells its assets from others of a workspace."""


def group_of(dataset: Dataset, step: Step) -> str:
    """The group of an asset: its zone, and another for sources that are asked for what those before them lack.

    A source's place among those of its dataset is in the name, so that groups never point back at each other.
    """
    if step.provider is None:
        return step.zone.value
    if role_of(step.provider) is Role.REPAIR:
        return f"repair_{step.zone.value}"
    place = in_order(dataset).index(step.provider)
    return f"{step.zone.value}_{place + 1}" if place else step.zone.value


def kinds_of(step: Step) -> set[str]:
    """What a node of the graph is marked with: the zone, the form of its files, and whose they are."""
    return {step.zone.value, *shown(step).kinds, *([step.provider] if step.provider else [])}


def tags_of(dataset: Dataset, step: Step) -> dict[str, str]:
    """What the UI can search and filter by."""
    told = {
        "zone": step.zone.value,
        "dataset": dataset.name,
        "market": dataset.market,
        "type": dataset.kind,
        "grain": dataset.grain.value,
        "source": step.provider,
        "interval": dataset.interval.name if dataset.interval else None,
    }
    return {f"bcdata/{name}": value for name, value in told.items() if value}
