"""Metrics in Dagster: three assets, sensors that pick a day up again when its last row comes, checks with findings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.catalog import Automation
from bcdata.dagster.checks import FINDINGS
from bcdata.dagster.schedules import refresh_dates
from bcdata_tests.dagster.healing import Ward, assets, cells, warded
from bcdata_tests.pipeline.metric_files import catalog, lines, put
from bcdata_tests.run import utc

DATASET, SYMBOL, DAYS = "um_metrics", "BTCUSDT", ("2024-03-01", "2024-03-02")
CELL = (SYMBOL, DAYS[0])
LAST = [(utc("2024-03-01T23:55"), 1, "not_published")]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """A day that was made before the file of the day after it was there."""
    with warded(tmp_path, now="2024-03-02T09:00", catalog=catalog("um", start=DAYS[0])) as ward:
        put(ward.mirror, "um", DAYS[0])
        assert ward.lake.materialize(DATASET, SYMBOL, DAYS[0]).troubles == []
        assert ledger(ward) == LAST
        yield ward


def ledger(ward: Ward) -> list[tuple[object, ...]]:
    return ward.lake.ledger(DATASET, SYMBOL, DAYS[0]).select("start", "bars", "status").rows()


def test_the_graph_and_who_sees_to_it(ward: Ward) -> None:
    keys = {key.to_user_string() for key in ward.defs.resolve_asset_graph().get_all_asset_keys()}
    own = {"raw/binance_archive/um_metrics", "parsed/binance_archive/um_metrics", "merged/um_metrics"}
    assert {key for key in keys if key.endswith(DATASET)} == own
    [dataset] = ward.lake.catalog
    misfits = {kind for kind in Automation if not dataset.takes_part(kind)}
    assert DAYS[0] in refresh_dates(dataset, utc("2024-03-03T09:30")), "the file of the day after came at eight"
    assert misfits == {Automation.STALE, Automation.MONTHLY, Automation.FIND_HALTS}


def test_a_day_is_asked_for_again_once_its_last_row_is_due(ward: Ward) -> None:
    ward.at("2024-03-03T13:00")  # its own file is due, that of the day after is not
    _, skipped = ward.tick("refill")
    assert skipped == f"{DATASET}: 0 partitions of 1 symbols lack metrics; 0 are due, 0 given up"
    put(ward.mirror, "um", DAYS[1], [lines("um", DAYS[1])[0], *lines("um", DAYS[1])])
    ward.at("2024-03-04T13:00")
    [request], _ = ward.tick("refill")
    assert cells(request) == [CELL]
    result = ward.execute(request)
    assert result.success
    assert ledger(ward) == []
    # The day after has its first row twice: it is this day's last one, and a check says so.
    found = {one.asset_key.to_user_string(): one for one in result.get_asset_check_evaluations()
             if one.check_name == FINDINGS}  # fmt: skip
    parsed = found["parsed/binance_archive/um_metrics"]
    assert not parsed.passed
    assert "duplicate" in str(parsed.metadata)


def test_a_day_is_made_again_when_the_file_of_the_day_after_comes(ward: Ward) -> None:
    ward.at("2024-03-02T15:00")
    assert ward.tick("republished")[0] == []
    ward.at("2024-03-03T09:00")
    put(ward.mirror, "um", DAYS[1])
    [request], _ = ward.tick("republished")
    assert cells(request) == [CELL]
    assert set(assets(request)) >= {"merged/um_metrics"}
    assert ward.execute(request).success
    assert ledger(ward) == []
    assert ward.tick("republished")[0] == []


def test_a_day_that_nobody_made_is_overdue(ward: Ward) -> None:
    ward.at("2024-03-03T13:00")
    said = ward.tick("freshness")[1] or ""
    assert "um_metrics" in said
    ward.at("2024-03-04T13:00")
    told = ward.tick("freshness")[1] or ""
    assert said != told
