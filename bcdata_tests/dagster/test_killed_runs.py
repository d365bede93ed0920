"""Runs that were killed: they are no tries, and no sensor waits for what will not come."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import dagster as dg
import pytest

from bcdata.dagster.sensors import active_runs
from bcdata.dagster.sensors.active_runs import DATASET_TAG, KIND_TAG
from bcdata.healing.backoff import MOST_TRIES
from bcdata.store.state.requests import Requests
from bcdata_tests.dagster.healing import HEAL, D, Ward, cells, warded
from bcdata_tests.mirror import made_day

DAY = "2025-01-02"
HOLED = ("BBBUSDT", DAY)
SENSOR = "refill"


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """A day that was materialized without REST and lacks an hour in the archive."""
    with warded(tmp_path, now="2025-03-01") as ward:
        rows = made_day(DAY)
        ward.truth.put_day("BBBUSDT", DAY, rows)
        ward.mirror.put_day("BBBUSDT", DAY, [*rows[:600], *rows[660:]])
        assert ward.lake.materialize(D, "BBBUSDT", DAY, DAY, refill=False).ok
        yield ward


@pytest.mark.slow
def test_kills_are_no_tries(ward: Ward) -> None:
    """What kills runs says nothing of the hole: it is asked for as long as it is there, and no retry waits for ever."""
    for number in range(MOST_TRIES + 2):
        [request], _ = ward.tick(SENSOR)
        assert cells(request) == [HOLED]
        run = dg.DagsterRun(
            job_name=HEAL,
            run_id=f"1b4e28ba-2fa1-11d2-883f-0016d3cca4{number:02}",
            status=dg.DagsterRunStatus.STARTED,
            run_config=request.run_config,
            tags=dict(request.tags),
        )
        ward.instance.add_run(run)
        lock = ward.lake.root / ".state" / "runs" / run.run_id
        lock.parent.mkdir(exist_ok=True)
        lock.touch()  # as its process left it
        assert ward.tick(SENSOR)[0] == [], "told of, and it waits for the first pause"
        assert Requests(ward.lake.root).of("refill", D)[HOLED].tries == 0
        ward.at(ward.lake.now + timedelta(hours=1))
    assert ward.heal(SENSOR) == {HOLED}


@pytest.mark.parametrize(("minutes", "waits"), [(1, True), (6, False)])
def test_a_retry_that_does_not_come_holds_up_for_minutes(ward: Ward, minutes: int, waits: bool) -> None:
    run = dg.DagsterRun(
        job_name=HEAL,
        run_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        status=dg.DagsterRunStatus.STARTED,
        tags={KIND_TAG: "refill", DATASET_TAG: D, "dagster/will_retry": "true"},
    )
    ward.instance.add_run(run)
    ward.instance.report_run_failed(run)
    ward.instance.add_run_tags(run.run_id, {"dagster/will_retry": "true"})
    ward.patch.setattr(active_runs, "datetime", _Later(timedelta(minutes=minutes)))
    assert (ward.tick(SENSOR)[0] == []) is waits


class _Later:
    """The real clock, by so much later."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self._by
