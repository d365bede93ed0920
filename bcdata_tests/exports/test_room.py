"""An export that will not fit is refused before it writes anything; what is there already needs no room."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bcdata.errors import StoreError
from bcdata.exports.layouts.table import LAYOUTS
from bcdata.exports.room import written_of
from bcdata.exports.units import Selection, units_of
from bcdata_tests.exports.lake import START, ExportLake, run
from bcdata_tests.small_disk import fill

MINUTES, DAYS = "spot_klines_1m", 7


@pytest.fixture
def busy(lake: ExportLake) -> ExportLake:
    """One with a week of minutes whose prices are random."""
    dice = np.random.default_rng(7)
    for day in range(DAYS):
        closes = np.round(100 + dice.standard_normal(1440).cumsum() / 10, 2).tolist()
        lake.publish(MINUTES, closes=closes, start=START + timedelta(days=day))
    return lake


@pytest.mark.parametrize("form", LAYOUTS)
@pytest.mark.parametrize("asked", [{}, {"interval": "1h"}, {"end": START + timedelta(days=1, hours=12)}])
def test_what_it_will_take_is_told_beforehand(busy: ExportLake, form: str, asked: dict[str, object]) -> None:
    """Never more than it does: one that would fit must not be refused."""
    options = {"zone": "merged", "interval": asked.get("interval"), "fill": "none", **busy.where}
    units = units_of(Selection(MINUTES, (), options, LAYOUTS[form]), ["BTCUSDT"], None, asked.get("end"))  # type: ignore[arg-type]
    told = sum(written_of(LAYOUTS[form], one.read, 0) for one in units)
    written = sum(one.bytes for one in run(busy, form, "BTCUSDT", dataset=MINUTES, **asked))
    assert written / 10 < told <= written, (told, written)


@pytest.mark.parametrize("form", ["csv", "vectorbt", "nautilus"])
def test_what_does_not_fit_is_refused_with_both_figures_and_nothing_is_written(
    busy: ExportLake, small_disk: Path, form: str
) -> None:
    ballast = fill(small_disk, but=50_000)
    out = small_disk / "deep" / "out"
    with pytest.raises(StoreError) as raised:
        run(busy, form, "BTCUSDT", dataset=MINUTES, out=out)
    size = r"[\d.,]+ [kM]B"
    assert raised.match(
        rf"^the export takes about {size}, and {small_disk} has {size} free; make room, or choose[^\n]*$"
    )
    assert list(small_disk.iterdir()) == [ballast]
    ballast.unlink()
    assert {one.state for one in run(busy, form, "BTCUSDT", dataset=MINUTES, out=out)} == {"written"}


def test_what_is_there_needs_no_room(busy: ExportLake, small_disk: Path) -> None:
    busy.out = small_disk / "out"
    run(busy, "csv", "BTCUSDT", dataset=MINUTES)
    before = busy.files()
    fill(small_disk, but=20_000)
    assert {one.state for one in run(busy, "csv", "BTCUSDT", dataset=MINUTES)} == {"unchanged"}
    assert busy.files() == before
