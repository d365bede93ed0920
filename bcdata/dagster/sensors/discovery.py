"""New symbols become partitions: those that the catalog names, and those that a universe chooses out of a listing."""

from collections.abc import Mapping, Sequence

import dagster as dg

from bcdata.catalog import Automation, Dataset
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import urls_of
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import source_of

EVERY_SECONDS = 3600
_SHOWN = 20


def discovery_sensor(datasets: Sequence[Dataset]) -> dg.SensorDefinition:
    """The sensor over the sets of symbols of these datasets. It is on from the start only where it asks nobody."""
    sets: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        sets.setdefault(symbol_set(dataset.market, dataset.grain), []).append(dataset)
    is_listed = any(dataset.universe for dataset in datasets)

    @dg.sensor(
        name=Automation.DISCOVER_SYMBOLS.value,
        required_resource_keys={source_of(dataset.market, Role.BULK).name for dataset in datasets},
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED if is_listed else dg.DefaultSensorStatus.RUNNING,
        description=(
            "Makes partitions of the symbols that datasets name in the catalog, and of those that universes choose"
            " out of what the archive lists, delisted ones too. Only a universe needs the network."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        def look(name: str, _cursor: str, _seconds: float) -> Turn:
            return _discover(context, sets[name], name, urls_of(context.resources))

        return take_turns(context, list(sets), look)

    return sensor


def _discover(
    context: dg.SensorEvaluationContext, datasets: Sequence[Dataset], name: str, urls: Mapping[str, Mapping[str, str]]
) -> Turn:
    from bcdata.instruments.discovery import discover

    known = context.instance.get_dynamic_partitions(name)
    new = [symbol for symbol in discover(datasets, urls) if symbol not in set(known)]
    if not new:
        return Turn(f"nothing new; {len(known)} are known")
    shown = f"{len(new)} new symbols: {', '.join(new[:_SHOWN])}"
    context.log.info("%s: %s", name, shown)
    return Turn(shown, partitions=[dg.DynamicPartitionsDefinition(name=name).build_add_request(new)])
