"""What people type, as a request: names without their marks, dates of any length, and what is not said at all. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Zone
from bcdata.runs.plan import MaterializeRequest
from bcdata.venues.symbols import complaint
from bcdata.windows import Grain

_SPAN = re.compile(r"([1-9]\d{0,4})([hdwmy])", re.ASCII)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a command. None is what was not said.

    Attributes:
        dataset: its name; the only one of the catalog if not said.
        symbols: as typed: `btcusdt` and `BTC/USDT` are BTCUSDT; those that the catalog declares if not said.
        first: a year, a month or a day, included; the dataset's start if not said.
        last: the same; now if not said.
        span: a time back from now: `36h`, `30d`, `4w`, `6m` (of 30 days), `2y`; instead of `first` and `last`.
        until: the last zone; all if None.
        refill: whether REST is asked for what the archive lacks.
    """

    dataset: str | None = None
    symbols: tuple[str, ...] | None = None
    first: str | None = None
    last: str | None = None
    span: str | None = None
    until: Zone | None = None
    refill: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to the catalog and to the clock."""
        return None not in {self.dataset, self.symbols, self.first, self.last}


def request_of(
    catalog: Catalog, asked: Asked, now: datetime, *, declared: Callable[[Dataset], Sequence[str]]
) -> MaterializeRequest:
    """The request that is meant.

    Args:
        catalog: the one in force.
        asked: what was typed.
        now: the present instant, UTC.
        declared: the symbols that a dataset has in the catalog; of a universe, whoever knows what is listed.

    Raises:
        UsageError: all that cannot be meant, in one text.
    """
    dataset = _dataset(catalog, asked.dataset)
    problems: list[str] = []
    first, last = dataset.start, dataset.grain.key(now)
    try:
        first, last = _range(dataset, asked, now)
    except UsageError as error:
        problems.append(str(error))
    symbols: tuple[str, ...] = ()
    if asked.symbols is not None:
        market = dataset.parsed.market
        symbols = tuple(market.as_written(one) for one in asked.symbols)
        strange = [one for one in symbols if complaint(one) or not market.writes(one)]
        if strange:
            words = f"the {market.name} market has no symbols like {', '.join(strange)}"
            problems.append(f"{words}; they look like {market.reference}")
        if not symbols:
            problems.append("no symbols were named; write --symbols BTCUSDT,ETHUSDT")
    if problems:
        raise UsageError("; and ".join(problems))
    if asked.symbols is None:
        symbols = tuple(declared(dataset))
    return MaterializeRequest(dataset.name, symbols, first, last, asked.until, asked.refill)


def _dataset(catalog: Catalog, name: str | None) -> Dataset:
    if name is not None:
        return catalog[name]
    if len(catalog.datasets) == 1:
        return catalog.datasets[0]
    raise UsageError(f"no dataset was named; the catalog has {', '.join(one.name for one in catalog)}")


def _range(dataset: Dataset, asked: Asked, now: datetime) -> tuple[str, str]:
    grain, present = dataset.grain, dataset.grain.key(now)
    if asked.span is not None:
        if asked.first or asked.last:
            raise UsageError("--last is a time back from now; leave --from and --to out")
        return max(dataset.start, grain.key(_back(asked.span, now))), present
    first, last = _ends(grain, asked, dataset.start, present)
    if asked.first is not None and _is_coarser(grain, asked.first):
        first = max(first, dataset.start) if last >= dataset.start else first
    if asked.last is not None and _is_coarser(grain, asked.last):
        last = min(last, present) if first <= present else last
    grain.keys(first, last)
    return first, last


def _ends(grain: Grain, asked: Asked, start: str, present: str) -> tuple[str, str]:
    """The first and the last date key; what is wrong with either is said of both."""
    found, problems = {False: start, True: present}, []
    for is_last, text in ((False, asked.first), (True, asked.last)):
        if text is not None:
            try:
                found[is_last] = grain.key_in(text, is_last=is_last)
            except UsageError as error:
                problems.append(str(error))
    if problems:
        raise UsageError("; and ".join(dict.fromkeys(problems)))
    return found[False], found[True]


def _back(span: str, now: datetime) -> datetime:
    found = _SPAN.fullmatch(span.strip().lower())
    if not found:
        raise UsageError(f"--last {span}: write a number and h, d, w, m or y, such as 36h, 30d, 4w, 6m, 2y")
    number, unit = int(found[1]), found[2]
    try:
        return now - (timedelta(hours=number) if unit == "h" else timedelta(days=number * _DAYS[unit]))
    except OverflowError:
        raise UsageError(f"--last {span}: that is before the year 1") from None


def _is_coarser(grain: Grain, text: str) -> bool:
    return len(text) < len("2023-01" if grain is Grain.MONTH else "2023-01-05")
