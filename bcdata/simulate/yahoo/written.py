"""Bars of days and actions that are served as they are written, in place of generated ones: sound or damaged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Day(NamedTuple):
    """A row of a chart of days: prices adjusted for splits, the adjusted close for payments, too."""

    open: float
    high: float
    low: float
    close: float
    adjusted: float | None
    volume: int


@dataclass(frozen=True)
class WrittenDays:
    """What is served of a symbol, by the labels of its sessions; payments in the shares of the answer.

    Sessions without a row were not traded; `splits` are new and old shares.
    """

    rows: Mapping[date, Day]
    dividends: Mapping[date, float] = field(default_factory=dict)
    gains: Mapping[date, float] = field(default_factory=dict)
    splits: Mapping[date, tuple[float, float]] = field(default_factory=dict)
