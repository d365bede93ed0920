"""The pages of a report: templates filled with values. Whatever stands in a value is text, never markup."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bcdata.pictures.candles import candles
from bcdata.pictures.palette import STATUSES
from bcdata.reporting.scores import COLUMNS
from bcdata.site.values import Chart, DatasetEntry, Report, SymbolEntry
from bcdata.sizes import size

STYLE, SCRIPT = "site.css", "site.js"
_PLAIN = re.compile("[^A-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the site: its path below the folder, and its text."""

    path: str
    text: str


def slug(name: str) -> str:
    """A name as a file name on any system, another for each: `BTCUSDT`, `1000~70epe~...`; never a path."""
    return _PLAIN.sub(lambda found: f"~{ord(found.group()):x}.", name)


def front(report: Report) -> Iterator[Page]:
    """The pages about the whole: the front, the datasets with their maps, and what all pages use."""
    yield Page("index.html", _fill("index.html", report=report, to=""))
    for one in report.datasets:
        yield Page(f"datasets/{one.name}.html", _fill("dataset.html", report=report, dataset=one, to="../"))
        if one.heat_map:
            yield Page(f"datasets/{one.name}.svg", one.heat_map)
    for name in (STYLE, SCRIPT):
        yield Page(name, _TEMPLATES.get_template(name).render())


def symbol_page(report: Report, symbol: str, parts: Sequence[tuple[SymbolEntry, Chart | None]]) -> Page:
    """The page of a symbol: its datasets, each with its chart."""
    shown = [(entry, _picture(entry, chart), chart) for entry, chart in parts]
    text = _fill("symbol.html", report=report, symbol=symbol, parts=shown, to="../")
    return Page(f"symbols/{slug(symbol)}.html", text)


def _picture(entry: SymbolEntry, chart: Chart | None) -> Markup:
    if chart is None:
        return Markup("")
    title = f"{entry.symbol} in {entry.dataset}: {len(chart.bars)} bars of {chart.interval}"
    drawn = candles(chart.bars, chart.shades, length=timedelta(seconds=chart.seconds), title=title)
    return Markup(drawn)  # noqa: S704 # nosec B704 # made of numbers, and of words that were escaped


def _share(entry: SymbolEntry) -> str:
    return f"{entry.share:.2f} %" if entry.present < entry.expected else "100 %"


def _total(dataset: DatasetEntry) -> str:
    expected, present = (sum(getattr(one, name) for one in dataset.symbols) for name in ("expected", "present"))
    return f"{present:,} of {expected:,}"


def _fill(name: str, **values: object) -> str:
    return _TEMPLATES.get_template(name).render(**values)


_TEMPLATES = Environment(
    loader=PackageLoader("bcdata.site"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"slug": slug, "size": size, "share": _share, "total": _total, "grouped": lambda n: f"{n:,}"}
_TEMPLATES.globals |= {"reasons": STATUSES, "columns": COLUMNS}
