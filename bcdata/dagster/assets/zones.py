"""How the assets of each zone are shown: one row a zone."""

from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.pipeline.zones import Step, Zone
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of


@dataclass(frozen=True, slots=True)
class ZonePage:
    """A zone on Dagster's pages. The text may name `{dataset}`, `{asset}`, `{provider}` and `{sources}`."""

    text: str
    kinds: tuple[str, ...] = ("parquet", "polars")

    def description(self, dataset: Dataset, step: Step) -> str:
        """What the page of an asset says."""
        sources = " > ".join(dataset.sources)
        return self.text.format(dataset=dataset.name, asset=step.asset, provider=step.provider, sources=sources)


ZONES: dict[Zone, ZonePage] = {
    Zone.RAW: ZonePage(
        "Archive objects of {dataset} with checksum states, hours and days beside them;"
        " republished ones are new versions.",
        ("zip",),
    ),
    Zone.PARSED: ZonePage("{dataset} as {provider} has it, in the canonical frame; bad rows are quarantined."),
    Zone.MERGED: ZonePage("{dataset}: one series per symbol ({sources}), source on every row; gap ledger beside it."),
    Zone.FEATURES: ZonePage("Features of {dataset}; each row is known at `known_at`.", ("parquet", "numpy")),
    Zone.REPORTS: ZonePage(
        "How the features of {dataset} look: nulls, constant runs, quantiles, drift. Warns only.", ("parquet", "numpy")
    ),
    Zone.SEASONALITY: ZonePage(
        "Volatility of {dataset} by quarters of an hour, over the 20 days before each day.", ("parquet", "numpy")
    ),
    Zone.LABELS: ZonePage("Forward returns of {dataset}, known at `known_at`: to be learned, never to learn from."),
    Zone.RESAMPLED: ZonePage("{asset} out of {dataset}; complete where bars + explained = expected."),
}
_PAGES: dict[Role | None, ZonePage] = {
    Role.REPAIR: ZonePage(
        "REST answers of {dataset}, asked only for expected bars that the archive lacks; pages as sent.", ("json",)
    ),
    Role.WINDOW: ZonePage("Pages of {dataset} as {provider} sent them, each with the time that it covers.", ("json",)),
}


def shown(step: Step) -> ZonePage:
    """How an asset is shown: raw holds files of one source, and answers of another."""
    return _PAGES.get(role_of(step.provider), ZONES[step.zone]) if step.zone is Zone.RAW else ZONES[step.zone]
