"""Draws docs/pictures/lineage.svg: the assets of one dataset of perpetual bars, as the code names and joins them.

Run it from the project's root: python docs/pictures/lineage.py
"""

# ruff: noqa: INP001 (a script beside its picture)

from pathlib import Path
from xml.sax.saxutils import escape

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.pipeline.zones import Step, Zone, steps, upstream

DATASET = "um_klines_1m"
PICTURE = Path(__file__).with_suffix(".svg")

_WIDTH, _HEIGHT = 1170, 450
_BOX, _TALL = 172, 46
_COLUMNS = {Zone.RAW: 150, Zone.PARSED: 360, Zone.MERGED: 570, Zone.FEATURES: 780, Zone.REPORTS: 990}
_ROWS = {"binance_archive": 0, "binance_rest": 1, None: 0.5}
_TOP, _STEP, _FUNDING = 70, 86, 190
_STYLE = """
  svg { font-family: ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
  .paper { fill: #ffffff; } .box { fill: #eef4fb; stroke: #3b6ea5; } .side { fill: none; stroke: #9a6700; }
  .quarantine { fill: none; stroke: #b3382c; } text { fill: #1f2328; font-size: 13px; }
  .small { font-size: 11px; fill: #59636e; } .zone { font-size: 15px; font-weight: 600; }
  .edge { fill: none; stroke: #59636e; stroke-width: 1.4; } .head { fill: #59636e; } .dashed { stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .box { fill: #14233a; stroke: #6ea8e6; } .side { stroke: #d4a72c; }
    .quarantine { stroke: #f0776b; } text { fill: #e6edf3; } .small { fill: #9aa4af; }
    .edge { stroke: #9aa4af; } .head { fill: #9aa4af; }
  }
"""


def place(step: Step) -> tuple[int, int]:
    """The upper left corner of an asset's box: zones are columns, providers rows, funding stands below."""
    below = 0 if step.dataset == DATASET else _FUNDING
    return _COLUMNS[step.zone], int(_TOP + below + _ROWS[step.provider] * _STEP)


def draw() -> str:
    """The picture."""
    catalog = load_catalog(PACKAGED)
    dataset = catalog[DATASET]
    funding = catalog.joined(dataset)
    assert funding is not None  # noqa: S101 (the packaged catalog has one)
    joined = [(step, one) for one in (dataset, funding) for step in steps(one) if step.zone in _COLUMNS]
    parts = [
        _edge(place(before), place(step)) for step, one in joined for before in upstream(step, one, catalog.joined(one))
    ]
    parts += [_box(place(step), step.provider or step.zone.value, step.dataset) for step, _ in joined]
    parts += [*_sides(), *_beside("resampled", " ".join(one.suffix for one in dataset.resample), 0)]
    parts += _beside("seasonality", "volatility by time of day", 1)
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">
<title>The lineage of {DATASET}: raw, parsed, merged, features</title>
<style>{_STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>
<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>
{body}
</svg>
"""


def _box(at: tuple[int, int], first: str, second: str) -> str:
    x, y = at
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{_BOX}" height="{_TALL}" rx="6"/>'
        + _text(x + _BOX // 2, y + 20, first)
        + _text(x + _BOX // 2, y + 36, second, "small")
    )


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def _edge(before: tuple[int, int], after: tuple[int, int]) -> str:
    """An arrow from box to box: to the right, back to the left (REST asks after what parsed lacks), or up."""
    (x, y), (to_x, to_y) = before, after
    if x < to_x:
        start, end = (x + _BOX, y + _TALL // 2), (to_x, to_y + _TALL // 2)
        bend = (start[0] + end[0]) // 2
        path = f"M{start[0]},{start[1]} C{bend},{start[1]} {bend},{end[1]} {end[0]},{end[1]}"
    elif x > to_x:
        start, end = (x + _BOX // 2, y + _TALL), (to_x + _BOX // 2, to_y)
        bend = (start[1] + end[1]) // 2
        path = f"M{start[0]},{start[1]} C{start[0]},{bend} {end[0]},{bend} {end[0]},{end[1]}"
    else:
        path = f"M{x + _BOX // 2},{y} L{to_x + _BOX // 2},{to_y + _TALL}"
    return f'<path class="edge" d="{path}" marker-end="url(#head)"/>'


def _sides() -> list[str]:
    """Headings, where the bytes come from, and the two by-products: the ledger and the quarantine."""
    zones = [_text(x + _BOX // 2, 36, zone.value, "zone") for zone, x in _COLUMNS.items()]
    zones += [
        _text(_COLUMNS[Zone.RAW] + _BOX // 2, 53, "bytes as sent", "small"),
        _text(_COLUMNS[Zone.PARSED] + _BOX // 2, 53, "one frame per source", "small"),
        _text(_COLUMNS[Zone.MERGED] + _BOX // 2, 53, "one truth per bar", "small"),
        _text(_COLUMNS[Zone.FEATURES] + _BOX // 2, 53, "one wide table", "small"),
        _text(_COLUMNS[Zone.REPORTS] + _BOX // 2, 53, "what features look like", "small"),
    ]
    sources = []
    for top in (_TOP, _TOP + _FUNDING):
        for row, words in ((0, "archive"), (1, "REST")):
            y = top + row * _STEP + _TALL // 2
            sources.append(_text(16, y + 4, words, "", "start"))
            sources.append(f'<path class="edge" d="M84,{y} L{_COLUMNS[Zone.RAW]},{y}" marker-end="url(#head)"/>')
        asked = top + (_STEP + _TALL) // 2
        sources.append(_text(_COLUMNS[Zone.PARSED] + 76, asked + 5, "what is missing?", "small", "start"))
    x, y = _COLUMNS[Zone.FEATURES], _TOP + _STEP + 30
    out = f"M{_COLUMNS[Zone.MERGED] + _BOX},{_TOP + _STEP // 2 + _TALL // 2 + 8}"
    bend = f"C{x - 12},{_TOP + _STEP} {x - 20},{y + 10} {x},{y + _TALL // 2}"
    ledger = [
        f'<rect class="side dashed" x="{x}" y="{y}" width="{_BOX}" height="{_TALL}" rx="6"/>',
        _text(x + _BOX // 2, y + 20, "gap ledger"),
        _text(x + _BOX // 2, y + 36, "why each bar is missing", "small"),
        f'<path class="edge dashed" d="{out} {bend}" marker-end="url(#head)"/>',
    ]
    left, low = _COLUMNS[Zone.PARSED], _TOP + _FUNDING + _STEP + _TALL + 18
    wide = _COLUMNS[Zone.REPORTS] + _BOX - left
    words = "quarantine: what did not pass the audit, with the reason; none of it reaches the next zone"
    quarantine = [
        f'<rect class="quarantine dashed" x="{left}" y="{low}" width="{wide}" height="26" rx="6"/>',
        _text(left + wide // 2, low + 17, words, "small"),
    ]
    return [*zones, *sources, *ledger, *quarantine]


def _beside(zone: str, words: str, row: int) -> list[str]:
    """What else is made of merged bars, below the features: coarser bars, one asset each, are one box."""
    x, y = _COLUMNS[Zone.FEATURES], _TOP + _STEP + 94 + row * (_TALL + 18)
    left = _COLUMNS[Zone.MERGED] + _BOX
    start = _TOP + _STEP // 2 + _TALL // 2 + 16
    path = f"M{left},{start} C{x - 16},{start + 40} {x - 30},{y + 16} {x},{y + _TALL // 2}"
    return [
        _box((x, y), zone, words),
        f'<path class="edge" d="{path}" marker-end="url(#head)"/>',
    ]


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
