"""Fixtures that every package's tests may use."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from bcdata_tests.small_disk import small_disk as small_disk  # noqa: PLC0414 (a fixture)
from bcdata_tests.world import world as world  # noqa: PLC0414 (a fixture)

_HERE = Path(__file__).parent
_RUNS = frozenset(_HERE / name for name in ("pipeline", "healing", "scenarios", "evidence"))
"""Folders of tests whose cases are whole runs over a lake."""
_SHARED = ("bcdata_tests/golden/", "bcdata_tests/features/")
_LONGEST = frozenset(
    _HERE / name
    for name in (
        "e2e",
        "scenarios",
        "facts",
        "features",
        "test_benchmarks.py",
        "pipeline/test_budget.py",
        "cli/test_kill.py",
    )
)
"""Folders and files whose tests take longest."""
_SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
_IS_CAMPAIGN = os.environ.get("BCDATA_CAMPAIGN_CASES") == "all"
_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at; the folder in it has a random name
_ROOM = 8 << 30
"""Bytes that must be free in memory: tests remove their files when they pass."""

# How long an example takes says something about the machine, not about the code. In CI hypothesis does this itself.
# Half of its examples do by default; a campaign tries many more.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=400 if _IS_CAMPAIGN else 50,
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("patient")


class ByFileOrLake(LoadFileScheduling):
    """The tests of a file stay with one worker, and so do those of a folder that share what is dear to make.

    These are the lake of the golden tests, and the kernels that tests of features compile in a fresh clone: half a
    minute that each worker would spend for itself.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = next((one for one in _SHARED if nodeid.startswith(one)), None)
        return shared or super()._split_scope(nodeid)


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
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks tests as slow of which enough others go the same way, or leaves them to campaigns.

    Of a test with the mark `one_in(n)` each n-th case is run by default; with `one_in(n, slow=m)` of the others one in
    m is slow, and a campaign runs them all. Whole runs in `_RUNS` go by `one_in(8, slow=3)` by themselves; of those
    without cases two in three are slow, and so is what needs the main job over the real archives. Which they are
    follows from their names and the seed, so that no parameter keeps in step with the choice. The tests that take
    longest begin first, so that no worker is left with them in the end.
    """
    seen, left = set[str](), list[pytest.Item]()
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if "main_job" in item.fixturenames:
            item.add_marker("slow")
        if not hasattr(item, "callspec"):
            if item.path.parent in _RUNS and crc32(f"{item.nodeid} {_SEED}".encode()) % 3:
                item.add_marker("slow")
            continue
        test = item.nodeid.partition("[")[0]
        one_in, slow = _shares(item)
        draw = crc32(f"{item.nodeid} {_SEED}".encode())
        if test in seen and draw % one_in:
            item.add_marker("slow")
            if draw // one_in % slow and not _IS_CAMPAIGN:
                left.append(item)
        seen.add(test)
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(map(id, left))
        items[:] = [item for item in items if id(item) not in gone]
    items.sort(key=lambda item: (not {item.path, item.path.parent} & _LONGEST, item.path))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and collected tests stay to the end: the garbage collector need not look through them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)
        gc.set_threshold(5_000, 20, 20)
        gc.enable()


def _shares(item: pytest.Function) -> tuple[int, int]:
    """Of how many cases of a test one is run by default, and of how many others one is slow."""
    mark = item.get_closest_marker("one_in")
    if mark is None:
        return (8, 3) if item.path.parent in _RUNS else (1, 1)
    return mark.args[0], mark.kwargs.get("slow", 1)


def pytest_report_header() -> str:
    return f"cases are chosen by seed {_SEED} (BCDATA_CAMPAIGN_SEED)"


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
