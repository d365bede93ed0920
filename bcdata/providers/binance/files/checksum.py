"""CHECKSUM files of the archive: `<sha256>  <file name>`. Pure."""

import re

from bcdata.providers.base import ChecksumState

_LINE = re.compile(r"(?P<sha256>[0-9a-fA-F]{64})\s+\*?(?P<name>\S+)")


def verdict(sha256: str, name: str, text: str | None) -> ChecksumState:
    """How the content's sha256 (lower-case hex) stands to the CHECKSUM file's text; None if there is no such file.

    A file that names another object says nothing of this one: `malformed`.
    """
    if text is None:
        return "missing"
    match = _LINE.fullmatch(text.removeprefix("\ufeff").strip())
    if match is None or match["name"] != name:
        return "malformed"
    return "match" if match["sha256"].lower() == sha256 else "mismatch"
