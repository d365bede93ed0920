"""The zips of a folder, at any depth. Nothing in it is opened here, and no link is followed."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bcdata.adoption.misfits import Misfit, Reason, shown
from bcdata.errors import UsageError

_ZIP = ".zip"
_BESIDE = "._"
"""What macOS puts beside each file on a disk of another system, under the file's name: never a file of its own."""


@dataclass(slots=True)
class Found:
    """What a folder has.

    Attributes:
        zips: paths of files that are called zips, sorted.
        misfits: what is called so and cannot be looked into, and folders that cannot be listed.
        links: symbolic links to what is in the folder anyway.
        others: how many files are no zips and no checksums.
    """

    zips: list[Path] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    links: int = 0
    others: int = 0


def require_folder(folder: Path, root: Path) -> Path:
    """The folder with its links resolved.

    Raises:
        UsageError: it is none, or is inside the lake.
    """
    try:
        whole, lake = folder.expanduser().resolve(strict=True), root.resolve()
        is_folder = whole.is_dir()
    except (OSError, RuntimeError) as error:
        cause = getattr(error, "strerror", None) or error
        raise UsageError(f"there is no folder {shown(folder)}: {cause}; name the one that has the files") from None
    if not is_folder:
        raise UsageError(f"{shown(folder)} is a file; name the folder that has it")
    if whole == lake or lake in whole.parents:
        raise UsageError(f"{shown(folder)} is inside the lake at {root}: what is there is there; name another folder")
    return whole


def find(folder: Path, *, leave_out: Path, checksum: str) -> Found:
    """All zips below a folder.

    Args:
        folder: resolved.
        leave_out: a folder that may be below it and is not looked into: the lake.
        checksum: what names of checksum files end in.
    """
    found, lake = Found(), leave_out.resolve()

    def refused(error: OSError) -> None:
        words = f"the folder cannot be listed: {error.strerror or error}"
        found.misfits.append(Misfit(Path(error.filename), Reason.CANNOT_BE_READ, words))

    for place, folders, files in os.walk(folder, onerror=refused):
        here = Path(place)
        for name in [one for one in folders if (here / one).is_symlink()]:
            _link(here / name, folder, found)
        folders[:] = sorted(one for one in folders if not (here / one).is_symlink() and here / one != lake)
        for name in files:
            if name.lower().endswith(_ZIP) and not name.startswith(_BESIDE):
                _file(here / name, folder, found)
            elif not name.lower().endswith(checksum.lower()):
                found.others += 1
    found.zips.sort()
    return found


def _file(path: Path, folder: Path, found: Found) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        found.misfits.append(Misfit(path, Reason.CANNOT_BE_READ, str(error.strerror or error)))
        return
    if stat.S_ISLNK(mode):
        _link(path, folder, found)
    elif stat.S_ISREG(mode):
        found.zips.append(path)
    else:
        found.misfits.append(Misfit(path, Reason.CANNOT_BE_READ, "it is no file: a pipe, a socket or a device"))


def _link(path: Path, folder: Path, found: Found) -> None:
    """A link is not followed: what it leads to is in the folder anyway, or is not what was asked for."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        found.misfits.append(Misfit(path, Reason.CANNOT_BE_READ, "the link leads nowhere"))
        return
    if target == folder or folder in target.parents:
        found.links += 1
    else:
        words = f"the link leads out of the folder, to {shown(target)}; import that folder by its own name"
        found.misfits.append(Misfit(path, Reason.OUTSIDE, words))
