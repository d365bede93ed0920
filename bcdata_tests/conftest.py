"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, not about the code. In CI hypothesis does this itself.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI") != "true":
    settings.load_profile("patient")


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
