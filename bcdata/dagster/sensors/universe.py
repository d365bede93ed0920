"""What is known of a market's symbols is kept up to date: new and delisted ones, renames, statuses."""

from collections.abc import Sequence

import dagster as dg

from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import run_context, sources_of
from bcdata.dagster.sensors.turns import Turn, take_turns

EVERY_SECONDS = 3600


def universe_sensor(catalog: Catalog, datasets: Sequence[Dataset]) -> dg.SensorDefinition:
    """The sensor over the markets of these datasets. It asks for every symbol of a market: off until turned on."""
    markets = sorted({dataset.market for dataset in datasets})

    @dg.sensor(
        name=Automation.UNIVERSE.value,
        required_resource_keys=set().union(*(sources_of(one.parsed.market) for one in datasets)),
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Adds what is learnt of all symbols of each market to its universe table, some symbols a tick:"
            " thousands of requests until all were asked for once."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from bcdata.instruments.update import update

        def look(market: str, _cursor: str, seconds: float) -> Turn:
            with run_context(catalog, context.resources) as work:
                done = update(work, market, seconds=seconds)
            for trouble in done.troubles:
                context.log.warning(trouble)
            counted = f"{done.symbols} symbols are known, {done.asked} were asked for, {done.left} never"
            return Turn(f"{done.rows} new rows; {counted}")

        return take_turns(context, markets, look)

    return sensor
