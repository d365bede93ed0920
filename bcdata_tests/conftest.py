"""Fixtures that every package's tests may use."""

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from bcdata_tests.world import world as world  # noqa: PLC0414 (a fixture)

_HERE = Path(__file__).parent
_RUNS = frozenset(_HERE / name for name in ("pipeline", "healing", "scenarios", "evidence"))
"""Folders of tests whose cases are whole runs over a lake."""
_LONGEST = frozenset(_HERE / name for name in ("e2e", "scenarios", "facts"))
"""Folders whose tests take longest."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at; the folder in it has a random name
_ROOM = 8 << 30
"""Bytes that must be free in memory: tests remove their files when they pass."""

# How long an example takes says something about the machine, not about the code. In CI hypothesis does this itself.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI") != "true":
    settings.load_profile("patient")


class ByFileOrLake(LoadFileScheduling):
    """The tests of a file stay with one worker, and all that look at the lake of the golden tests do."""

    def _split_scope(self, nodeid: str) -> str:
        golden = "bcdata_tests/golden/"
        return golden if nodeid.startswith(golden) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFileOrLake:
    """How workers share the tests, whatever `--dist` says: in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByFileOrLake(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keeps the lakes of tests in memory, where there is room: thousands of small files are made and removed."""
    if config.option.basetemp is None and not hasattr(config, "workerinput") and _has_room(_MEMORY):
        config.option.basetemp = Path(tempfile.mkdtemp(prefix="bcdata-tests-", dir=_MEMORY))
        config.add_cleanup(partial(shutil.rmtree, config.option.basetemp, ignore_errors=True))


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks cases as slow of which enough others go the same way, before slow ones are left out.

    Of a test with the mark `one_in(n)` each n-th is run by default, and every second one of the whole runs in `_RUNS`;
    which they are follows from their names, so that no parameter keeps in step with the choice. The tests that take
    longest begin first, so that no worker is left with them in the end.
    """
    seen = set[str]()
    for item in items:
        if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
            continue
        test = item.nodeid.partition("[")[0]
        if test in seen and crc32(item.nodeid.encode()) % _one_in(item):
            item.add_marker("slow")
        seen.add(test)
    items.sort(key=lambda item: (item.path.parent not in _LONGEST, item.path))


def _one_in(item: pytest.Function) -> int:
    """Of how many cases of a test one is run by default."""
    mark = item.get_closest_marker("one_in")
    return mark.args[0] if mark else 2 if item.path.parent in _RUNS else 1


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data beside the checkout. Tests that need it skip where it is missing, and fail in CI."""
    data = Path(__file__).parents[2] / "shared" / "data"
    if not data.is_dir():
        reason = f"no shared market data at {data}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return data
