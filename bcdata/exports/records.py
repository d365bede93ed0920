"""What stands beside exported files: what was asked for, what it was made of, and the digests of the files.

By it an export that is run again leaves alone what is still true, and knows its own files from those of others.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from blake3 import blake3
from pydantic import TypeAdapter, ValidationError

from bcdata.exports.staged import staged, sweep

FOLDER = ".bcdata"
"""In the folder of an export."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was exported.

    Attributes:
        rows: how many it has.
        bytes: its size.
        digest: of its bytes.
        before: the digest of the file that it took the place of: it may still stand there if the process was killed.
    """

    rows: int
    bytes: int
    digest: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What was exported together.

    Attributes:
        asked: a digest of the request.
        inputs: a digest of the fingerprints of what it was made of; empty where something was held back.
        files: by their path in the folder.
        left_out: bars that were known too late to be put in order.
    """

    asked: str
    inputs: str
    files: Mapping[str, Written]
    left_out: int = 0

    def is_of(self, asked: str, inputs: str) -> bool:
        """Whether it is of this request and made of this, where that is known."""
        return bool(inputs) and (self.asked, self.inputs) == (asked, inputs)

    def stands(self, out: Path) -> bool:
        """Whether all files are there as they were written."""
        return all(digest_of(out / path) == one.digest for path, one in self.files.items())

    def owns(self, path: str, digest: str) -> bool:
        """Whether a file with this digest at the path was exported, and by nobody changed."""
        return path in self.files and digest in {self.files[path].digest, self.files[path].before}

    def write(self, place: Path) -> None:
        """Puts it at its place, whole."""
        place.parent.mkdir(parents=True, exist_ok=True)
        sweep(place.parent)
        with staged(place) as path:
            path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True), encoding="utf-8")


_RECORD = TypeAdapter(Record)


def read_record(place: Path) -> Record | None:
    """The record at a place; None where there is none, or it is damaged, or names files elsewhere."""
    try:
        found = _RECORD.validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None
    return found if all(map(_is_inside, found.files)) else None


def digest_of(path: Path) -> str | None:
    """The digest of a file's bytes; None where there is no file."""
    if not path.is_file():
        return None
    return blake3().update_mmap(path).hexdigest()


def _is_inside(text: str) -> bool:
    path = PurePosixPath(text)
    return not path.is_absolute() and ".." not in path.parts and bool(path.parts)
