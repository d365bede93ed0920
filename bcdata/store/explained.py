"""What the system says of a place that cannot be used, in words for users: the cause, and the way out."""

import errno
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
    errno.ENOTDIR: "a file stands where a folder is needed; point BCDATA_ROOT at a folder",
    errno.EEXIST: "a file stands where a folder is needed; point BCDATA_ROOT at a folder",
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
        cause = _CAUSES.get(error.errno or 0, error.strerror or str(error))
        raise StoreError(f"cannot use {path}: {cause}") from error
