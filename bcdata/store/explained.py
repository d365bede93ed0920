"""What the system says of a place that cannot be used, in words for users: the cause, and the way out."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bcdata.errors import StoreError

_CAUSES = {
    errno.ENOSPC: "no space is left on the device; free some and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "files of this size may not be written here; raise `ulimit -f` and run the same command again",
    errno.EROFS: "the file system is read-only; point BCDATA_ROOT at a place that can be written",
    errno.EACCES: "permission denied; point BCDATA_ROOT at a place that can be written",
    errno.EPERM: "permission denied; point BCDATA_ROOT at a place that can be written",
    errno.EMFILE: "too many files are open; raise `ulimit -n` and run the same command again",
    errno.ENFILE: "too many files are open on this machine; run the same command again later",
    errno.ENAMETOOLONG: "the name is too long for this file system",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns errors of the system about a file or folder into such words.

    Raises:
        StoreError: there was one.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot use {path}: {cause_of(error, path)}") from error


def cause_of(error: OSError, path: Path) -> str:
    """The cause, and the way out; where something stands in the way of the file or folder, with its path."""
    named = error.filename2 or error.filename
    own = Path(os.fsdecode(named)) if isinstance(named, str | bytes) else path
    if error.errno == errno.EISDIR:
        return f"a folder stands where a file is needed: {own}; move it away"
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        way = next((one for one in (*reversed(own.parents), own) if one.exists() and not one.is_dir()), own)
        return f"a file stands where a folder is needed: {way}; move it away, or point BCDATA_ROOT at a folder"
    return _CAUSES.get(error.errno or 0, error.strerror or str(error))
