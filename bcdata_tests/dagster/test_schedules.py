"""What the clock asks for: evaluated with a pinned present and an instance in memory."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Catalog, Dataset, load_catalog
from bcdata.dagster.partitions import partitions_of, symbol_set
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.schedules import LATE, MOST_PARTITIONS, build_schedules, refresh_dates, universe
from bcdata.store.state.attempts import Attempts
from bcdata.windows import Grain
from bcdata_tests.dagster.conftest import SMALL

SPOT = symbol_set("spot", Grain.MONTH)
NOW = datetime(2023, 7, 20, 9, 30, tzinfo=UTC)
instants = st.datetimes(datetime(2023, 1, 5), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance on disk: schedules open theirs by reference."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as stored:
        yield stored


@pytest.fixture(autouse=True)
def _present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())


def evaluate(
    catalog: Catalog, instance: dg.DagsterInstance, name: str, *, at: datetime = NOW, **resources: object
) -> tuple[list[dg.RunRequest], str | None]:
    """The runs that a tick asks for, or why it asks for none."""
    [schedule] = [one for one in build_schedules(catalog) if one.name == name]
    with dg.build_schedule_context(instance, scheduled_execution_time=at, resources=resources) as context:
        data = schedule.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message


def of(requests: Sequence[dg.RunRequest], dataset: str) -> list[dg.RunRequest]:
    """Those of a tick's runs that are about a dataset."""
    tags = ("bcdata/refresh", "bcdata/history")
    return [one for one in requests if any(dataset in one.tags.get(tag, "").split(",") for tag in tags)]


def covered(
    catalog: Catalog, dataset: Dataset, instance: dg.DagsterInstance, requests: Sequence[dg.RunRequest]
) -> list[str]:
    """The partition keys that Dagster makes of the requests' tags."""
    definition = partitions_of(catalog, dataset)
    return [
        key
        for request in requests
        for key in definition.get_partition_keys_in_range(
            dg.PartitionKeyRange(
                request.tags["dagster/asset_partition_range_start"], request.tags["dagster/asset_partition_range_end"]
            ),
            dynamic_partitions_store=instance,
        )
    ]


def test_the_daily_refresh_waits_for_symbols(small: Catalog, instance: dg.DagsterInstance) -> None:
    requests, skipped = evaluate(small, instance, "daily_spot_month")
    assert not requests
    assert skipped is not None
    assert "no symbols yet" in skipped


def test_the_daily_refresh_covers_the_open_partition_of_every_symbol(
    small: Catalog, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions(SPOT, ["CCCUSDT", "AAAUSDT", "BBBUSDT"])
    requests, _ = evaluate(small, instance, "daily_spot_month")
    [request] = of(requests, "spot_klines_1m")
    assert request.asset_selection is not None
    assert {key.path[-1] for key in request.asset_selection} == {"spot_klines_1m"}
    keys = covered(small, small["spot_klines_1m"], instance, [request])
    assert sorted(keys) == ["2023-07|AAAUSDT", "2023-07|BBBUSDT", "2023-07|CCCUSDT"]


def test_the_daily_refresh_leaves_other_datasets_symbols_alone(small: Catalog, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT", "CCCUSDT"])
    requests, _ = evaluate(small, instance, "daily_spot_month")
    keys = covered(small, small["spot_klines_1h"], instance, of(requests, "spot_klines_1h"))
    assert sorted(keys) == ["2023-07|AAAUSDT", "2023-07|CCCUSDT"]


def test_the_same_partitions_may_be_refreshed_at_the_next_tick(small: Catalog, instance: dg.DagsterInstance) -> None:
    """Run keys de-duplicate for ever: one without the tick's time would refresh a month once."""
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT", "CCCUSDT"])
    today, _ = evaluate(small, instance, "daily_spot_month")
    tomorrow, _ = evaluate(small, instance, "daily_spot_month", at=NOW + timedelta(days=1))
    keys = [request.run_key for request in (*today, *tomorrow)]
    assert len(keys) == 6
    assert len(set(keys)) == 6


def test_history_is_worked_off_until_nothing_is_left(small: Catalog, instance: dg.DagsterInstance, lake: Path) -> None:
    """Closed months only: the open one is the daily refresh's."""
    dataset = small["spot_klines_1m"]
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT"])
    attempts, seen = Attempts(lake), []
    for _ in range(20):
        requests, skipped = evaluate(small, instance, "history_spot_month", store=StoreResource())
        if skipped:
            break
        keys = covered(small, dataset, instance, of(requests, dataset.name))
        assert len(keys) <= MOST_PARTITIONS
        seen += keys
        tried = [f"tried/{dataset.name}/{symbol}/{date}" for date, symbol in (key.split("|") for key in keys)]
        hours = covered(small, small["spot_klines_1h"], instance, of(requests, "spot_klines_1h"))
        tried += [f"tried/spot_klines_1h/{symbol}/{date}" for date, symbol in (key.split("|") for key in hours)]
        attempts.note(tried, NOW, "merged")
    assert skipped is not None
    assert "spot_klines_1m: nothing is left to do" in skipped
    assert "spot_klines_1h: nothing is left to do" in skipped
    assert sorted(seen) == sorted(f"2023-0{m}|{s}USDT" for m in range(1, 7) for s in ("AAA", "BBB"))


def test_history_never_spans_a_symbol_that_is_not_the_datasets(
    small: Catalog, instance: dg.DagsterInstance, lake: Path
) -> None:
    """Dagster's range from AAA to CCC takes in BBB, which the hours do not have."""
    del lake
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT", "CCCUSDT"])
    requests, _ = evaluate(small, instance, "history_spot_month", store=StoreResource())
    keys = covered(small, small["spot_klines_1h"], instance, of(requests, "spot_klines_1h"))
    assert keys
    assert not [key for key in keys if "BBB" in key]


@pytest.mark.parametrize("job", ["materialize_spot_month", "materialize_spot_klines_1m"])
def test_history_waits_for_its_own_run(small: Catalog, instance: dg.DagsterInstance, lake: Path, job: str) -> None:
    """Also for one that the release before has launched."""
    del lake
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT"])
    run = dg.DagsterRun(
        job_name=job,
        run_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        status=dg.DagsterRunStatus.STARTED,
        tags={"bcdata/history": "spot_klines_1m"},
    )
    instance.add_run(run)
    requests, skipped = evaluate(small, instance, "history_spot_month", store=StoreResource())
    assert [one.tags["bcdata/history"] for one in requests] == ["spot_klines_1h"]
    assert skipped is None


def test_history_of_a_dataset_that_starts_later_is_nothing(
    small: Catalog, instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del lake
    monkeypatch.setenv("BCDATA_NOW", "2022-05-05")
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT"])
    requests, skipped = evaluate(small, instance, "history_spot_month", store=StoreResource())
    assert requests == []
    assert skipped is not None
    assert skipped.count("nothing is left to do") == 2


@given(instants, st.sampled_from(["spot_klines_1m", "um_klines_1d"]))
def test_refreshed_dates_reach_from_late_objects_to_now(now: datetime, name: str) -> None:
    dataset = _dataset(name)
    dates = refresh_dates(dataset, now)
    if dataset.grain.key(now) < dataset.start:
        assert dates == []
        return
    assert dates[-1] == dataset.grain.key(now)
    assert dates == dataset.grain.keys(dates[0], dates[-1])
    assert dates[0] >= dataset.start
    oldest = dataset.grain.window(dates[0])
    assert oldest.end > now - LATE - timedelta(days=1), "a partition that nothing can change any more"
    yesterday = dataset.grain.key(now - timedelta(days=1))
    assert yesterday < dataset.start or yesterday in dates, "yesterday's objects come today"


def _dataset(name: str) -> Dataset:
    return Dataset.model_validate(
        {
            "name": name,
            "grain": "day" if name.endswith("1d") else "month",
            "start": "2023-02-03" if name.endswith("1d") else "2023-02",
            "symbols": ["AAAUSDT"],
            "sources": ["binance_archive"],
        }
    )


def test_on_the_first_days_of_a_month_the_last_one_is_refreshed_too() -> None:
    dataset = _dataset("spot_klines_1m")
    assert refresh_dates(dataset, datetime(2023, 5, 2, tzinfo=UTC)) == ["2023-04", "2023-05"]
    assert refresh_dates(dataset, datetime(2023, 5, 6, tzinfo=UTC)) == ["2023-05"]


def test_the_universe_stands_in_dagsters_order(small: Catalog) -> None:
    known = ["CCCUSDT", "XXXUSDT", "AAAUSDT"]
    assert universe(small["spot_klines_1m"], known) == ["CCCUSDT", "AAAUSDT"]


def test_names_are_unique(packaged: Catalog) -> None:
    names = [one.name for one in build_schedules(packaged)]
    assert len(names) == len(set(names))


def test_a_dataset_that_the_catalog_leaves_out_is_left_alone(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(
        SMALL.replace("sources: [binance_archive, binance_rest]", "sources: [binance_rest], automation: []")
    )
    catalog = load_catalog(path)
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT", "CCCUSDT"])
    requests, _ = evaluate(catalog, instance, "daily_spot_month")
    assert {one.tags["bcdata/refresh"] for one in requests} == {"spot_klines_1h"}


def test_datasets_with_the_same_symbols_and_dates_are_refreshed_in_one_run(
    packaged: Catalog, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions(symbol_set("um", Grain.MONTH), ["BTCUSDT"])
    requests, _ = evaluate(packaged, instance, "daily_um_month")
    [request] = requests
    assert request.tags["bcdata/refresh"] == "um_klines_1m,um_klines_1h,um_funding"
    selected = [key.to_user_string() for key in request.asset_selection or ()]
    assert len(selected) == len(set(selected))
    assert {"merged/um_klines_1m", "merged/um_klines_1h", "merged/um_funding"} <= set(selected)
