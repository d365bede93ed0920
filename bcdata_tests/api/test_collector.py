"""Reading leaves Python's garbage collector as it was."""

import gc

import pytest

from bcdata.api.loading.collector import without_collector


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_as_it_was_also_after_an_error(is_on: bool, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(gc.enable)
    if not is_on:
        gc.disable()
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            pass
        assert not gc.isenabled(), "whoever has begun is the one to end"
    assert gc.isenabled() is is_on
    with pytest.raises(ValueError, match="a file is damaged"), without_collector():
        raise ValueError("a file is damaged")
    assert gc.isenabled() is is_on
