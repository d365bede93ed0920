"""What a damaged manifest of raw still proves, so that objects that the archive has no more stay in force."""

from collections.abc import Iterator

from pydantic import ValidationError

from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.records.objects import OBJECT, ObjectRecord, without
from bcdata.pipeline.records.shapes import ArchiveManifest
from bcdata.store.layout import Partition
from bcdata.store.sealed import parsed
from bcdata.store.store import OF, Store

_LOOKED = ("look", "first", "last", "lacking")


def salvaged(store: Store, partition: Partition) -> ArchiveManifest | None:
    """What a damaged manifest of the archive still proves: records of objects whose bytes are those of their sha256.

    None where it proves nothing.

    The archive may have them no more, and then nothing else tells of them. What is still listed is fetched again: all
    else in its record may be another value. What a look into an object told is looked at again.

    Raises:
        StoreError: the store cannot be read.
    """
    value = parsed(store.objects.get(partition.key(MANIFEST)) or b"") or {}
    if value.get(OF, partition.prefix) != partition.prefix:
        return None
    objects, unread, superseded = (
        list(_proven(store, partition, value.get(kind))) for kind in ("objects", "unread", "superseded")
    )
    if not (objects or unread or superseded):
        return None
    found: ArchiveManifest = {"fingerprint": "", "series": "", "objects": objects, "evidence": {}}
    return {**found, "unread": unread, "superseded": superseded}


def _proven(store: Store, partition: Partition, records: object) -> Iterator[ObjectRecord]:
    for record in records if isinstance(records, list) else []:
        try:
            OBJECT.validate_python(record, strict=True)
        except ValidationError:
            continue
        one: ObjectRecord = record
        if _is_proven(store, partition, one):
            yield {**without(one, *_LOOKED), "listed": {}}


def _is_proven(store: Store, partition: Partition, one: ObjectRecord) -> bool:
    stem = one["name"].removesuffix(".zip")
    is_named = (
        one["file"] == f"{stem}.{one['sha256'][:12]}.zip"
        and stem.endswith(f"-{one['date']}")
        and one["url"].endswith(one["name"])
    )
    return is_named and store.holds(partition.key(one["file"]), one["bytes"], one["sha256"])
