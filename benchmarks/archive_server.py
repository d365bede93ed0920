"""A mirror of the archive on loopback, in a process of its own: files by sendfile, listings as S3 writes them.

Leaner than the simulated exchange, which hashes what it serves: the time measured should be the client's.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bcdata.simulate.binance import listing
from bcdata.simulate.binance.market.market import ObjectStat
from benchmarks.measure import BenchmarkError, environment


@contextmanager
def archive_server(folder: Path) -> Iterator[dict[str, str]]:
    """Serves a tree laid out as the archive, and yields the variables that point bcdata at it.

    There is no REST: what is measured lacks no bars that REST could be asked for.

    Raises:
        BenchmarkError: it did not start.
    """
    words = [sys.executable, "-m", "benchmarks.archive_server", str(folder)]
    with subprocess.Popen(
        words, env=environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise BenchmarkError(f"the server over {folder} did not start")
        try:
            yield json.loads(line)
        finally:
            process.terminate()


def _application(folder: Path) -> web.Application:
    async def objects(request: web.Request) -> web.StreamResponse:
        path = folder / request.match_info["key"]
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def page(request: web.Request) -> web.StreamResponse:
        query = listing.ListingQuery.parse(request.query)
        found = listing.page(_keys(folder, query.prefix), query)
        text = listing.render(found, query, lambda key: _stat(folder / key))
        return web.Response(text=text, content_type="application/xml")

    application = web.Application()
    application.router.add_get("/listing", page)
    application.router.add_get("/listing/", page)
    application.router.add_get("/{key:.*}", objects)
    return application


def _keys(folder: Path, prefix: str) -> list[str]:
    below = folder / prefix.rpartition("/")[0]
    keys = (path.relative_to(folder).as_posix() for path in below.rglob("*") if path.is_file())
    return sorted(key for key in keys if key.startswith(prefix))


def _stat(path: Path) -> ObjectStat:
    known = path.stat()
    modified = datetime.fromtimestamp(int(known.st_mtime), UTC)
    return ObjectStat(known.st_size, f'"{known.st_mtime_ns:x}-{known.st_size:x}"', modified)


def _announce(url: str) -> None:
    variables = {"BCDATA_BINANCE_ARCHIVE_URL": url, "BCDATA_BINANCE_LISTING_URL": f"{url}/listing"}
    sys.stdout.write(json.dumps(variables) + "\n")
    sys.stdout.flush()


def _serve(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        _announce(f"http://127.0.0.1:{bound.getsockname()[1]}")
        web.run_app(_application(folder), sock=bound, print=None, access_log=None)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
