"""Archive objects: a zip with one CSV in it. Bounded against bombs; inflated with libdeflate."""

import io
import zipfile

import deflate

from bcdata.providers.base import ObjectError

MAX_RATIO = 200
"""Klines shrink four- to twentyfold; a flat market of repeated rows stays below a hundred."""
_DEFLATE = 8
_LOCAL_HEADER = 30


def unzip(body: bytes, *, member: str | tuple[str, ...], max_bytes: int) -> bytes:
    """Returns the content of the only member, which must have the given name, or one of several.

    Raises:
        ObjectError: `unreadable` (truncated, damaged, encrypted, not a zip), `bomb` (grows beyond `max_bytes`
            or 200-fold), or `content_matches_name` (another member, or more than one).
    """
    info = entry_of(body, member=member, max_bytes=max_bytes)
    content = _inflate(body, info)
    if deflate.crc32(content) != info.CRC:
        raise ObjectError("unreadable", "the CRC of the content is wrong")
    return content


def entry_of(body: bytes, *, member: str | tuple[str, ...], max_bytes: int | None = None) -> zipfile.ZipInfo:
    """What the directory of a zip says of its only member; nothing is inflated.

    Raises:
        ObjectError: as for `unzip`, as far as the directory tells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ObjectError("unreadable", f"not a whole zip file ({error})") from None
    expected = (member,) if isinstance(member, str) else member
    if len(infos) != 1 or infos[0].filename not in expected:
        names = ", ".join(repr(info.filename) for info in infos[:3]) or "nothing"
        raise ObjectError("content_matches_name", f"holds {names} where {expected[0]!r} was expected")
    info = infos[0]
    if info.file_size > (max_bytes or info.file_size) or info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise ObjectError("bomb", f"claims to inflate from {info.compress_size} to {info.file_size} bytes")
    if info.flag_bits & 1:
        raise ObjectError("unreadable", "the zip is encrypted")
    return info


def _inflate(body: bytes, info: zipfile.ZipInfo) -> bytes:
    header = body[info.header_offset : info.header_offset + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise ObjectError("unreadable", "the zip's local header is damaged")
    start = info.header_offset + _LOCAL_HEADER
    start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = body[start : start + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        content = bytes(packed)
    elif info.compress_type == _DEFLATE:
        try:
            # libdeflate writes into a buffer of the stated size and refuses to go beyond it.
            content = bytes(deflate.deflate_decompress(packed, info.file_size)) if info.file_size else b""
        except deflate.DeflateError as error:
            raise ObjectError("unreadable", f"the deflated content is damaged ({error})") from None
    else:
        raise ObjectError("unreadable", f"compression method {info.compress_type} is not used by this archive")
    if len(content) != info.file_size:
        raise ObjectError("unreadable", f"holds {len(content)} bytes where {info.file_size} were stated")
    return content
