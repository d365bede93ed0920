"""REST: pages of settlements, and what is not accepted as an answer."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bcdata.errors import ProviderError
from bcdata.providers.base import Series
from bcdata.windows import Window
from bcdata_tests.net.fault_server import Reply
from bcdata_tests.providers.exchange_server import Capped, Exchange
from bcdata_tests.providers.test_rest import START, START_MS, use, window

HOUR_MS = 3_600_000
FUNDING = Series("um", "funding", "BTCUSDT")


def test_funding_is_paged(tmp_path: Path) -> None:
    exchange = Exchange([])
    exchange.settlements = [START_MS + hour * 3_600_000 + hour % 9 for hour in range(2500)]
    asked = Window(START + timedelta(hours=1), START + timedelta(hours=2400))
    pages, server = use(tmp_path, exchange, lambda rest: rest.funding(FUNDING, asked))
    times = [row["fundingTime"] for page in pages for row in json.loads(page.body)]
    assert times == exchange.settlements[1:2400]
    assert [page.rows for page in pages] == [1000, 1000, 399]
    assert server.count == 3
    assert server.requests[0].path == "/fapi/v1/fundingRate"


class Newest(Capped):
    """A server that sends the newest rows of a range, and fewer than it was asked for."""

    def funding(self, query: dict[str, str]) -> bytes:
        rows = json.loads(super().funding({**query, "limit": "100000"}))
        return json.dumps(rows[-int(query["limit"]) :]).encode()


def settled(exchange: Capped, tmp_path: Path, hours: int) -> tuple[list[int], int]:
    """The times that come for so many hours, and the number of requests."""
    asked = Window(START, START + timedelta(hours=hours))
    pages, server = use(tmp_path, exchange, lambda rest: rest.funding(FUNDING, asked))
    return [row["fundingTime"] for page in pages for row in json.loads(page.body)], server.count


@pytest.mark.parametrize("server", [Capped, Newest])
@pytest.mark.parametrize(("most", "every"), [(500, 1), (100, 1), (50, 1), (10, 1), (7, 2), (2, 4), (1, 8)])
def test_funding_of_a_server_that_caps_its_pages(tmp_path: Path, server: type[Capped], most: int, every: int) -> None:
    exchange = server([], most)
    exchange.settlements = [START_MS + at * every * HOUR_MS + at % 7 for at in range(800 // every)]
    times, requests = settled(exchange, tmp_path, 768)
    assert times == exchange.settlements[: 768 // every]
    ends_with_one = (768 // every) % most == 1
    assert requests == -(-768 // every // most) + (1 if most == 1 or ends_with_one else 0)


@pytest.mark.parametrize("every", [1, 2, 4, 8])
def test_a_page_that_reaches_the_end_costs_no_more(tmp_path: Path, every: int) -> None:
    """The last settlement and the first one are less than an interval from the edges, or some ms more."""
    exchange = Capped([], 1000)
    exchange.settlements = [START_MS + at * every * HOUR_MS - 3 for at in range(300)]
    times, requests = settled(exchange, tmp_path, 240)
    assert (times, requests) == (exchange.settlements[1 : 240 // every + 1], 1)


@pytest.mark.parametrize("server", [Capped, Newest])
@pytest.mark.parametrize("most", [1000, 10])
@pytest.mark.parametrize("lost", [slice(0, 20), slice(30, 60), slice(70, 96), slice(0, 96)])
def test_holes_in_settlements_lose_nothing_beside_them(
    tmp_path: Path, server: type[Capped], most: int, lost: slice
) -> None:
    exchange = server([], most)
    exchange.settlements = [START_MS + at * 8 * HOUR_MS for at in range(96)]
    del exchange.settlements[lost]
    times, requests = settled(exchange, tmp_path, 768)
    assert times == exchange.settlements
    assert requests <= len(times) // most + 3


def test_settlements_a_row_at_a_time_are_not_followed_for_ever(tmp_path: Path) -> None:
    exchange = Capped([], 1)
    exchange.settlements = [START_MS + at * HOUR_MS for at in range(800)]
    with pytest.raises(ProviderError, match=r"so few rows.*BCDATA_BINANCE_UM_URL"):
        settled(exchange, tmp_path, 768)


@pytest.mark.parametrize("kind", ["descending", "repeats", "repeats the last page"])
def test_pages_that_go_back_are_no_answer(tmp_path: Path, kind: str) -> None:
    class Back(Capped):
        def funding(self, query: dict[str, str]) -> bytes:
            if kind == "repeats the last page":
                query = {**query, "startTime": str(START_MS)}
            rows = json.loads(super().funding(query))
            turned = {"descending": rows[::-1], "repeats": [*rows, *rows[-1:]]}.get(kind, rows)
            return json.dumps(turned).encode()

    exchange = Back([], 10)
    exchange.settlements = [START_MS + at * 8 * HOUR_MS for at in range(96)]
    with pytest.raises(ProviderError, match="not usable"):
        settled(exchange, tmp_path, 768)


SETTLED = {"symbol": "BTCUSDT", "fundingTime": START_MS, "fundingRate": "0.0001"}


@pytest.mark.parametrize(
    "rows",
    [
        [SETTLED | {"symbol": "ETHUSDT"}],
        [SETTLED | {"fundingTime": "x"}],
        [SETTLED | {"fundingTime": START_MS - 1}],
        [SETTLED, SETTLED],
        [[1]],
        {"code": 0},
    ],
)
def test_funding_of_another_shape_proves_nothing(tmp_path: Path, rows: object) -> None:
    body = json.dumps(rows).encode()
    with pytest.raises(ProviderError, match="not usable"):
        use(tmp_path, lambda _: Reply(body), lambda rest: rest.funding(FUNDING, window(0, 10)))
