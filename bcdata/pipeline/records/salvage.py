"""What a damaged manifest of raw still proves, so that objects that the archive has no more stay in force."""

from typing import Any

from pydantic import ValidationError

from bcdata.pipeline.records.manifests import MANIFEST, ObjectShape, Record
from bcdata.store.layout import Partition
from bcdata.store.sealed import parsed
from bcdata.store.store import OF, Store

_LOOKED = ("look", "first", "last", "lacking")


def salvaged(store: Store, partition: Partition) -> Record:
    """What a damaged manifest of the archive still proves: records of objects whose bytes are those of their sha256.

    The archive may have them no more, and then nothing else tells of them. What is still listed is fetched again: all
    else in its record may be another value. What a look into an object told is looked at again.

    Raises:
        StoreError: the store cannot be read.
    """
    value = parsed(store.objects.get(partition.key(MANIFEST)) or b"") or {}
    if value.get(OF, partition.prefix) != partition.prefix:
        return {}
    found: Record = {}
    for kind in ("objects", "unread", "superseded"):
        records = value.get(kind)
        proven = [one for one in records if _is_proven(store, partition, one)] if isinstance(records, list) else []
        if proven:
            found[kind] = [{**{k: v for k, v in one.items() if k not in _LOOKED}, "listed": {}} for one in proven]
    return found


def _is_proven(store: Store, partition: Partition, record: Any) -> bool:
    try:
        one = ObjectShape.model_validate(record)
    except ValidationError:
        return False
    stem = one.name.removesuffix(".zip")
    is_named = (
        one.file == f"{stem}.{one.sha256[:12]}.zip" and stem.endswith(f"-{one.date}") and one.url.endswith(one.name)
    )
    return is_named and store.holds(partition.key(one.file), one.bytes, one.sha256)
