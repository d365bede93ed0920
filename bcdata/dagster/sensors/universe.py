"""What is known of a market's symbols is kept up to date: new and delisted ones, renames, statuses."""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.resources import BinanceArchiveResource, BinanceRestResource, StoreResource, workbench

EVERY_SECONDS = 3600


def universe_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor a market."""
    return [_universe(catalog, market) for market in sorted({dataset.market for dataset in catalog})]


def _universe(catalog: Catalog, market: str) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"universe_{market}",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Adds what is learnt of the symbols of {market} to its universe table, some symbols a tick.",
    )
    def sensor(
        context: dg.SensorEvaluationContext,
        store: StoreResource,
        binance_archive: BinanceArchiveResource,
        binance_rest: BinanceRestResource,
    ) -> dg.SkipReason:
        from bcdata.universe.update import update

        with workbench(catalog, store, binance_archive, binance_rest) as work:
            done = update(work, market)
        for trouble in done.troubles:
            context.log.warning(trouble)
        # A tick that asks for no run is shown as skipped; the reason says what it did instead.
        return dg.SkipReason(
            f"{done.rows} new rows; {done.symbols} symbols are known, {done.asked} were asked for, {done.left} never"
        )

    return sensor
