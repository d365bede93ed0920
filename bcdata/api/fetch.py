"""Materialize and load in one call."""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Unpack

import polars as pl

from bcdata import clock
from bcdata.api import arguments
from bcdata.api.instants import asked_range
from bcdata.api.lake import catalog_of
from bcdata.api.load import load
from bcdata.api.loading.joined import datasets_to_join
from bcdata.api.loading.lacking import Missing, levels_to_the_caller
from bcdata.api.loading.sources import rows_meant
from bcdata.api.options import LoadOptions
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.launch import Instance, Report, launch, open_instance
from bcdata.errors import MissingDataError, MissingDataWarning, UsageError
from bcdata.instruments.discovery import discover
from bcdata.net.settings import HttpSettings
from bcdata.pipeline.zones import Zone
from bcdata.runs.asked import Asked, request_of
from bcdata.runs.plan import Plan, make_plan
from bcdata.runs.preflight import prepare
from bcdata.settings import Settings
from bcdata.terminal.progress import RunProgress
from bcdata.windows import Window

_INSTANT = timedelta(microseconds=1)
_TOLD = 3
"""Partitions whose trouble a text names."""


def fetch(
    dataset: str,
    symbols: str | Iterable[str],
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    refill: bool = True,
    progress: bool | None = None,
    **options: Unpack[LoadOptions],
) -> pl.DataFrame:
    """Brings what is asked for up to date, as `bcdata materialize` does, and loads it.

    What is there and still true is neither fetched nor computed again. Bars are materialized alone where bars alone are
    asked for; features and what else is made of them only where they are, and datasets that are joined over the same
    range. It works on the lake of BCDATA_ROOT.

    Args:
        dataset: its name; in the zone `resampled` that of coarser bars, whose dataset is then materialized.
        symbols: one or several, as people write them (`btcusdt`, `BTC/USDT`).
        start: the first instant, included, as in `load`; the dataset's start if None.
        end: the instant before which bars open; now if None.
        refill: whether sources that repair are asked for what the archive lacks.
        progress: whether bars show on standard error how far it is, as they do for the command. By default at a
            terminal alone; True says it in lines where there is none, as in a notebook, and False nowhere.
        options: as in `load`. `missing` also says what becomes of partitions that failed or were held back.

    Returns:
        As `load` does.

    Raises:
        UsageError: as `load` does; or `root` is given.
        MissingDataError: `missing` is `raise`, and something could not be had.
        ProviderError: a provider cannot be asked.

    Examples:
        >>> bars = bcdata.fetch("spot_klines_1m", ["BTCUSDT"], "2023-01", "2023-02")
    """
    if options.get("root") is not None:
        raise UsageError("fetch works on the lake of BCDATA_ROOT; leave `root` out")
    is_shown = None if progress is None else arguments.flag("progress", progress)
    reaction = arguments.option("missing", options.get("missing", "warn"), Missing)
    names, catalog = arguments.symbols(symbols), catalog_of(options.get("catalog"))
    zone, root, now = options.get("zone", "merged"), Settings().root, clock.now()
    _, window = asked_range(start, end)
    source = rows_meant(catalog, dataset, zone).source
    HttpSettings()  # one in a setting, too
    wanted = partial(_plan, catalog, names, window.until(now), now=now, refill=refill)
    plans = [wanted(source, _until(options))]
    prepare(root, plans[0])
    checked: LoadOptions = {**options, "missing": "ignore"}
    load(dataset, [], start, end, **checked)  # a mistake in the options is said before anything runs
    for one in datasets_to_join(catalog, source, zone, options.get("join")):
        if one.grain.window(one.start).start < min(window.end, now):
            plans.append(wanted(one, Zone.MERGED))
            prepare(root, plans[-1])
    with _environment_restored(), open_instance(root) as instance:
        troubles = [one for plan in plans for one in _troubles(_run(instance, catalog, plan, is_shown))]
    if troubles and reaction is not Missing.IGNORE:
        if reaction is Missing.RAISE:
            raise MissingDataError(_in_short(troubles))
        warnings.warn(_in_short(troubles), MissingDataWarning, stacklevel=levels_to_the_caller())
    try:
        return load(dataset, plans[0].symbols, start, end, **options)
    except UsageError as error:
        if not troubles:
            raise
        raise MissingDataError(_in_short(troubles)) from error


def _plan(
    catalog: Catalog,
    symbols: Sequence[str],
    window: Window,
    dataset: Dataset,
    until: Zone | None,
    *,
    now: datetime,
    refill: bool,
) -> Plan:
    """The partitions of a dataset that the window touches, as far as it has begun."""
    grain = dataset.grain
    first, last = max(dataset.start, grain.key(window.start)), grain.key(window.end - _INSTANT)
    asked = Asked(dataset.name, tuple(symbols), first, last, None, until, refill)
    return make_plan(catalog, request_of(catalog, asked, now, declared=lambda one: discover([one], {})), now)


def _run(instance: Instance, catalog: Catalog, plan: Plan, is_shown: bool | None) -> Report:
    with RunProgress(plan, quiet=is_shown is False, in_lines=is_shown is True) as shown:
        return launch(instance, catalog, plan, shown)


@contextmanager
def _environment_restored() -> Iterator[None]:
    """Opening the instance sets DAGSTER_HOME, which is nobody's business after the run."""
    before = os.environ.get("DAGSTER_HOME")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("DAGSTER_HOME", None)
        else:
            os.environ["DAGSTER_HOME"] = before


def _until(options: LoadOptions) -> Zone | None:
    """The last zone that is needed."""
    wants_more = options.get("features") or options.get("labels") or options.get("zone", "merged") != "merged"
    return None if wants_more else Zone.MERGED


def _troubles(report: Report) -> list[str]:
    """Which partitions failed or were held back first, and why."""
    first: dict[tuple[str, str], str] = {}
    for step, outcome in report.outcomes:
        if not outcome.ok:
            place = (outcome.partition.symbol, outcome.partition.date)
            first.setdefault(
                place, f"{'/'.join(step.key)} {' '.join(place)} {outcome.state}: {outcome.verdict.summary()}"
            )
    return [*report.errors, *first.values()]


def _in_short(told: Sequence[str]) -> str:
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return "; ".join(told[:_TOLD]) + more
