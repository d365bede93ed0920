"""What does not fit, and why: each file that was not adopted has a word for programs and a line for people."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Reason(StrEnum):
    """Why a file was not adopted. What is in the zip, and how it stands to its name, has the words of the gate."""

    OUTSIDE = "link_outside"
    """A symbolic link that leads out of the folder."""
    CANNOT_BE_READ = "cannot_be_read"
    TOO_LARGE = "too_large"
    NAME = "name_not_understood"
    AMBIGUOUS = "ambiguous"
    """Neither the path nor `--dataset` tells market and type."""
    NOT_IN_CATALOG = "not_in_catalog"
    PERIOD = "period_left_out"
    """The catalog has files of this period left out."""
    BEFORE_START = "before_start"
    FUTURE = "in_the_future"
    CHECKSUM = "checksum_mismatch"
    NOT_VERIFIED = "not_verified"
    """No checksum lies beside it, and none could be had."""
    UNREADABLE = "unreadable"
    """Truncated, damaged, encrypted, not a zip."""
    BOMB = "bomb"
    CONTENT = "content_matches_name"
    """The zip holds another file than its name says."""
    TWO_VERSIONS = "two_versions"
    """The folder has several files of one object, and they differ."""
    OTHER_BYTES = "other_bytes"
    """The lake has the object, in other bytes."""
    FAILED = "failed"
    """The lake could not take it."""


@dataclass(frozen=True, slots=True, order=True)
class Misfit:
    """A file that was not adopted."""

    path: Path
    reason: Reason
    text: str

    def to_json(self) -> dict[str, str]:
        """As plain values."""
        return {"path": shown(self.path), "reason": self.reason.value, "text": self.text}


def counted(misfits: Iterable[Misfit]) -> dict[str, int]:
    """How many there are of each reason, the most frequent first."""
    return dict(Counter(one.reason.value for one in misfits).most_common())


def shown(path: Path) -> str:
    """A path as text, with escapes for bytes that are none."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
