"""The table of frame types, and that nothing else asks which type a dataset is of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bcdata
from bcdata.catalog import parse_name
from bcdata.catalog.around.markets import BUILT_IN
from bcdata.frames.schema import merged_schema
from bcdata.frames.types import FRAME_TYPES, FrameType
from bcdata.pipeline.zones import Zone
from bcdata.providers.registry import MARKETS

TYPES = pytest.mark.parametrize("one", FRAME_TYPES.values(), ids=FRAME_TYPES)
PARSED = {key: one for key, one in FRAME_TYPES.items() if one.has_parser}
OTHERS = {key: one for key, one in FRAME_TYPES.items() if not one.has_parser}
PARSERS = "providers/"
"""Where a type's key is a word in names that are taken apart and put together."""


@TYPES
def test_every_type_names_datasets_of_some_market(one: FrameType) -> None:
    declared = tuple(market.market(name) for name, market in BUILT_IN.items())
    markets = [market for market in (*MARKETS.values(), *declared) if one.key in market.kinds]
    assert markets
    for market in markets:
        name = f"{market.name}_{one.key}" + (f"_{market.intervals[0]}" if one.has_interval else "")
        assert parse_name(name, declared).frame_type is one


@pytest.mark.parametrize("one", PARSED.values(), ids=PARSED)
def test_its_time_comes_first_and_its_zones_come_after_merged(one: FrameType) -> None:
    assert one.rows is not None
    for funding in (False, True):
        assert merged_schema(one.rows, funding=funding).names()[0] == one.time
    zones = list(Zone)
    assert {*one.derived} <= {*zones[zones.index(Zone.MERGED) + 1 :]}
    assert one.joins is None or one.joins in FRAME_TYPES


@pytest.mark.parametrize("one", OTHERS.values(), ids=OTHERS)
def test_of_a_type_without_a_parser_nothing_is_expected_or_derived(one: FrameType) -> None:
    assert (one.rows, one.time, one.is_regular, one.derived, one.joins) == (None, "", False, frozenset(), None)


def asked(tree: ast.AST) -> Iterator[int]:
    """The lines that compare the type of a dataset, or what its rows are, with a word of the table."""
    rows = {one.rows for one in PARSED.values()}
    words = {"kind": {*FRAME_TYPES}, "frame_type": {*FRAME_TYPES, *rows}, "rows": rows}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [one for side in (node.left, *node.comparators) for one in ast.walk(side)]
            names = {getattr(one, "attr", getattr(one, "id", "")) for one in parts}
            texts = {one.value for one in parts if isinstance(one, ast.Constant)}
            if any(name in names and texts & known for name, known in words.items()):
                yield node.lineno


def test_nothing_else_asks_which_type_a_dataset_is_of() -> None:
    root = Path(bcdata.__file__).parent
    files = {str(path.relative_to(root)): path for path in root.rglob("*.py")}
    found = {
        f"{name}:{line}"
        for name, path in files.items()
        if not name.startswith((PARSERS, "simulate/"))
        for line in asked(ast.parse(path.read_text()))
    }
    assert found == set()


def test_one_that_asks_would_be_found() -> None:
    assert [*asked(ast.parse('if dataset.kind in {"klines"}:\n    pass\nfound = rows == "settlements"\n'))] == [1, 3]
