"""This machine: Python, libraries, extras, folders, ports and limits."""

import errno
import os
import re
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from bcdata.errors import UsageError
from bcdata.reporting.doctor.check import Check, ok, problem, warning

LEAST_PYTHON = (3, 11)
LEAST_FILES = 1024
"""Open files that a run with all its connections and databases may need."""
LEAST_FREE = 5_000_000_000
"""Bytes below which a run of some size fills the disk."""
_REQUIRES = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?\s*(?:([=<>~!]{2})\s*([\w.]+))?")
_EXTRA = re.compile(r"extra\s*==\s*['\"](\w+)['\"]")
_EXTRAS = {
    "alerts": ("apprise", "messages to people"),
    "ccxt": ("ccxt", "exchanges through ccxt"),
    "pandas": ("pandas", 'load(to="pandas")'),
    "pictures": ("matplotlib", "pictures of features"),
    "plots": ("altair", "bcdata.plot"),
    "stocks": ("exchange_calendars", "calendars of exchanges"),
}
_REMOTE = ("nfs", "cifs", "smb", "fuse.sshfs", "9p")
"""Kinds of file systems whose locks SQLite and others cannot rely on."""


def environment() -> Iterator[Check]:
    """Python, the libraries that bcdata needs, and the extras that are there."""
    words = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= LEAST_PYTHON:
        yield ok("Python", words)
    else:
        yield problem("Python", words, "bcdata needs 3.11 or later")
    yield _libraries()
    there = [f"{extra} ({what})" for extra, (module, what) in _EXTRAS.items() if find_spec(module)]
    absent = [extra for extra, (module, _) in _EXTRAS.items() if not find_spec(module)]
    hint = f"; not installed: {', '.join(absent)} (pip install 'bcdata[...]')" if absent else ""
    yield ok("extras", (", ".join(there) or "none") + hint)


def _libraries() -> Check:
    wrong, shown = [], []
    for text in requires("bcdata") or ():
        if _EXTRA.search(text) or not (match := _REQUIRES.match(text)):
            continue
        name, sign, wanted = match.groups()
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is not installed")
            continue
        if sign == "==" and found != wanted:
            wrong.append(f"{name} is {found}, pinned to {wanted}")
        elif sign == ">=" and _number(found) < _number(wanted):
            wrong.append(f"{name} is {found}, older than {wanted}")
        if name in {"dagster", "polars", "duckdb", "pyarrow"}:
            shown.append(f"{name} {found}")
    if wrong:
        return problem("libraries", "; ".join(wrong), "install them again: make .venv/.ready, or pip install bcdata")
    return ok("libraries", ", ".join(shown))


def _number(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text or "")[:3])


def folder(name: str, path: Path) -> Check:
    """Whether a folder is there, or can be made, can be written, and has room."""
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return problem(name, f"{path}: {there} is no folder", f"move {there} away, or set {name} to another place")
    if not os.access(there, os.W_OK | os.X_OK):
        return problem(name, f"{path}: {there} cannot be written", f"change its rights, or set {name} to another place")
    free, kind = shutil.disk_usage(there).free, file_system(there)
    words = f"{path}{'' if path.exists() else ' (made by the first run)'}: {kind}, {free / 1e9:,.1f} GB free"
    if kind.startswith(_REMOTE):
        return warning(name, words, "locks may not hold there for several processes: use a local disk")
    if free < LEAST_FREE:
        return warning(name, words, "a run says before it begins what it will take: materialize --dry-run")
    return ok(name, words)


def file_system(path: Path) -> str:
    """The kind of the file system that a path is on, as the kernel calls it; `unknown` where it does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"
    mounts = [line.split()[1:3] for line in lines]
    place = path.resolve()
    fitting = [(len(point), kind) for point, kind in mounts if place.is_relative_to(_unescaped(point))]
    return max(fitting, default=(0, "unknown"))[1]


def _unescaped(point: str) -> str:
    return re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), point)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there.

    Raises:
        UsageError: this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise UsageError(f"this machine has no address {host!r}: {error.strerror}") from None
            return False
    return True


def next_free(host: str, port: int) -> int | None:
    """The first port from this one on that a server could listen at."""
    return next((one for one in range(port, min(port + 100, 65_536)) if is_free(host, one)), None)


def port(number: int = 3000) -> Check:
    """Whether Dagster's pages can be served."""
    if is_free("127.0.0.1", number):
        return ok(f"port {number}", "free for `bcdata ui`")
    other = next_free("127.0.0.1", number)
    return warning(f"port {number}", "taken", f"bcdata ui --port {other}")


def open_files() -> Check:
    """Whether enough files may be open at once."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        return warning("open files", f"{soft:,} at most", f"ulimit -n {LEAST_FILES}")
    return ok("open files", "no limit" if soft == resource.RLIM_INFINITY else f"{soft:,} at most")
