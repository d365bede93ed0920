"""How providers stand, as an asset whose numbers the UI plots over time."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from bcdata.dagster.assets.zones import OWNERS

KEY = dg.AssetKey(["reports", "providers"])
JOB = "report_providers"


def providers_asset() -> dg.AssetsDefinition:
    """The asset: each materialization has the numbers of that moment."""

    @dg.asset(
        key=KEY,
        group_name="reports",
        kinds={"reports", "http"},
        owners=OWNERS,
        description="Sources of all providers: what their limits have left, share of answers and latency of 24 hours.",
    )
    def providers(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from bcdata.reporting.providers import SourceReport, report

        found = report(datetime.now(UTC))
        names = ("name", "available", "reason", "remaining", "resets_at", "breaker", "success_24h", "latency_24h")

        def row(one: SourceReport) -> str:
            told = one.to_json()
            return "| " + " | ".join("" if told[name] is None else str(told[name]) for name in names) + " |"

        lines = [f"| {' | '.join(names)} |", "|-" * len(names) + "|", *map(row, found)]
        metadata: dict[str, Any] = {"sources": dg.MetadataValue.md("\n".join(lines))}
        for one in found:
            numbers = {
                "available": int(one.available),
                "remaining": one.remaining,
                "success_24h": one.success_24h,
                "latency_24h": one.latency_24h,
            }
            metadata |= {f"{one.name}_{name}": value for name, value in numbers.items() if value is not None}
        context.log.info("%d of %d sources can be asked", sum(one.available for one in found), len(found))
        return dg.MaterializeResult(metadata=metadata)

    return providers


def providers_job() -> Any:
    """The job that materializes it."""
    return dg.define_asset_job(JOB, [KEY], description="Notes how providers stand.")
