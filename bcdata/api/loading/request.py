"""From the arguments of `load` to what they ask for; all that is wrong with them is an error here."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from bcdata.api import arguments
from bcdata.api.instants import asked_range
from bcdata.api.lake import catalog_of, lake_of
from bcdata.api.loading.adjusted import view_of
from bcdata.api.loading.joined import datasets_to_join, known_rows
from bcdata.api.loading.lacking import Missing
from bcdata.api.loading.major import major_of
from bcdata.api.loading.rows import Request
from bcdata.api.loading.sources import rows_meant, symbols_meant
from bcdata.bars.fill import Fill
from bcdata.bars.segments import MIN_DAYS, MIN_PRICE_CHANGE
from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.pipeline.features.splits import Splits


def request_of(
    dataset: str,
    symbols: str | Iterable[str] | None,
    start: str | date | None,
    end: str | date | None,
    *,
    zone: str = "merged",
    interval: str | None = None,
    join: str | Iterable[str] | None = None,
    fill: str = "none",
    adjusted: str = "none",
    adjusted_as_of: str | date | None = None,
    unit: str = "raw",
    split: bool = False,
    min_days: float = MIN_DAYS,
    min_price_change: float = MIN_PRICE_CHANGE,
    missing: str = "warn",
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> Request:
    """What the arguments of `load` ask for.

    Raises:
        UsageError: something that there is not, or that does not go together.
    """
    known = catalog_of(catalog)
    days, change = arguments.number("min_days", min_days), arguments.number("min_price_change", min_price_change)
    arguments.flag("split", split)
    rows = rows_meant(known, dataset, zone, interval)
    if adjusted != "none":
        rows = rows.to_be_adjusted()
    only = None if symbols is None else symbols_meant(rows.source, symbols)
    policy, reaction = arguments.option("fill", fill, Fill), arguments.option("missing", missing, Missing)
    if (policy is not Fill.NONE or split) and not rows.are_bars:
        raise UsageError("only merged bars can be filled and split; leave `fill` and `split` out")
    if split and rows.source.frame_type.is_signed:
        raise UsageError(f"{rows.source.kind} have prices below zero, whose ratio says nothing; leave `split` out")
    joins = datasets_to_join(known, rows.source, "resampled" if rows.grid else zone, join)
    asked, window = asked_range(start, end)
    store = lake_of(root)
    return Request(
        store,
        rows,
        only,
        asked,
        window,
        reaction,
        policy,
        (days, change) if split else None,
        [known_rows(store, one, reaction) for one in joins],
        view_of(store, known, rows, adjusted=adjusted, as_of=adjusted_as_of, missing=reaction),
        Splits.of(store, known, rows.source),
        major_of(store, rows, unit, reaction),
    )
