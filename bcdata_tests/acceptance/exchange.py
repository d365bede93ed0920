"""A small exchange of its own: S3 listing, archive objects, CHECKSUMs and REST. No code of bcdata or its simulator."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from bcdata_tests.acceptance.market import FOLDERS, Bar, bars, csv, fields, span, zipped

Answer = tuple[int, bytes, dict[str, str]]
_MARKETS = {"api": "spot", "fapi": "um", "dapi": "cm"}


class Exchange:
    """Tests put objects, bars and settlements into it; `twist` may change what a klines question is answered."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, int]] = {}
        self.absent: set[str] = set()
        self.bars: dict[tuple[str, str, str], list[Bar]] = {}
        self.settlements: dict[str, list[tuple[int, str]]] = {}
        self.twist: Callable[[str, list[list[object]]], list[list[object]]] = lambda _, rows: rows
        self.asked: list[str] = []

    def add(
        self,
        market: str,
        symbol: str,
        interval: str,
        key: str,
        *,
        rows: list[Bar] | None = None,
        text: str | None = None,
        body: bytes | None = None,
        header: bool = False,
        delay: int = 86_400,
    ) -> str:
        """Publishes klines `delay` seconds after their day or month has ended; whole and right if not said otherwise.

        Returns:
            The key of the object.
        """
        period = "daily" if len(key) == len("2025-01-31") else "monthly"
        stem = f"{symbol}-{interval}-{key}"
        micros = market == "spot" and key >= "2025"
        content = text or csv(
            bars(symbol, interval, key) if rows is None else rows, interval, micros=micros, header=header
        )
        name = f"{FOLDERS[market]}/{period}/klines/{symbol}/{interval}/{stem}.zip"
        self.put(name, body or zipped(f"{stem}.csv", content), span(key)[1] + delay)
        return name

    def add_funding(self, symbol: str, month: str, rows: list[tuple[int, int, str]]) -> None:
        """Publishes a month of um settlements: (time in ms, hours, rate)."""
        stem = f"{symbol}-fundingRate-{month}"
        lines = [f"{when},{hours},{rate}\n" for when, hours, rate in rows]
        text = "calc_time,funding_interval_hours,last_funding_rate\n" + "".join(lines)
        self.put(
            f"{FOLDERS['um']}/monthly/fundingRate/{symbol}/{stem}.zip", zipped(f"{stem}.csv", text), span(month)[1]
        )

    def put(self, key: str, body: bytes, modified: int) -> None:
        """Puts an object and its CHECKSUM."""
        self.objects[key] = body, modified
        checksum = f"{hashlib.sha256(body).hexdigest()}  {key.rpartition('/')[2]}"
        self.objects[f"{key}.CHECKSUM"] = checksum.encode(), modified

    def answer(self, url: str) -> Answer:
        """What the servers say to a GET."""
        self.asked.append(url)
        parts = urlsplit(url)
        path = unquote(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path.startswith("/objects/"):
            return self._object(path.removeprefix("/objects/"))
        if path.rstrip("/") == "/listing":
            return 200, self._listing(query).encode(), {}
        market = _MARKETS[path.split("/")[1]]
        if path.endswith("/exchangeInfo"):
            return self._info(market)
        if path.endswith("/fundingRate"):
            return self._funding(query)
        return self._klines(market, query)

    def _object(self, key: str) -> Answer:
        if key not in self.objects or key in self.absent:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
        body, modified = self.objects[key]
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(modified))
        return 200, body, {"Last-Modified": stamp, "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}

    def _listing(self, query: dict[str, str]) -> str:
        prefix, delimiter, marker = (query.get(name, "") for name in ("prefix", "delimiter", "marker"))
        most = int(query.get("max-keys", "1000"))
        names: dict[str, bool] = {}
        for key in sorted(self.objects):
            if key.startswith(prefix):
                head, slash, _ = key.removeprefix(prefix).partition(delimiter or "\n")
                names[prefix + head + slash] = bool(slash)
        after = [name for name in names if name > marker]
        page = after[:most]
        more = len(after) > most
        xml = [f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"]
        if more and delimiter:
            xml.append(f"<NextMarker>{escape(page[-1])}</NextMarker>")
        xml += [_prefix(name) if names[name] else self._contents(name) for name in page]
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(xml)}</ListBucketResult>'

    def _contents(self, key: str) -> str:
        body, modified = self.objects[key]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(modified))
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        said = f"<LastModified>{stamp}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{len(body)}</Size>"
        return f"<Contents><Key>{escape(key)}</Key>{said}</Contents>"

    def _info(self, market: str) -> Answer:
        symbols = {symbol for where, symbol, _ in self.bars if where == market}
        said = [
            {"symbol": one, "status": "TRADING", "baseAsset": one[:-4], "quoteAsset": one[-4:]}
            for one in sorted(symbols)
        ]
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}
        return 200, json.dumps({"rateLimits": [limit], "symbols": said}).encode(), {}

    def _klines(self, market: str, query: dict[str, str]) -> Answer:
        symbol, interval = query["symbol"], query["interval"]
        if (market, symbol, interval) not in self.bars:
            return _unknown()
        first, last = int(query.get("startTime", "0")), int(query.get("endTime", f"{1 << 60}"))
        found = [bar for bar in self.bars[market, symbol, interval] if first <= bar.open_at * 1000 <= last]
        rows: list[list[object]] = []
        for bar in found[: int(query.get("limit", "500"))]:
            row: list[object] = list(fields(bar, interval, 1000))
            row[0], row[6], row[8] = int(str(row[0])), int(str(row[6])), bar.trades
            rows.append(row)
        return 200, json.dumps(self.twist(symbol, rows)).encode(), {}

    def _funding(self, query: dict[str, str]) -> Answer:
        symbol = query["symbol"]
        if symbol not in self.settlements:
            return _unknown()
        first, last, most = (int(query[name]) for name in ("startTime", "endTime", "limit"))
        rows = [
            {"symbol": symbol, "fundingTime": when, "fundingRate": rate}
            for when, rate in self.settlements[symbol]
            if first <= when <= last
        ]
        return 200, json.dumps(rows[:most]).encode(), {}


def _prefix(name: str) -> str:
    return f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"


def _unknown() -> Answer:
    return 400, b'{"code": -1121, "msg": "Invalid symbol."}', {}


@contextmanager
def serving(exchange: Exchange) -> Iterator[dict[str, str]]:
    """Serves it on loopback for the length of the block: the variables that point bcdata at it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, headers = exchange.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's word)
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {
            "BCDATA_BINANCE_ARCHIVE_URL": f"{base}/objects",
            "BCDATA_BINANCE_LISTING_URL": f"{base}/listing",
            **{f"BCDATA_BINANCE_{market}_URL": base for market in ("SPOT", "UM", "CM")},
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
