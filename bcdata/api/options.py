"""The options of `load` that say which rows: what type checkers know of them where `load` returns different things."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TypedDict

from bcdata.catalog import Catalog


class LoadOptions(TypedDict, total=False):
    """Options of `bcdata.load` that `bcdata.scan` and `bcdata.fetch` take, too."""

    zone: str
    interval: str | None
    columns: Iterable[str] | None
    features: str | Iterable[str] | bool | None
    labels: str | Iterable[str] | bool | None
    join: str | Iterable[str] | None
    fill: str
    adjusted: str
    adjusted_as_of: str | date | None
    unit: str
    split: bool
    min_days: float
    min_price_change: float
    missing: str
    root: str | Path | None
    catalog: Catalog | None
