"""The manifests of raw: read and written in this one place, and checked before anybody relies on their shape.

A manifest of another shape is as good as none: what it named is fetched again. One of a later version is an error:
all that it names would be fetched again, and what only later releases know of it would be lost.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from bcdata.catalog import rows_of
from bcdata.errors import StoreError
from bcdata.frames.types import Rows
from bcdata.pipeline.lake import repair
from bcdata.pipeline.records.objects import without
from bcdata.pipeline.records.shapes import ArchiveManifest, FundingManifest, Manifest, RestManifest, WindowsManifest
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store

MANIFEST = "manifest.json"
VERSION = 1
"""The version of the shapes in `shapes.py`, raised when what a key means changes. Where none is named it is 1."""
_VERSION = "version"

_ARCHIVE = TypeAdapter(ArchiveManifest)
_ANSWERS = TypeAdapter(RestManifest)
_FUNDING = TypeAdapter(FundingManifest)
_WINDOWS = TypeAdapter(WindowsManifest)

AnyManifest = TypeVar("AnyManifest", bound=Manifest)


def archive_manifest(store: Store, partition: Partition) -> ArchiveManifest | None:
    """The manifest of a partition of the archive; for what there is to say of it see `read_manifest`."""
    return _read(store, partition, _ARCHIVE)


def rest_manifest(store: Store, partition: Partition) -> RestManifest | None:
    """The manifest of a partition of REST's answers about bars; see `read_manifest`."""
    return _read(store, partition, _ANSWERS)


def funding_manifest(store: Store, partition: Partition) -> FundingManifest | None:
    """The manifest of a partition of REST's answers about settlements; see `read_manifest`."""
    return _read(store, partition, _FUNDING)


def windows_manifest(store: Store, partition: Partition) -> WindowsManifest | None:
    """The manifest of a partition of a source that is asked by windows; see `read_manifest`."""
    return _read(store, partition, _WINDOWS)


def read_manifest(store: Store, partition: Partition) -> Manifest | None:
    """The manifest of a raw partition; None where there is none, or one that cannot be relied on.

    Raises:
        StoreError: the store cannot be read, or the manifest is of a later version.
    """
    return _reader(partition)(store, partition)


def held_manifest(
    store: Store, partition: Partition, read: Callable[[Store, Partition], AnyManifest | None]
) -> AnyManifest | None:
    """The manifest of a raw partition, by the reader of its kind; None where there is none.

    Raises:
        StoreError: it is damaged; the text has the command that repairs it. Or it is of a later version.
    """
    found = read(store, partition)
    if found is None and store.objects.stat(partition.key(MANIFEST)) is not None:
        command = repair(partition, partition.dataset)
        raise StoreError(f"{partition.key(MANIFEST)} is damaged; repair it with: {command}")
    return found


def write_manifest(store: Store, partition: Partition, manifest: Manifest) -> None:
    """Puts the manifest of a raw partition, with its version.

    Raises:
        StoreError: it cannot be written.
    """
    store.put_json(partition, MANIFEST, {**manifest, _VERSION: VERSION})


_ANSWERS_OF: dict[Rows, Callable[[Store, Partition], Manifest | None]] = {
    "bars": rest_manifest,
    "settlements": funding_manifest,
}
"""How the manifests of a repair source are read, by what its rows are."""


def _reader(partition: Partition) -> Callable[[Store, Partition], Manifest | None]:
    role = role_of(partition.provider)
    if role is Role.BULK:
        return archive_manifest
    if role is Role.WINDOW:
        return windows_manifest
    return _ANSWERS_OF.get(rows_of(partition.dataset), rest_manifest)


def _read(store: Store, partition: Partition, shape: TypeAdapter[AnyManifest]) -> AnyManifest | None:
    value = store.get_json(partition, MANIFEST)
    if value is None:
        return None
    _require_known(value.pop(_VERSION, VERSION), partition)
    value = _without_replaced(value) if shape is _ARCHIVE else value
    try:
        shape.validate_python(value, strict=True)
    except ValidationError:
        return None
    return cast("AnyManifest", value)  # as it stands: what no shape names is kept


def _require_known(version: object, partition: Partition) -> None:
    if type(version) is int and 1 <= version <= VERSION:  # True is an int, and no version
        return
    raise StoreError(
        f"{partition.key(MANIFEST)} is of version {version!r}, and this release of bcdata reads manifests up to version"
        f" {VERSION}; nothing was changed: use the release that wrote it, or a later one"
    )


def _without_replaced(value: dict[str, object]) -> dict[str, object]:
    """Manifests of earlier releases called objects that a month stood in for `replaced`."""
    replaced = value.get("replaced")
    if not isinstance(replaced, list):
        return value
    unread = [without(one, "replaced_by") for one in replaced if isinstance(one, dict)]
    return {**without(value, "replaced"), "unread": unread}
