"""The curve over a day: drawn where there are values, broken where there are none, with the heading escaped."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from bcdata.pictures.day_curve import BUCKETS, day_curve

SVG = "{http://www.w3.org/2000/svg}"


def lines(drawn: str) -> list[list[tuple[float, float]]]:
    """The points of every stretch of the median."""
    found = [one.attrib["points"].split() for one in ET.fromstring(drawn).iter(f"{SVG}polyline")]  # noqa: S314 - ours
    return [[(float(x), float(y)) for x, y in (point.split(",") for point in some)] for some in found]


def test_the_median_of_the_days_runs_from_midnight_to_midnight() -> None:
    days = [[factor * (2.0 if bucket == 56 else 1.0) for bucket in range(BUCKETS)] for factor in (0.5, 1.0, 1.2)]
    [line] = lines(day_curve(days, title="AUSDT"))
    assert len(line) == BUCKETS
    assert all(after[0] - before[0] == pytest.approx(5.0) for before, after in pairwise(line))
    heights = [y for _, y in line]
    assert min(heights) == heights[56], "the busiest quarter is the highest point"
    drawn = ET.fromstring(day_curve(days, title=""))  # noqa: S314 - ours
    dashed = [one for one in drawn.iter(f"{SVG}line") if "stroke-dasharray" in one.attrib]
    assert float(dashed[0].attrib["y1"]) == pytest.approx(heights[0], abs=0.1), "the median of the others is 1"


def test_it_breaks_where_there_is_no_value() -> None:
    day = [None if bucket in {0, 40, 41} else 1.0 for bucket in range(BUCKETS)]
    assert [len(line) for line in lines(day_curve([day, [None] * BUCKETS], title=""))] == [39, 54]
    assert lines(day_curve([[None] * BUCKETS], title="")) == []


def test_the_heading_is_escaped_and_the_picture_small() -> None:
    drawn = day_curve([[0.1] * BUCKETS], title="<script>&")
    assert "<script>" not in drawn
    assert "&lt;script&gt;&amp;" in drawn
    assert len(drawn) < 5000
    assert drawn == day_curve([[0.1] * BUCKETS], title="<script>&")
