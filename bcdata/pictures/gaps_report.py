"""The gap report: one HTML page without scripts or anything from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bcdata.pictures.palette import STATUSES

_STYLE = """
body { font: 14px/1.5 ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; margin: 2rem; color: #1f2328;
  background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } .soft { color: #59636e; }
table { border-collapse: collapse; } th, td { padding: .25rem .7rem; border-bottom: 1px solid #d1d9e0; text-align: left;
  vertical-align: top; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.dot { display: inline-block; width: .8em; height: .8em; margin-right: .5em; border: 1px solid #8c959f; }
figure { margin: 1rem 0; overflow-x: auto; }
"""

Row = Mapping[str, Any]


def gaps_page(title: str, sections: Sequence[str]) -> str:
    """The page: a heading and its sections, each already HTML."""
    body = "\n".join(sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def dataset_section(name: str, picture: str, totals: Mapping[str, int], largest: Sequence[Row], *, runs: int) -> str:
    """One dataset: what is missing by reason, the heat map, and its largest gaps.

    Args:
        name: the dataset.
        picture: an SVG made by `pictures.heatmap`.
        totals: missing bars by status.
        largest: the ledger's rows to show, largest first; text in them is escaped here.
        runs: how many there are in all.
    """
    counts = "".join(
        f'<tr><td><span class="dot" style="background:{look.colour}"></span>{escape(look.words)}</td>'
        f'<td class="number">{totals[status]:,}</td></tr>'
        for status, look in STATUSES.items()
        if totals.get(status)
    )
    left = f", the {len(largest)} longest" if runs > len(largest) else ""
    return (
        f"<h2>{escape(name)}</h2>\n<figure>{picture}</figure>\n"
        f"<table><tr><th>missing bars</th><th>number</th></tr>{counts}</table>\n"
        f'<h2>Runs of missing bars <span class="soft">({runs:,}{left})</span></h2>\n{_table(largest)}'
    )


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return '<p class="soft">None.</p>'
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(_cell(value) for value in row.values()) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape('' if value is None else str(value))}</td>"
