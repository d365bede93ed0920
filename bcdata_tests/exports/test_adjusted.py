"""Exports of stocks as they look after splits and payments."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bcdata.errors import UsageError
from bcdata.exports.files import Exported, export
from bcdata_tests.api.test_adjusted import NOW, World, cash, split


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("BCDATA_NOW", NOW)
    found = World(tmp_path)
    found.tell(split(found.labels[22], 4.0), cash(found.labels[33], 1.0))
    return found


def written(world: World, out: Path, **options: Any) -> Exported:
    (one,) = export(
        "us_equity_klines_1d", "AAPL", None, None, out=out, root=world.root, catalog=world.catalog, **options
    )
    return one


@pytest.mark.parametrize("options", [{}, {"interval": "1w"}, {"adjusted_as_of": "2024-04-10"}])
@pytest.mark.parametrize("adjusted", ["splits", "all"])
def test_files_have_what_load_gives(world: World, tmp_path: Path, adjusted: str, options: dict[str, str]) -> None:
    found = written(world, tmp_path / "out", adjusted=adjusted, **options)
    expected = world.load(adjusted=adjusted, **options)
    assert not expected["close"].equals(world.load(interval=options.get("interval"))["close"])
    assert pl.read_parquet(found.path or "")["close"].equals(expected["close"])
    assert written(world, tmp_path / "out", adjusted=adjusted, **options).state == "unchanged"


@pytest.mark.parametrize("form", ["csv", "backtesting", "vectorbt"])
def test_what_is_learnt_of_actions_changes_files_of_now_alone(world: World, tmp_path: Path, form: str) -> None:
    now, then = tmp_path / "now", tmp_path / "then"
    written(world, now, form=form, adjusted="splits")
    written(world, then, form=form, adjusted="splits", adjusted_as_of="2024-05-01")
    world.tell(split(world.labels[22], 4.0), cash(world.labels[33], 1.0), split(world.labels[55], 2.0))
    assert written(world, now, form=form, adjusted="splits").state == "written"
    assert written(world, then, form=form, adjusted="splits", adjusted_as_of="2024-05-01").state == "unchanged"


def test_one_view_does_not_take_the_place_of_another(world: World, tmp_path: Path) -> None:
    written(world, tmp_path / "out")
    with pytest.raises(UsageError, match="is there already with other content"):
        written(world, tmp_path / "out", adjusted="splits")
    with pytest.raises(UsageError, match="write adjusted='splits' or 'all' with it"):
        written(world, tmp_path / "other", adjusted_as_of="2024-05-01")
