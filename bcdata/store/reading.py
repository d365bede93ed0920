"""Reading published files: what is handed out was verified, and what was verified is remembered."""

import hashlib
import io
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import polars as pl

from bcdata.errors import StoreError
from bcdata.store.digests import digest_of
from bcdata.store.footer import SCHEMAS_WITHOUT_DIGESTS, Published, footer, frame_of
from bcdata.store.layout import Partition, Table
from bcdata.store.objects import LocalObjects, ObjectInfo, Objects
from bcdata.store.pieces import Entry, damage_in, footer_among
from bcdata.store.publications import Publications, zone_of
from bcdata.store.state.verified import DigestMemory

_Place = TypeVar("_Place", Partition, Table)
_UNKNOWN = "no manifest knows of it"
_REPLACED_AT_MOST = 10
_ABOUT_TO_PUT = 0.5
"""Seconds between the entry of a manifest and its file, at most."""


class VerifiedReads:
    """Published files, checked against the digests of their publications."""

    def __init__(self, root: Path, objects: Objects | None = None) -> None:
        self.root = root
        self.objects: Objects = objects or LocalObjects(root)
        self.publications = Publications(root, self.objects)
        self.verified = DigestMemory(root, self.objects.sync)
        self._missed: set[Partition | Table] = set()
        self._footers: dict[str, tuple[ObjectInfo, Entry]] = {}

    def read(
        self, partition: Partition | Table, columns: Sequence[str] | None = None, *, are_optional: bool = False
    ) -> pl.DataFrame | None:
        """The published frame, or some columns of it; None where there is none. The bytes that are read are verified.

        Optional columns are left out where the file, which an earlier version of the code wrote, does not have them.

        Raises:
            StoreError: the file is damaged.
        """
        if isinstance(partition, Table) and self.lost([partition]):
            raise StoreError(f"{partition.key()} is lost: it was published, and there is no file")
        if not isinstance(self.objects, LocalObjects):
            return self._read_body(partition, columns, are_optional=are_optional)
        for _ in range(_REPLACED_AT_MOST):
            info = self.objects.stat(partition.key())
            if info is None:
                return None
            self.require_sound(partition, info, columns)
            frame = self._frame(info, columns, are_optional=are_optional)
            if frame is not None:
                return frame
        raise StoreError(f"{partition.key()} was replaced again and again while it was read; do the same again")

    def _frame(
        self, info: ObjectInfo, columns: Sequence[str] | None, *, are_optional: bool = False
    ) -> pl.DataFrame | None:
        """The rows of a file that was verified; None where it is another file by the time it is read."""
        try:
            frame = frame_of(self.root / info.key, columns, are_optional=are_optional)
        except FileNotFoundError:
            return None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            if self.objects.stat(info.key) != info:
                return None  # polars opens a file several times: of two that follow each other it makes no rows
            raise StoreError(f"{info.key} is damaged ({_first_line(error)})") from error
        return frame if self.objects.stat(info.key) == info else None

    def require_sound(self, partition: Partition | Table, info: ObjectInfo, columns: Sequence[str] | None) -> None:
        """Passes a file of which all bytes are those of a publication, or of some columns those that are read.

        Raises:
            StoreError: it is damaged.
        """
        expected, digest = self.publications.files(partition), self.verified.digest(info)
        if expected and columns and all(one.whole != digest for one in expected):
            try:
                known = self._footers.get(info.key)
                footer = known[1][1] if known and known[0] == info else None
                damage = damage_in(f"{self.root}/{info.key}", expected, columns, footer=footer)
            except OSError:
                return  # it is gone, which shows when it is read
        elif expected:
            damage = self.damage(partition)
        else:
            damage = None if self._legacy(partition) else _UNKNOWN
        if damage:
            raise StoreError(f"{partition.key()} is damaged: {damage}{_repair(partition)}")

    def _read_body(
        self, partition: Partition | Table, columns: Sequence[str] | None, *, are_optional: bool
    ) -> pl.DataFrame | None:
        """Out of a place whose objects are read whole."""
        body = self.objects.get(partition.key())
        if body is None:
            return None
        damages = [one.damage(body) for one in self.publications.files(partition)]
        if None not in damages and (damages or not self._legacy(partition)):
            raise StoreError(f"{partition.key()} is damaged: {(damages or [_UNKNOWN])[0]}{_repair(partition)}")
        try:
            return frame_of(io.BytesIO(body), columns, are_optional=are_optional)
        except pl.exceptions.PolarsError as error:
            raise StoreError(f"{partition.key()} is damaged ({_first_line(error)}){_repair(partition)}") from error

    def published(self, partition: Partition | Table) -> Published | None:
        """Fingerprint and record of what is published there; None where nothing is, or its footer is damaged.

        Raises:
            StoreError: the place can have no such file.
        """
        if not isinstance(self.objects, LocalObjects):
            body = self.objects.get(partition.key())
            return None if body is None else footer(io.BytesIO(body))
        if self.objects.stat(partition.key()) is None:
            return None
        path = self.objects.path(partition.key())
        try:
            entries = self._entries(partition)
        except StoreError:
            return None
        if not entries:
            return footer(path, SCHEMAS_WITHOUT_DIGESTS)
        return footer(path) if footer_among(str(path), entries) else None

    def fingerprint(self, partition: Partition | Table) -> str | None:
        """The fingerprint of what is published there, as `published` has it; a file that was hashed is not opened.

        Raises:
            StoreError: the place can have no such file.
        """
        info = self.objects.stat(partition.key())
        if info is None:
            return None
        digest = self.verified.digest(info)
        with suppress(StoreError):
            entries = self._entries(partition)
            known = next((made for made, one in entries if one.whole == digest), None) or self._by_footer(info, entries)
            if known is not None:
                return known
        found = self.published(partition)
        return found.fingerprint if found else None

    def _by_footer(self, info: ObjectInfo, entries: Sequence[Entry]) -> str | None:
        """Which publication a file is of by its footer, which is looked at once as long as it stays the same file."""
        known = self._footers.get(info.key)
        if known is not None and known[0] == info and any(one[1] is known[1][1] for one in entries):
            return known[1][0]
        if not entries or not isinstance(self.objects, LocalObjects):
            return None
        found = footer_among(self.objects.name(info.key), entries)
        if found is None:
            return None
        self._footers[info.key] = info, found
        return found[0]

    def _entries(self, partition: Partition | Table) -> list[Entry]:
        """What the file of a partition may be, the newest first, each with its fingerprint."""
        zone = zone_of(partition)
        entries = reversed(self.publications.entries(partition))
        return [(one.fingerprint, one.files[zone]) for one in entries if zone in one.files]

    def damage(self, partition: Partition | Table, *, afresh: bool = False) -> str | None:
        """What is wrong with the bytes of a published file, in words; None where they are sound, or there is no file.

        `afresh` hashes it whatever is remembered of it.

        Raises:
            StoreError: it cannot be read.
        """
        info = self.objects.stat(partition.key())
        if info is None or self.whole(partition, afresh=afresh):
            return None
        expected = self.publications.files(partition)
        if not expected:
            return _UNKNOWN
        if info.size != expected[0].size:
            return f"it has {info.size:,} bytes where {expected[0].size:,} were published"
        return "its bytes are not those that were published"

    def lost(self, places: Iterable[_Place]) -> list[_Place]:
        """Those of the places of which a manifest says that a file was put, and there is none.

        It is lost, or a process was killed just before it put it. One that is about to put it is waited for.

        Raises:
            StoreError: a manifest is damaged.
        """
        absent = (one for one in places if self.objects.stat(one.key()) is None)
        missing = [one for one in absent if self.publications.files(one) and self.publications.was_put(one)]
        if not self._missed.issuperset(missing):
            time.sleep(_ABOUT_TO_PUT)
            self._missed.update(missing)
        return [one for one in missing if self.objects.stat(one.key()) is None]

    def older(self, partition: Partition | Table) -> bool:
        """Whether a file is whole, and of an earlier publication than the last: put back, or not replaced yet.

        Raises:
            StoreError: it cannot be read, or its manifest is damaged.
        """
        files, digest = self.publications.files(partition), self.whole_digest(partition)
        return bool(files) and digest != files[0].whole and digest in {one.whole for one in files[1:]}

    def whole(self, partition: Partition | Table, *, afresh: bool = False) -> list[str]:
        """The fingerprints of the publications that a file is, by all of its bytes; none where it is damaged or absent.

        A file that has stayed the same file, by inode and times, is hashed once, unless `afresh`.

        Raises:
            StoreError: it cannot be read, or its manifest is damaged.
        """
        digest, zone = self.whole_digest(partition, afresh=afresh), zone_of(partition)
        if digest is None:
            return []
        entries = self.publications.entries(partition)
        if not entries and (legacy := self._legacy(partition)):
            return [legacy.fingerprint]
        return [one.fingerprint for one in entries if zone in one.files and one.files[zone].whole == digest]

    def whole_digest(self, partition: Partition | Table, *, afresh: bool = False) -> str | None:
        """The digest of all bytes of a file; None where there is none."""
        info = self.objects.stat(partition.key())
        if info is None:
            return None
        digest = None if afresh else self.verified.digest(info)
        if digest is None:
            digest = digest_of(self.objects.get(partition.key()) or b"")
            self.verified.note(info, digest)
        return digest

    def _legacy(self, partition: Partition | Table) -> "Published | None":
        """What a file of a release without manifests says of itself; None where it is of this one."""
        body = self.objects.get(partition.key())
        return None if body is None else footer(io.BytesIO(body), SCHEMAS_WITHOUT_DIGESTS)

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """Whether an object is there with the bytes of this digest. One that has stayed the same is hashed once.

        Raises:
            StoreError: it cannot be read.
        """
        info = self.objects.stat(key)
        if info is None or info.size != size:
            return False
        digest = self.verified.digest(info)
        if digest is None:
            digest = hashlib.sha256(self.objects.get(key) or b"").hexdigest()
            self.verified.note(info, digest)
        return digest == sha256

    def remember(self) -> None:
        """Keeps what was hashed, for readers to come; where nothing can be kept they hash it again."""
        with suppress(StoreError):
            self.verified.save()


def _repair(place: Partition | Table) -> str:
    """What repairs a partition; frames of no single symbol are made by other commands, each by its own."""
    return "; materialize it again" if isinstance(place, Partition) else ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
