"""Which versions of the archive's objects are in force, and which earlier ones raw still has. Pure.

In force is the newest version of every listed object, and of an object that left the listing the last version held:
nothing is taken out of the lake because a listing got shorter.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from bcdata.pipeline.raw.objects import as_listed, is_version
from bcdata.pipeline.records.objects import WITHDRAWN, AnyObject, ObjectRecord, as_withdrawn, without
from bcdata.providers.base import BulkObject


def withdrawn(
    listed: Iterable[BulkObject], known: Mapping[str, AnyObject], asked: Collection[str]
) -> dict[str, AnyObject]:
    """The records, by name, of objects that the archive lists no more.

    Args:
        listed: the objects of the partition as they are listed now.
        known: the records of the objects in force so far, by name.
        asked: the periods whose listing was asked for.
    """
    present = {(one.period, one.date_key) for one in listed}
    gone: dict[tuple[str, str], AnyObject] = {}
    for _, record in sorted(known.items()):
        which = (record["period"], record["date"])
        if record["period"] in asked and which not in present:
            gone[which] = as_withdrawn(record)
    return {record["name"]: record for record in gone.values()}


def left_aside(
    candidates: Iterable[BulkObject],
    read: Iterable[ObjectRecord],
    known: Mapping[str, ObjectRecord],
    gone: Mapping[str, ObjectRecord],
    asked: Collection[str],
) -> list[ObjectRecord]:
    """The records of objects in force that are not read, sorted by name: of the version that is in force, no other."""
    chosen = {record["name"] for record in read}
    rest = [
        without(known[one.name], WITHDRAWN)
        for one in candidates
        if one.name not in chosen and one.name in known and is_version(known[one.name], one)
    ]
    rest += [record for name, record in gone.items() if name not in chosen]
    rest += [record for name, record in known.items() if record["period"] not in asked and name not in chosen]
    return sorted({record["name"]: record for record in rest}.values(), key=lambda record: record["name"])


def superseded(earlier: Iterable[ObjectRecord], current: Iterable[ObjectRecord]) -> list[ObjectRecord]:
    """The records of earlier versions, sorted by name and file: of other bytes than those that are in force."""
    held = {(record["name"], record["sha256"]) for record in current}
    found = {(record["name"], record["sha256"]): record for record in earlier}
    rest = [record for version, record in found.items() if version not in held]
    return sorted((without(record, WITHDRAWN) for record in rest), key=lambda record: (record["name"], record["file"]))


def candidates(listed: Sequence[BulkObject], gone: Mapping[str, ObjectRecord]) -> list[BulkObject]:
    """All objects in force: those that are listed, and those that are not any more."""
    return [*listed, *(as_listed(record) for record in gone.values())]
