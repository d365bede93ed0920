"""What is wrong with one object of raw: by its bytes, and by what the archive says of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from bcdata.errors import StoreError
from bcdata.healing.scrub_report import Issue, Problem
from bcdata.pipeline.raw.objects import is_republished
from bcdata.pipeline.records.objects import ObjectRecord, StoredRecord, name_of
from bcdata.providers.base import BulkObject
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_DIGITS = 12
"""Digits of the sha256 in a file's name, which tell of versions that no manifest names any more."""

Listed = Mapping[str, BulkObject] | None
"""The archive's objects of a partition by name; None where the listing could not be had."""


def bytes_problems(record: StoredRecord, body: bytes | None, *, is_had: bool | None) -> Iterator[Problem]:
    """Whether the bytes are there and are those that came; `is_had`: whether the source has them (None: not known)."""
    name, repairable = name_of(record), bool(is_had)
    if body is None:
        yield Problem(name, Issue.MISSING, f"its file is lost; {_THEN[is_had]}", repairable)
    elif hashlib.sha256(body).hexdigest() != record["sha256"]:
        yield Problem(name, Issue.DAMAGED, f"its bytes are not those that were received; {_THEN[is_had]}", repairable)


_THEN = {
    True: "it is fetched again",
    False: "the archive has it no more, so it is left as it is",
    None: "whether the archive has it is not known, so it is left as it is",
}


def upstream_problems(record: ObjectRecord, listed: Listed, periods: Sequence[str]) -> Iterator[Problem]:
    """What the archive says of the object by now."""
    name = record["name"]
    if record["checksum"] == "mismatch":
        yield Problem(name, Issue.MISMATCH, "its CHECKSUM names other bytes than the archive has")
    if listed is None or record["period"] not in periods:
        return  # nobody has asked for it
    if name not in listed:
        yield Problem(name, Issue.GONE, "the archive lists it no more; it is kept")
    elif is_republished(listed[name], {name: record}):
        yield Problem(name, Issue.CHANGED, "it was published again; the next run fetches it")


def older_problems(store: Store, partition: Partition, named: set[str]) -> Iterator[Problem]:
    """Files that the manifest does not name: earlier versions, whose names hold the beginning of their digest."""
    for info in store.objects.list(partition.prefix):
        file = info.key.rpartition("/")[2]
        digits = file.split(".")[-2] if file.count(".") > 1 else ""
        if file in named or len(digits) != _DIGITS:
            continue
        try:
            body = store.objects.get(info.key) or b""
        except StoreError:
            body = b""
        if not hashlib.sha256(body).hexdigest().startswith(digits):
            yield Problem(file, Issue.DAMAGED, "an earlier version, which nothing reads; it cannot be had again")
