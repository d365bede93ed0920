"""Asks for the exchange's own day bars, and for what tells whether they are to be believed."""

from collections.abc import Sequence
from datetime import date

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.missing.archive_days import ArchiveDays
from bcdata.pipeline.missing.day_bars import DAY_INTERVAL, DayBars
from bcdata.pipeline.missing.requests import MissingRequests
from bcdata.quality.compare.day_check import DayBarTrust
from bcdata.quality.compare.windows import can_compare
from bcdata.store.layout import Partition


class ComparedDays:
    """The day bars of the partitions of one run, asked for once a symbol, and the archive's days to try them with."""

    def __init__(self, context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> None:
        self._dataset = dataset
        self._today = DAY_INTERVAL.floor(context.now).date()
        self._bars = DayBars(context, dataset, partitions)
        self._archive_days = ArchiveDays(context, dataset)

    def are_wanted(self, questions: MissingRequests) -> bool:
        """Whether day bars are needed that are not known, or not believed and a day old."""
        if not can_compare(self._dataset.bar_interval, DAY_INTERVAL):
            return False
        answered = questions.answered
        lacking = [day for day in questions.holes.view.record.get("uncompared") or [] if day < self._today.isoformat()]
        known = answered.knows_days_to()
        covers = known is not None and lacking[-1:] < [known.date().isoformat()]
        # Day bars that contradict everything are asked for again; where there are none, there are none.
        is_settled = covers and (not answered.has_days or questions.weighed.check.is_settled)
        return bool(lacking) and not is_settled and answered.may_ask("days")

    async def compare(self, questions: MissingRequests) -> int:
        """Keeps the day bars in the manifest, with days of the archive that they are tried with; returns their bytes.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: REST or the archive cannot be asked.
        """
        answered, partition = questions.answered, questions.holes.view.partition
        page, to = await self._bars.of(self._dataset, partition)
        fetched = answered.keep_days(page, to)
        tried = []
        if not questions.weighed.check.needs_archive_days:
            return fetched
        for one in await self._archive_days.listed(partition):
            witness = await self._archive_days.day_bar(partition, one)
            if witness is None:
                continue
            tried.append(witness)
            days = [date.fromisoformat(each["bar"]["open_time"][:10]) for each in tried]
            page, to = await self._bars.of(self._dataset, partition, days)
            fetched = answered.keep_days(page, to, tried)
            if questions.weighed.check.standing is DayBarTrust.PROVEN:
                break
        return fetched
