"""What was made of other bars than are there now is rebuilt: exactly that, and nothing above it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from polars.testing import assert_frame_equal

from bcdata.catalog import load_catalog
from bcdata.dagster.assets.heal import healed_by
from bcdata.dagster.build import build_defs
from bcdata.healing.affected import affected
from bcdata.pipeline.zones import Zone
from bcdata_tests.dagster.healing import WITH_FEATURES, D, Ward, cells, warded
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, tree
from bcdata_tests.world import copied

DAYS = tuple(f"2025-01-0{day}" for day in range(1, 7))
SENSOR = "stale"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days of two symbols, whole and materialized."""
    folder = tmp_path_factory.mktemp("made")
    with warded(folder, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        for symbol in ("AAAUSDT", "BBBUSDT"):
            for day in DAYS:
                ward.mirror.put_day(symbol, day, made_day(day))
        assert ward.lake.materialize(D, "AAAUSDT,BBBUSDT", DAYS[0], DAYS[-1], refill=False).ok
    return folder


@pytest.fixture
def ward(made: Path, tmp_path: Path) -> Iterator[Ward]:
    for name in ("archive", "lake"):
        copied(made / name, tmp_path / name)
    with warded(tmp_path, now="2025-03-01", catalog=WITH_FEATURES) as ward:
        yield ward


def change(ward: Ward, symbol: str, day: str, *, price: int = 200) -> None:
    """Another version of a day, taken up to merged: somebody else's run, that did not go on to features."""
    ward.mirror.put_day(symbol, day, made_day(day, price=price))
    assert ward.lake.materialize(D, symbol, day, until=Zone.MERGED, refill=False).ok


def test_nothing_is_stale_after_a_run(ward: Ward) -> None:
    requests, skipped = ward.tick(SENSOR)
    assert requests == []
    assert skipped == f"{D}: 0 partitions of 3 symbols are out of date; none is due"


def test_just_the_features_that_a_change_reaches_are_made_anew(ward: Ward) -> None:
    change(ward, "BBBUSDT", DAYS[2])
    reached = affected(ward.lake.catalog, D, "BBBUSDT", DAYS[2])
    expected = {(one.symbol, one.date) for one in reached if one.step.zone is Zone.FEATURES}
    assert expected == {("BBBUSDT", day) for day in DAYS[2:5]}, "warm-up is a day and a bar"
    ward.exchange.clear()
    [request], _ = ward.tick(SENSOR)
    later = {("BBBUSDT", day) for day in DAYS[2:]}
    assert asked(request) == {f"features/{D}": expected, f"reports/{D}": later, f"seasonality/{D}": later}
    assert ward.execute(request).success
    assert ward.asked("/") == 0, "nothing is fetched for it"
    assert ward.tick(SENSOR)[0] == []


def test_another_feature_set_in_the_catalog_makes_features_and_reports_anew_and_nothing_else(ward: Ward) -> None:
    before = ward.lake.bars(D, "AAAUSDT", DAYS[2], "features")
    (ward.lake.root.parent / "catalog.yaml").write_text(WITH_FEATURES.replace("log_ret_60]", "log_ret_60, body]"))
    ward.lake = Lake(ward.lake.root, ward.lake.now, load_catalog(ward.lake.root.parent / "catalog.yaml"))
    ward.defs = build_defs(ward.lake.catalog)
    whole = {(symbol, day) for symbol in ("AAAUSDT", "BBBUSDT") for day in DAYS}
    [request], _ = ward.tick(SENSOR)
    assert asked(request) == {f"features/{D}": whole, f"reports/{D}": whole}
    assert ward.execute(request).success
    after = ward.lake.bars(D, "AAAUSDT", DAYS[2], "features")
    assert before is not None
    assert after is not None
    assert after.columns == [*before.columns, "body"]
    assert_frame_equal(after.drop("body"), before, check_exact=True)
    healed = tree(ward.lake.root)
    assert ward.tick(SENSOR) == ([], f"{D}: 0 partitions of 3 symbols are out of date; none is due")
    assert ward.lake.materialize(D, "AAAUSDT,BBBUSDT", DAYS[0], DAYS[-1], refill=False).ok
    assert tree(ward.lake.root) == healed


def test_another_set_is_asked_for_at_once_though_the_one_before_is_waiting(ward: Ward) -> None:
    """Back-off is for one cause; a set that is changed again is another one."""
    for select, runs in (("log_ret_1", 1), ("log_ret_1", 0), ("log_ret_60", 1)):
        (ward.lake.root.parent / "catalog.yaml").write_text(WITH_FEATURES.replace("log_ret_1, log_ret_60", select))
        ward.defs = build_defs(load_catalog(ward.lake.root.parent / "catalog.yaml"))
        assert len(ward.tick(SENSOR)[0]) == runs


def asked(request: dg.RunRequest) -> dict[str, set[tuple[str, str]]]:
    """The (symbol, date) that a request is about, by asset."""
    return {asset: set(some) for assets, some in healed_by(request.run_config) for asset in assets}


def test_it_ends_in_the_bytes_of_a_run_over_everything(ward: Ward) -> None:
    change(ward, "BBBUSDT", DAYS[2])
    ward.heal(SENSOR)
    healed = tree(ward.lake.root)
    assert ward.lake.materialize(D, "AAAUSDT,BBBUSDT", DAYS[0], DAYS[-1], refill=False).ok
    assert tree(ward.lake.root) == healed


def test_bars_that_are_gone_make_nothing_stale_that_cannot_be_made(ward: Ward) -> None:
    lake: Lake = ward.lake
    for zone in ("merged", "gaps"):
        (lake.root / zone / D / "symbol=AAAUSDT" / f"date={DAYS[0]}" / "part-0.parquet").unlink()
    found = {cell for request in ward.tick(SENSOR)[0] for cell in cells(request)}
    assert ("AAAUSDT", DAYS[0]) not in found
    assert ("AAAUSDT", DAYS[1]) in found, "its warm-up is gone"
