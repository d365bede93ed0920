"""Fixtures that every package's tests may use."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from bcdata_tests.world import world as world  # noqa: PLC0414 (a fixture)

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
    """How workers share the tests, whatever `--dist` says."""
    return ByFileOrLake(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks cases as slow of which enough others go the same way (`one_in`), before slow ones are left out."""
    seen = Counter[str]()
    for item in items:
        if mark := item.get_closest_marker("one_in"):
            test = item.nodeid.partition("[")[0]
            if seen[test] % mark.args[0]:
                item.add_marker("slow")
            seen[test] += 1


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
