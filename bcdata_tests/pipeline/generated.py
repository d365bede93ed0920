"""The demo's generated market, served over loopback to the tests of a module."""

from collections.abc import Iterator

import pytest

from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata_tests.run import pointed_at, utc

NOW = utc("2023-07-04")
MARKET = GeneratedMarket.demo()


@pytest.fixture(scope="module", name="exchange")
def generated_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackExchange]:
    with (
        LoopbackExchange(MARKET, now=NOW) as exchange,
        pointed_at(exchange.environment(), tmp_path_factory.mktemp("state")),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("BCDATA_HTTP_READ_TIMEOUT", "20")  # a listing states sizes, for which objects are made
        yield exchange
