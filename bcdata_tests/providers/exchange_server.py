"""A klines server with Binance's manners: rows of one market, limits, and COIN-M's newest-first pages."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from bcdata_tests.net.fault_server import Reply, Request

MINUTE_MS = 60_000
_UNITS = {"1m": MINUTE_MS, "1h": 60 * MINUTE_MS, "1d": 1440 * MINUTE_MS}
_LONGEST = 200 * _UNITS["1d"]


def kline(open_ms: int, step: int = MINUTE_MS) -> list[object]:
    return [open_ms, "1.0", "2.0", "0.5", "1.5", "10", open_ms + step - 1, "15", 3, "4", "6", "0"]


class Exchange:
    """Answers from minute opens (ms); coarser bars exist wherever a minute does."""

    def __init__(self, opens: Sequence[int], now_ms: int = 1 << 60) -> None:
        self.opens = sorted(opens)
        self.now_ms = now_ms
        self.settlements: list[int] = []

    def __call__(self, request: Request) -> Reply:
        if request.query.get("symbol") == "NONE":
            return Reply(b'{"code":-1121,"msg":"Invalid symbol."}', status=400)
        assert "timeZone" not in request.query
        if request.path.endswith("/fundingRate"):
            return Reply(self.funding(request.query))
        return Reply(self.klines(request.query, newest_first=request.path.startswith("/dapi")))

    def klines(self, query: dict[str, str], *, newest_first: bool) -> bytes:
        step = _UNITS[query["interval"]]
        limit = int(query["limit"])
        bars = sorted({at // step * step for at in self.opens})
        if "startTime" not in query:
            return json.dumps([kline(at, step) for at in bars[-limit:]]).encode()
        start, end = int(query["startTime"]), int(query.get("endTime", self.now_ms))
        assert not (newest_first and end - start > _LONGEST)
        bars = [at for at in bars if start <= at <= end]
        return json.dumps([kline(at, step) for at in (bars[-limit:] if newest_first else bars[:limit])]).encode()

    def funding(self, query: dict[str, str]) -> bytes:
        start, end = int(query["startTime"]), int(query["endTime"])
        times = [at for at in self.settlements if start <= at <= end][: int(query["limit"])]
        rows = [{"symbol": query["symbol"], "fundingTime": at, "fundingRate": "0.0001"} for at in times]
        return json.dumps(rows).encode()


class Capped(Exchange):
    """A server that sends fewer rows than it was asked for, whatever the limit says."""

    def __init__(self, opens: Sequence[int], most: int) -> None:
        super().__init__(opens)
        self.most = most

    def __call__(self, request: Request) -> Reply:
        limit = min(self.most, int(request.query["limit"]))
        target = re.sub(r"limit=\d+", f"limit={limit}", request.target)
        return super().__call__(replace(request, target=target))
