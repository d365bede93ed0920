"""Archive objects with the same bytes whenever they are made: one deflated member, dated by its content."""

import io
import zipfile
from datetime import datetime

_LEVEL = 1
_MODE = 0o644 << 16


def make_zip(member: str, content: bytes, dated: datetime) -> bytes:
    """A zip with one deflated member."""
    info = zipfile.ZipInfo(member, dated.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _MODE
    info.create_system = 3  # Unix, wherever this runs
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, content, compresslevel=_LEVEL)
    return out.getvalue()


def read_zip(body: bytes) -> tuple[str, bytes]:
    """Name and content of the first member.

    Raises:
        zipfile.BadZipFile: this is no zip, or a damaged one.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        if not names:
            raise zipfile.BadZipFile("no member")
        return names[0], archive.read(names[0])
