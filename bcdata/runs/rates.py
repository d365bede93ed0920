"""How long partitions take: noted in the lake by each run of a command, and read before the next one."""

import json
import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bcdata.catalog import Catalog
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.zones import Step, Zone
from bcdata.runs.footprint import bars_in
from bcdata.store.objects import STATE

_FILE = "rates.json"
_DEFAULT = {
    Zone.RAW: 20e-6,
    Zone.PARSED: 10e-6,
    Zone.MERGED: 3e-6,
    Zone.FEATURES: 30e-6,
    Zone.REPORTS: 6e-6,
    Zone.SEASONALITY: 2e-6,
    Zone.RESAMPLED: 2e-6,
    Zone.LABELS: 2e-6,
}
"""Seconds of a bar in each zone: measured on the generated market of the demo, two cores, the exchange on the same
machine. A network is slower: its time counts from the first run on."""
_LEAST = 0.02
"""Seconds of a partition, whatever is in it."""


class Rates:
    """A listener that notes how long the partitions of each asset took which were published."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._partitions: dict[str, int] = defaultdict(int)
        self._last = time.monotonic()

    def fetched(self, _step: Step, _size: int) -> None:
        """Objects are part of their partitions."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Counts the time since the partition before."""
        now = time.monotonic()
        if outcome.state is State.PUBLISHED:
            self._seconds["/".join(step.key)] += now - self._last
            self._partitions["/".join(step.key)] += 1
        self._last = now

    def keep(self, root: Path) -> None:
        """Writes the seconds of a partition by asset, beside those of earlier runs; what cannot be written is lost."""
        found = {asset: self._seconds[asset] / count for asset, count in self._partitions.items()}
        if not found:
            return
        path = root / STATE / _FILE
        draft = path.with_suffix(".draft")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps({**read_rates(root), **found}, indent=1), encoding="utf-8")
            draft.replace(path)


def read_rates(root: Path) -> dict[str, float]:
    """Seconds of a partition by asset, as the last runs took; nothing of what was never run, or cannot be read."""
    try:
        known = json.loads((root / STATE / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    items = known.items() if isinstance(known, dict) else ()
    return {str(name): float(value) for name, value in items if isinstance(value, int | float) and value >= 0}


def seconds_of(root: Path, catalog: Catalog, lacking: dict[Step, list[str]], now: datetime) -> tuple[float, bool]:
    """How long the partitions take that are not there yet, and whether all of that is measured on this lake.

    Args:
        root: of the lake.
        catalog: the one in force.
        lacking: the date key of each partition that is not there, by asset.
        now: the present instant, UTC.
    """
    rates, total, is_measured = read_rates(root), 0.0, True
    for step, dates in lacking.items():
        rate = rates.get("/".join(step.key))
        if rate is not None:
            total += rate * len(dates)
            continue
        is_measured = is_measured and (not dates or step.provider == catalog[step.dataset].repair)
        bars = {date: bars_in(catalog[step.dataset], date, now) for date in set(dates)}
        total += sum(_LEAST + bars[date] * _DEFAULT[step.zone] for date in dates)
    return total, is_measured
