"""What is known of a market's symbols is kept up to date: new and delisted ones, renames, statuses."""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.resources import run_context, sources_of
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import MARKETS, has_role

EVERY_SECONDS = 3600


def universe_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each market that has files of bars."""
    markets = sorted({dataset.market for dataset in catalog})
    found = [market for market in markets if MARKETS[market].has_bars and has_role(market, Role.BULK)]
    return [_universe(catalog, market) for market in found]


def _universe(catalog: Catalog, market: str) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"universe_{market}",
        required_resource_keys=sources_of(market),
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Adds what is learnt of the symbols of {market} to its universe table, some symbols a tick.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from bcdata.universe.update import update

        with run_context(catalog, context.resources) as work:
            done = update(work, market)
        for trouble in done.troubles:
            context.log.warning(trouble)
        # A tick that asks for no run is shown as skipped; the reason says what it did instead.
        return dg.SkipReason(
            f"{done.rows} new rows; {done.symbols} symbols are known, {done.asked} were asked for, {done.left} never"
        )

    return sensor
