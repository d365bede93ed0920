"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, not about the code. In CI hypothesis does this itself.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI") != "true":
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together, for they share what they set up; golden ones all do: they have one lake."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            folder, name = item.path.parent.name, item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(folder if folder == "golden" else name))


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
