"""Runs that are recorded once for all tests of Dagster's storage in a file."""

import pytest

from bcdata_tests.facts.storage_cases import Recording, record_runs


@pytest.fixture(scope="module")
def recording() -> Recording:
    """What some runs leave, event by event."""
    return record_runs()
