"""Overdue partitions are observed once, on the merged asset and on themselves, and listed by `bcdata status`."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bcdata.reporting.status import status
from bcdata.store.store import Store
from bcdata_tests.dagster.healing import D, Ward, warded
from bcdata_tests.mirror import made_day

SENSOR = "freshness"
MERGED = dg.AssetKey(["merged", D])


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """Two days of a symbol, refreshed at noon of the second: the archive has the first by then."""
    with warded(tmp_path, now="2025-02-02T12:00") as ward:
        ward.mirror.put_day("AAAUSDT", "2025-02-01", made_day("2025-02-01"))
        assert ward.lake.materialize(D, "AAAUSDT", "2025-02-01", "2025-02-02", refill=False).ok
        yield ward


def observe(ward: Ward) -> tuple[list[dg.AssetObservation], str | None]:
    """One tick: what it observes, and what it says."""
    sensor = ward.defs.get_repository_def().get_sensor_def(SENSOR)
    with dg.build_sensor_context(
        ward.instance, cursor=ward.cursors.get(SENSOR), resources={"store": ward.defs.resources["store"]}
    ) as context:
        data = sensor.evaluate_tick(context)
    ward.cursors[SENSOR] = data.cursor
    assert not data.run_requests, "it looks, and launches nothing"
    return [one for one in data.asset_events if isinstance(one, dg.AssetObservation)], data.skip_message


def test_nothing_is_overdue_while_it_is_not_due(ward: Ward) -> None:
    [whole], said = observe(ward)
    assert whole.metadata["overdue"].value == 0
    assert said == f"{D}: 0 partitions of 3 symbols are overdue"


def test_overdue_partitions_are_observed_once_until_something_changes(ward: Ward) -> None:
    ward.at("2025-02-05T12:00")
    observed, said = observe(ward)
    whole, *each = observed
    assert said == f"{D}: 2 partitions of 3 symbols are overdue"
    assert (whole.asset_key, whole.partition, whole.metadata["overdue"].value) == (MERGED, None, 2)
    found = {one.partition: (one.metadata["overdue_since"].value, one.metadata["reason"].value) for one in each}
    assert found == {
        "2025-02-02|AAAUSDT": ("2025-02-02T00:00:00+00:00", "should be published by now; not seen yet"),
        "2025-02-03|AAAUSDT": ("2025-02-03T00:00:00+00:00", "never materialized"),
    }
    assert observe(ward)[0] == []


def test_status_lists_them_and_a_refresh_ends_it(ward: Ward) -> None:
    ward.at("2025-02-05T12:00")
    [one] = status(Store(ward.lake.root), ward.lake.catalog, now=ward.lake.now)
    assert {late["date"] for late in one.stale} == {"2025-02-02", "2025-02-03"}
    for day in ("2025-02-02", "2025-02-03", "2025-02-04"):
        ward.mirror.put_day("AAAUSDT", day, made_day(day))
    assert ward.lake.materialize(D, "AAAUSDT", "2025-02-02", "2025-02-05", refill=False).ok
    [one] = status(Store(ward.lake.root), ward.lake.catalog, now=ward.lake.now)
    assert one.stale == []
    [whole], _ = observe(ward)
    assert whole.metadata["overdue"].value == 0
