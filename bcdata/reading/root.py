"""Where the lake is: a wrong BCDATA_ROOT is an error, and never reads as a lake without data."""

from pathlib import Path

from bcdata.errors import UsageError


def require_lake(root: Path) -> None:
    """Passes a folder, though it may be empty.

    Raises:
        UsageError: there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(no_lake(root))


def require_outside(folder: Path, root: Path) -> None:
    """Passes a folder that is not in the lake.

    Raises:
        UsageError: what is written there would stand among the files of the lake, or its links go round in a circle.
    """
    place, lake = _resolved(folder), _resolved(root)
    if place == lake or lake in place.parents:
        raise UsageError(f"{folder} is in the lake {root}; choose a folder outside of it")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise UsageError(f"{path} leads nowhere: a link in it goes round in a circle; name another folder") from None


def no_lake(root: Path) -> str:
    """What there is to say of a root that is no folder."""
    what = "that is no folder" if root.exists() else "there is no such folder"
    return f"there is no lake at {root}: {what}; BCDATA_ROOT says where it is, bcdata materialize makes it"
