"""The lake that tests of functions read."""

import pytest

from bcdata_tests.api.research import Research, made


@pytest.fixture(scope="package")
def research(tmp_path_factory: pytest.TempPathFactory) -> Research:
    """One lake for all of them: nothing writes to it."""
    return made(tmp_path_factory.mktemp("research"))
