"""The heat map says what its cells say, safely and always alike."""

import xml.etree.ElementTree as ET
from typing import Any

from bcdata.ledger.ledger import Status
from bcdata.pictures.heatmap import heat_map
from bcdata.pictures.palette import COMPLETE, STATUSES

SVG = "{http://www.w3.org/2000/svg}"


def cell(symbol: str, date: str, **missing: int) -> dict[str, Any]:
    lacking = sum(bars for status, bars in missing.items() if status != "refilled")
    counts = {status.value: missing.get(status.value, 0) for status in Status}
    return {"symbol": symbol, "date": date, "expected": 1000, "present": 1000 - lacking, **counts}


def drawn(svg: str) -> list[ET.Element]:
    """The cells: rectangles that have a tooltip."""
    return [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]  # noqa: S314


def tooltip(rectangle: ET.Element) -> str:
    return rectangle.findtext(f"{SVG}title") or ""


def test_every_status_has_a_look() -> None:
    assert set(STATUSES) == set(Status)
    assert len({look.colour for look in (COMPLETE, *STATUSES.values())}) == len(Status) + 1


def test_a_cell_takes_the_colour_of_what_asks_for_most_attention() -> None:
    (one,) = drawn(heat_map([cell("BTCUSDT", "2023-01", upstream=80, open=1)], title=""))
    assert one.get("fill") == STATUSES["open"].colour
    assert tooltip(one) == "BTCUSDT 2023-01: 919 of 1,000 bars; 1 open, 80 upstream"


def test_neighbours_that_read_the_same_are_one_rectangle_and_others_are_not() -> None:
    months = ["2023-01", "2023-02", "2023-03", "2023-04"]
    cells = [cell("A", date, upstream=5 if date == "2023-03" else 0) for date in months]
    assert [tooltip(one) for one in drawn(heat_map(cells, title=""))] == [
        "A 2023-01 .. 2023-02, each: all 1,000 bars",
        "A 2023-03: 995 of 1,000 bars; 5 upstream",
        "A 2023-04: all 1,000 bars",
    ]


def test_a_date_that_a_symbol_does_not_have_stays_white() -> None:
    cells = [cell("A", "2023-01"), cell("A", "2023-03"), cell("B", "2023-02")]
    columns = [(tooltip(one).split(" ")[0], one.get("x")) for one in drawn(heat_map(cells, title=""))]
    assert len(set(columns)) == 3


def test_what_is_nearly_whole_is_not_called_whole() -> None:
    text = heat_map([{**cell("A", "2023-01", open=1), "expected": 10**6, "present": 10**6 - 1}], title="")
    assert "99.99 %" in text
    assert "100 %" not in text


def test_names_from_outside_stay_text() -> None:
    svg = heat_map([cell('<script>"&', "2023-01")], title="</svg><script>")
    ET.fromstring(svg)  # noqa: S314
    assert "<script" not in svg


def test_nothing_and_five_hundred_symbols_are_drawn_too() -> None:
    assert drawn(heat_map([], title="empty")) == []
    cells = [cell(f"S{n:03d}", f"20{year}-01", open=n % 3) for n in range(500) for year in range(17, 23)]
    svg = heat_map(cells, title="many")
    assert len(drawn(svg)) == 500
    assert svg == heat_map(cells, title="many")
