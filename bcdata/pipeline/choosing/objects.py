"""The objects that a partition is made of: fetched by the catalog's policy, and by what those that came lack."""

import asyncio
from collections.abc import Sequence
from datetime import date

from bcdata.pipeline.choosing.days_alone import DaysAlone
from bcdata.pipeline.choosing.looks import LookedInto
from bcdata.pipeline.choosing.policy import Policy, first_choice, policy_of, second_choice
from bcdata.pipeline.context import window_of
from bcdata.pipeline.raw.listings import uncovered_days
from bcdata.pipeline.records.objects import ControlRecord, ObjectRecord
from bcdata.pipeline.records.shapes import ArchiveManifest, DaysAloneRecord
from bcdata.providers.base import BulkObject


async def choose(
    looked: LookedInto,
    standing: Sequence[BulkObject],
    controls: Sequence[ControlRecord],
    before: ArchiveManifest | None,
) -> tuple[list[ObjectRecord], DaysAloneRecord | None]:
    """The records of the objects that a partition is made of, sorted by name; and how days were judged alone.

    Args:
        looked: fetches objects and looks into them.
        standing: all objects in force.
        controls: the records of coarser objects.
        before: the manifest so far.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    dataset, partition = looked.fetcher.dataset, looked.fetcher.partition
    window, policy = window_of(dataset, partition), policy_of(dataset)
    daily = [one for one in standing if one.period == "daily"]
    months = [one for one in standing if one.period == "monthly"]
    monthly = next((one for one in months if one.date_key == partition.date[:7]), None)
    chosen = [*(one for one in months if one is not monthly), *first_choice(daily, monthly, policy)]
    records = await asyncio.gather(*(looked.have(one) for one in chosen))
    lacking = {date.fromisoformat(day) for record in records if record for day in record.get("lacking", [])}
    got = [one for one, record in zip(chosen, records, strict=True) if record]
    lacking |= set(uncovered_days(got, window))
    judged = None
    if policy is Policy.DAYS_FIRST and monthly and not lacking and monthly not in chosen:
        days = [record for record in records if record]
        alone = DaysAlone(looked.fetcher.context.store, partition, dataset)
        judged = await asyncio.to_thread(alone.judge, days, controls, before)
        lacking |= set() if judged["is_whole"] else set(window.days())
    more = [one for one in second_choice(daily, monthly, lacking, policy) if one not in chosen]
    records += await asyncio.gather(*(looked.have(one) for one in more))
    held = {record["name"]: record for record in records if record}
    return [held[name] for name in sorted(held)], judged
