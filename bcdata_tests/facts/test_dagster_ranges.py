"""What a run over a range of partitions is in Dagster: keys, order, metadata."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._check import CheckError

from bcdata.dagster.partitions import SymbolDates

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
MONTHS = dg.TimeWindowPartitionsDefinition(start="2024-01", fmt="%Y-%m", cron_schedule="0 0 1 * *", end="2024-07")
SYMBOLS = dg.DynamicPartitionsDefinition(name="symbols")
GRID = dg.MultiPartitionsDefinition({"symbol": SYMBOLS, "date": MONTHS})


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ["BTCUSDT", "ETHUSDT", "ADAUSDT"])
        yield instance


@dg.asset(partitions_def=GRID, backfill_policy=dg.BackfillPolicy.single_run())
def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    for key in context.partition_keys:
        context.add_asset_metadata({"key": key}, partition_key=key)
    return dg.MaterializeResult(metadata={"partitions": len(context.partition_keys)})


def run(instance: dg.DagsterInstance, start: str, end: str, *assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    return dg.materialize(list(assets or (bars,)), instance=instance, tags={START: start, END: end})


def materialized(instance: dg.DagsterInstance) -> set[str | None]:
    # A set: the events of a range run stand in no particular order, and in another one in each process.
    events = instance.fetch_materializations(bars.key, limit=100, ascending=True).records
    assert len({record.partition_key for record in events}) == len(events)
    return {record.partition_key for record in events}


def test_the_dimensions_of_a_key_stand_in_alphabetical_order(instance: dg.DagsterInstance) -> None:
    key = dg.MultiPartitionKey({"symbol": "BTCUSDT", "date": "2024-01"})
    assert str(key) == "2024-01|BTCUSDT"
    assert GRID.get_partition_keys(dynamic_partitions_store=instance)[0] == "2024-01|BTCUSDT"


def test_one_run_covers_a_rectangle(instance: dg.DagsterInstance) -> None:
    result = run(instance, "2024-02|BTCUSDT", "2024-03|ETHUSDT")
    assert result.success
    assert materialized(instance) == {
        "2024-02|BTCUSDT",
        "2024-02|ETHUSDT",
        "2024-03|BTCUSDT",
        "2024-03|ETHUSDT",
    }


def test_dynamic_keys_stand_in_the_order_of_their_adding(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("symbols", ["AAVEUSDT", "BTCUSDT"])
    assert list(instance.get_dynamic_partitions("symbols")) == ["BTCUSDT", "ETHUSDT", "ADAUSDT", "AAVEUSDT"]


def test_a_range_between_symbols_that_are_no_neighbours_takes_in_those_between(
    instance: dg.DagsterInstance,
) -> None:
    run(instance, "2024-01|BTCUSDT", "2024-01|ADAUSDT")
    assert materialized(instance) == {"2024-01|BTCUSDT", "2024-01|ETHUSDT", "2024-01|ADAUSDT"}


@pytest.mark.parametrize(
    ("start", "end"),
    [("2024-03|BTCUSDT", "2024-01|BTCUSDT"), ("2024-01|ADAUSDT", "2024-01|BTCUSDT")],
)
def test_a_reversed_range_runs_no_partition_and_succeeds(instance: dg.DagsterInstance, start: str, end: str) -> None:
    assert run(instance, start, end).success
    assert instance.get_materialized_partitions(bars.key) == set()
    assert materialized(instance) == {None}  # an event as if the asset had no partitions


def test_each_partition_has_metadata_of_its_own_beside_that_of_all(instance: dg.DagsterInstance) -> None:
    run(instance, "2024-01|BTCUSDT", "2024-02|BTCUSDT")
    records = instance.fetch_materializations(bars.key, limit=10).records
    for record in records:
        assert record.asset_materialization is not None
        metadata = record.asset_materialization.metadata
        assert metadata["key"].value == record.partition_key
        assert metadata["partitions"].value == 2
    assert len(records) == 2


def test_logging_a_materialization_doubles_it(instance: dg.DagsterInstance) -> None:
    @dg.asset(name="bars", partitions_def=GRID, backfill_policy=dg.BackfillPolicy.single_run())
    def logs_its_own(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        for key in context.partition_keys:
            context.log_event(dg.AssetMaterialization("bars", partition=key))
        return dg.MaterializeResult()

    run(instance, "2024-01|BTCUSDT", "2024-02|BTCUSDT", logs_its_own)
    events = instance.fetch_materializations(bars.key, limit=10).records
    assert sorted(str(event.partition_key) for event in events) == ["2024-01|BTCUSDT"] * 2 + ["2024-02|BTCUSDT"] * 2


@pytest.mark.parametrize("other", ["start", "name"])
def test_assets_of_one_run_must_share_one_definition(instance: dg.DagsterInstance, other: str) -> None:
    later = dg.TimeWindowPartitionsDefinition(start="2024-02", fmt="%Y-%m", cron_schedule="0 0 1 * *", end="2024-07")
    renamed = dg.DynamicPartitionsDefinition(name="symbols_too")
    dimensions: dict[str, dg.PartitionsDefinition] = {"symbol": SYMBOLS, "date": MONTHS}
    dimensions |= {"date": later} if other == "start" else {"symbol": renamed}
    instance.add_dynamic_partitions("symbols_too", ["BTCUSDT"])

    @dg.asset(partitions_def=dg.MultiPartitionsDefinition(dimensions), backfill_policy=dg.BackfillPolicy.single_run())
    def others() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    with pytest.raises(dg.DagsterInvalidDefinitionError) as refused:
        run(instance, "2024-03|BTCUSDT", "2024-03|BTCUSDT", bars, others)
    assert "must have the same partitions definitions" in str(refused.value.__cause__)


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BRK.B", "^GSPC", "1000SATS"])
def test_symbols_that_are_keys_though_not_file_names(instance: dg.DagsterInstance, symbol: str) -> None:
    instance.add_dynamic_partitions("symbols", [symbol])
    run(instance, f"2024-01|{symbol}", f"2024-01|{symbol}")
    assert materialized(instance) == {f"2024-01|{symbol}"}


@pytest.mark.parametrize("symbol", ["A|B", "A...B", "A\nB"])
def test_dynamic_keys_are_not_validated_when_they_are_added(instance: dg.DagsterInstance, symbol: str) -> None:
    instance.add_dynamic_partitions("symbols", [symbol])
    assert instance.has_dynamic_partition("symbols", symbol)
    if symbol != "A|B":
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="invalid substrings"):
            dg.StaticPartitionsDefinition([symbol])


def test_a_symbol_with_the_separator_breaks_the_run_only(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("symbols", ["A|B"])
    with pytest.raises(CheckError, match="Expected 2 partition keys"):
        run(instance, "2024-01|A|B", "2024-01|A|B")


def test_a_range_to_an_unknown_key_is_refused(instance: dg.DagsterInstance) -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError, match="Nonexistent partition keys"):
        run(instance, "2024-01|BTCUSDT", "2024-01|NOSUCH")


def test_an_asset_that_writes_itself_never_meets_an_io_manager(instance: dg.DagsterInstance) -> None:
    class Refuses(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:
            raise AssertionError(f"{context.asset_key}: {obj}")

        def load_input(self, context: dg.InputContext) -> object:
            raise AssertionError(context.asset_key)

    @dg.asset(partitions_def=GRID, deps=[bars], backfill_policy=dg.BackfillPolicy.single_run())
    def features() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    ends = {START: "2024-01|BTCUSDT", END: "2024-02|ETHUSDT"}
    result = dg.materialize([bars, features], instance=instance, resources={"io_manager": Refuses()}, tags=ends)
    assert result.success


def test_tags_of_dimensions_outweigh_a_range(instance: dg.DagsterInstance) -> None:
    """A backfill of a job gives every run those of the first partition (dagster#28861)."""
    tags = {START: "2024-02|BTCUSDT", END: "2024-02|ADAUSDT", **GRID.get_tags_for_partition_key("2024-01|BTCUSDT")}
    del tags["dagster/partition"]
    dg.materialize([bars], instance=instance, tags=tags)
    assert materialized(instance) == {"2024-01|BTCUSDT"}


def test_the_tag_of_the_whole_key_is_enough_for_a_run_of_one_partition(instance: dg.DagsterInstance) -> None:
    grid = SymbolDates({"symbol": SYMBOLS, "date": MONTHS})

    @dg.asset(key=bars.key, partitions_def=grid, backfill_policy=dg.BackfillPolicy.single_run())
    def same(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        [key] = context.partition_keys
        return dg.MaterializeResult(metadata={"date": dict(key.keys_by_dimension)["date"]})

    tags = grid.get_tags_for_partition_key("2024-02|ETHUSDT")
    assert tags == {"dagster/partition": "2024-02|ETHUSDT"}
    dg.materialize([same], instance=instance, tags=tags)
    [record] = instance.fetch_materializations(bars.key, limit=5).records
    assert record.partition_key == "2024-02|ETHUSDT"
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["date"].value == "2024-02"
    [told] = instance.get_event_tags_for_asset(bars.key)
    assert told.items() >= {"dagster/partition/date": "2024-02", "dagster/partition/symbol": "ETHUSDT"}.items()
