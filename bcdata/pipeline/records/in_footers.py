"""What footers of published files hold: what rows were made of, and what is known beside them. Pure.

They are taken as they stand: a file whose footer cannot be read is written again. Files of earlier releases may lack
any key.
"""

from typing import NotRequired, cast

from typing_extensions import TypedDict

from bcdata.ledger.records import (
    AnswersEvidence,
    ContradictionRecord,
    DayBarRecord,
    FilesEvidence,
    NegativeEvidence,
    SetAsideRecord,
    WindowsEvidence,
)
from bcdata.quality.verdict import VerdictRecord
from bcdata.store.footer import Published

Made = tuple[str, str | None]
"""A date key or a source, and the fingerprint of what was read of it; JSON has it as a list."""
Input = tuple[str, str, str, str | None]
"""Dataset, symbol, date key, and the fingerprint of what was read there; in JSON a list."""
Settled = tuple[str, float | None, float | None]
"""A settlement: its time (ISO, UTC), the interval in hours that the source states, and the rate; in JSON a list."""


class FilesRecord(FilesEvidence, total=False):
    """Of parsed files.

    Attributes:
        raw: the fingerprint of raw.
        objects: the names of the objects that were read.
        questioned: windows of rows about which a second source is to be asked.
        uncompared: days (ISO) with bars that no coarser bar covers.
        quiet_since: since when bars are without a trade, up to their end.
        before: settlements of the day before.
        verdict: what the audit found.
    """

    raw: str
    objects: list[str]
    questioned: list[ContradictionRecord]
    uncompared: list[str]
    quiet_since: str | None
    before: list[Settled]
    verdict: VerdictRecord


class WeighedRecord(NegativeEvidence):
    """What answers about bars prove, and what becomes of rows.

    Attributes:
        refuted: runs of the archive's rows that the exchange's day bars contradict.
        replaced: windows of the archive's rows in whose place those of REST stand.
        set_aside: windows of REST's rows that are not believed.
        days: the exchange's day bars of days that lack a bar.
    """

    refuted: list[SetAsideRecord]
    replaced: list[ContradictionRecord]
    set_aside: list[ContradictionRecord]
    days: list[DayBarRecord]


class AnswersRecord(AnswersEvidence, total=False):
    """Of parsed answers of the repair source.

    Attributes:
        raw: the fingerprint of raw.
        replaced: windows of the archive's rows in whose place those of REST stand.
        before: settlements of the day before.
        verdict: what the audit found.
    """

    raw: str
    replaced: list[ContradictionRecord]
    before: list[Settled]
    verdict: VerdictRecord


class WindowsRecord(WindowsEvidence):
    """Of parsed pages of a source that is asked by windows; `content` is the fingerprint of what they hold together.

    `codes` are what the source says that prices are in.
    """

    raw: str
    content: str
    codes: NotRequired[list[str]]
    verdict: NotRequired[VerdictRecord]


class MergedRecord(TypedDict, total=False):
    """Of merged.

    Attributes:
        sources: sources with the fingerprints of their parts.
        funding: fingerprints of the merged settlements that were read.
        finer: those of the finer bars.
        closed: up to when (ISO, UTC) bars had closed.
        codes: what the sources say that prices are in, where they do: ISO 4217, or its hundredths (`GBp`).
        verdict: what the audit found.
    """

    sources: list[Made]
    funding: list[str | None]
    finer: list[str | None]
    closed: str
    codes: list[str]
    verdict: VerdictRecord


class FeaturesRecord(TypedDict, total=False):
    """Of features.

    Attributes:
        merged: partitions of merged of the same symbol.
        inputs: those of others: dataset, symbol, date key, fingerprint.
        features: the version of the feature set.
        columns: by name what identifies a feature's definition.
        code: the version of the code.
        verdict: what the audit found.
    """

    merged: list[Made]
    inputs: list[Input]
    features: str
    columns: dict[str, str]
    code: str
    verdict: VerdictRecord


class Provenance(TypedDict, total=False):
    """What a partition of any zone after parsed was made of, and up to when.

    Attributes:
        fingerprint: its own.
        merged: partitions of merged of the same symbol.
        inputs: those of others: dataset, symbol, date key, fingerprint.
        features: the version of the feature set.
        funding: as in merged.
        finer: as in merged.
        closed: as in merged.
        features_read: partitions of features.
    """

    fingerprint: str
    merged: list[Made]
    inputs: list[Input]
    features: str
    funding: list[str | None]
    finer: list[str | None]
    closed: str
    features_read: list[Made]


KEPT = tuple(name for name in Provenance.__annotations__ if name != "fingerprint")
"""The parts of a record that say what a partition was made of."""


def files_record(published: Published | None) -> FilesRecord:
    """The record of parsed files; empty where there are none."""
    return cast("FilesRecord", published.record if published else {})


def answers_record(published: Published | None) -> AnswersRecord:
    """The record of parsed answers; empty where there are none."""
    return cast("AnswersRecord", published.record if published else {})


def windows_record(published: Published) -> WindowsRecord:
    """The record of parsed pages of a source that is asked by windows."""
    return cast("WindowsRecord", published.record)


def content_of(published: Published | None) -> str | None:
    """What merged is made of: the fingerprint of what parsed rows are, if they are the same however they came."""
    if published is None:
        return None
    return cast("WindowsRecord", published.record).get("content", published.fingerprint)


def merged_record(published: Published | None) -> MergedRecord:
    """The record of merged; empty where it is not published."""
    return cast("MergedRecord", published.record if published else {})


def features_record(published: Published | None) -> FeaturesRecord:
    """The record of features; empty where they are not published."""
    return cast("FeaturesRecord", published.record if published else {})


def made_of(published: Published) -> Provenance:
    """What a partition was made of."""
    record = {name: published.record[name] for name in KEPT if name in published.record}
    return cast("Provenance", {"fingerprint": published.fingerprint, **record})
