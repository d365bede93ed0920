"""The records of answers in manifests of raw: pages as sent, the questions that they answer, and what tries them."""

from typing import NotRequired

from typing_extensions import TypedDict

from bcdata.ledger.records import AskedRecord, Instant, SpanRecord
from bcdata.pipeline.records.objects import StoredRecord


class PageRecord(StoredRecord):
    """A page of an answer, and how many rows it has."""

    url: str
    rows: int


class DaysRecord(PageRecord):
    """The exchange's day bars of a partition, and up to when they were asked for."""

    to: Instant


class WindowPageRecord(PageRecord, SpanRecord):
    """A page of a source that is asked by windows, and the time that it covers."""


class QueryRecord(AskedRecord):
    """A question for missing bars, and the pages of its answer."""

    pages: list[PageRecord]


class ArchiveDayBar(TypedDict):
    """A day bar as plain values."""

    open_time: Instant
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    quote_volume: float | None
    trades: int | None
    taker_buy_volume: float | None
    taker_buy_quote_volume: float | None


class ArchiveDayRecord(TypedDict):
    """A day bar that an object of the archive makes, in another partition."""

    object: str
    bar: ArchiveDayBar


class SettlementPage(StoredRecord):
    """A page of settlements."""

    name: NotRequired[str]
    url: NotRequired[str]


class KeptAnswer(TypedDict):
    """The answer to a question for settlements; `asked` is None where nothing was asked.

    `twice` is the part of it that an answer at least a day older was about too.
    """

    asked: SpanRecord | None
    objects: list[SettlementPage]
    twice: NotRequired[SpanRecord | None]


class NewAnswer(TypedDict, total=False):
    """What a question for settlements changes in a manifest: the answer, or the one that is not believed."""

    asked: SpanRecord | None
    objects: list[SettlementPage]
    twice: SpanRecord | None
    contradicted: KeptAnswer | None
