"""People are told of what bcdata cannot repair by itself: gates that failed, gaps given up, sources that went stale."""

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.run_failure import on_if_wanted
from bcdata.settings import Settings


def quality_sensor(catalog: Catalog) -> dg.SensorDefinition:
    """One sensor for all datasets, which looks at one of them a tick."""

    @dg.sensor(
        name="alert_quality",
        minimum_interval_seconds=Settings().heal_every,
        default_status=on_if_wanted(),
        description=(
            "Tells the channels of BCDATA_ALERT_URLS of partitions held back, damaged objects, gaps given up and"
            " stale sources; one dataset a tick, each fact once."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.alerts.deliver import tell
        from bcdata.reporting.notices import quality_notices
        from bcdata.store.store import Store

        names = catalog.names
        at = (names.index(context.cursor) + 1) % len(names) if context.cursor in names else 0
        now = clock.now()
        done = tell(store.path(), quality_notices(Store(store.path()), catalog[names[at]], now), now)
        for trouble in done.troubles:
            context.log.warning(trouble)
        said = f"{names[at]}: {done.new} new facts, {done.sent} messages sent"
        return dg.SensorResult(skip_reason=said, cursor=names[at])

    return sensor
