"""People are told of what bcdata cannot repair by itself: gates that failed, gaps given up, sources that went stale."""

from collections.abc import Sequence

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.run_failure import on_if_wanted
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.settings import Settings


def quality_sensor(catalog: Catalog, datasets: Sequence[Dataset]) -> dg.SensorDefinition:
    """The sensor over these datasets."""

    @dg.sensor(
        name=Automation.ALERT_QUALITY.value,
        minimum_interval_seconds=Settings().heal_every,
        default_status=on_if_wanted(),
        description=(
            "Tells the channels of BCDATA_ALERT_URLS of partitions held back, damaged objects, gaps given up and"
            " stale sources; each fact once."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.alerts.deliver import tell
        from bcdata.reporting.notices import quality_notices
        from bcdata.store.store import Store

        def look(name: str, _cursor: str, _seconds: float) -> Turn:
            now = clock.now()
            done = tell(store.path(), quality_notices(Store(store.path()), catalog[name], now), now)
            for trouble in done.troubles:
                context.log.warning(trouble)
            return Turn(f"{done.new} new facts, {done.sent} messages sent")

        return take_turns(context, [one.name for one in datasets], look)

    return sensor
