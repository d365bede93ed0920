"""A small lake with files of every zone, and ways to harm them: what any reader gives is true, or an error."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import bcdata
from bcdata.api.loading.sources import ZONES
from bcdata.errors import StoreError
from bcdata.exports.files import export
from bcdata.pipeline.zones import Zone
from bcdata.sql.connection import query
from bcdata.sql.views import AssetView, views
from bcdata.store.store import Store
from bcdata_tests.mirror import coarse, made_day
from bcdata_tests.run import Lake, Ran, tree, utc
from bcdata_tests.world import World

D, COARSER, SYMBOL, MONTHS = "spot_klines_15m", "spot_klines_1h", "BTCUSDT", ("2025-01", "2025-02")
NOW = utc("2025-04-01")
CATALOG = f"""datasets:
  {D}:
    grain: month
    start: 2025-01
    symbols: [{SYMBOL}]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1, ret_vol_z, rsi_14]}}
    labels: {{horizons: [1, 4]}}
    resample: [1h]
"""
BUILT = (Zone.PARSED, Zone.MERGED, Zone.FEATURES, Zone.REPORTS, Zone.SEASONALITY, Zone.LABELS, Zone.RESAMPLED)
REPAIR = f"bcdata materialize --dataset {D} --symbols {SYMBOL} --from 2025-0"
Read = Callable[[], object]


def filled(world: World) -> Lake:
    """A lake of two months: the archive lacks bars that REST has, and some that nobody has."""
    for month, days in zip(MONTHS, (31, 28), strict=True):
        rows = [row for day in range(1, days + 1) for row in coarse(made_day(f"{month}-{day:02}"), 15)]
        there = [*rows[:1000], *rows[1004:]]
        for mirror, some in ((world.mirror, [*there[:500], *there[520:]]), (world.truth, there)):
            mirror.put_month(SYMBOL, month, some, interval="15m")
            mirror.put_month(SYMBOL, month, coarse(there), interval="1h")
            mirror.put_month(SYMBOL, month, coarse(there, 1440), interval="1d")
    lake = world.lake(CATALOG, now=NOW)
    assert run(lake).troubles == []
    return lake


def run(lake: Lake, *only: Zone) -> Ran:
    """Materializes all of it, or some zones."""
    return lake.run(lake.plan(D, SYMBOL, *MONTHS), only=only or tuple(Zone))


@dataclass
class Watched:
    """A lake under damage: the bytes of its files while they were whole, and what readers gave then."""

    lake: Lake
    out: Path

    def __post_init__(self) -> None:
        self.whole = self.bytes_of()
        self.truth = {name: self.given(read) for name, read in self.reads()}
        assert all(isinstance(one, pl.DataFrame) and one.height for one in self.truth.values()), self.truth

    def files(self) -> list[Path]:
        """All files but side tables."""
        found = (path for path in self.lake.root.rglob("*") if path.is_file())
        return sorted(path for path in found if ".state" not in path.parts and path.name != "lock")

    def bytes_of(self) -> dict[str, str]:
        """What stands in the zones."""
        return tree(self.lake.root)

    def reads(self) -> Iterator[tuple[str, Read]]:
        """Everything that hands out rows."""
        lake = self.lake
        for zone in ZONES:
            name = COARSER if zone == "resampled" else D
            yield f"load {zone}", lambda n=name, z=zone: bcdata.load(n, zone=z, root=lake.root, catalog=lake.catalog)
        yield "load columns", lambda: bcdata.load(D, columns=["close", "volume"], root=lake.root, catalog=lake.catalog)
        yield "load flat", lambda: bcdata.load(D, fill="flat", root=lake.root, catalog=lake.catalog)
        for view in views(lake.catalog):
            if view.zone not in {"halts", "universe"}:
                yield f"query {view.zone}", lambda v=view: self._asked(v)
        yield "export", self._exported

    def given(self, read: Read) -> object:
        """The rows, or the text of the error."""
        try:
            return read()
        except StoreError as error:
            return str(error)

    def check(self, told: object) -> None:
        """All readers give the truth, or an error that names the command for the repair."""
        for name, read in self.reads():
            found = self.given(read)
            if isinstance(found, pl.DataFrame):
                assert found.equals(self.truth[name]), (name, told)
            else:
                assert REPAIR in str(found), (name, found, told)

    def check_next_zone(self, zone: Zone, told: object) -> None:
        """What a zone makes of damaged inputs has the bytes of what it made of whole ones, or is not made."""
        outcomes, now = run(self.lake, zone).outcomes, self.bytes_of()
        for step, one in outcomes:
            path = one.partition.key()
            if not one.ok:
                assert REPAIR in one.verdict.summary(), (step.key, one.verdict.summary(), told)
            elif path in self.whole:
                assert now[path] == self.whole[path], (path, told)

    def check_repaired(self, told: object) -> None:
        """One run later every byte is as before."""
        ran = run(self.lake)
        assert ran.troubles == [], told
        now = self.bytes_of()
        changed = {name for name in {*now, *self.whole} if now.get(name) != self.whole.get(name)}
        assert not changed, (changed, told)

    def _asked(self, view: AssetView) -> pl.DataFrame:
        sql = f'SELECT * FROM {view.zone}."{view.name}" ORDER BY ALL'  # noqa: S608
        return query(Store(self.lake.root), self.lake.catalog, sql)

    def _exported(self) -> pl.DataFrame:
        [one] = export(
            D, [SYMBOL], None, None, out=self.out, form="parquet", force=True, root=self.lake.root,
            catalog=self.lake.catalog,
        )  # fmt: skip
        return pl.read_parquet(one.path)


def harm(path: Path, dice: random.Random) -> str:
    """Flips one bit of a file where it lies, or cuts it; half of the time with its old times. Says what it did."""
    before, body = path.stat(), bytearray(path.read_bytes())
    if dice.random() < 0.75:
        at, bit = dice.randrange(len(body)), dice.randrange(8)
        body[at] ^= 1 << bit
        words = f"bit {bit} of byte {at} of {len(body)}"
    else:
        body = body[: dice.choice([len(body) - 1, dice.randrange(len(body))])]
        words = f"{len(body)} of {before.st_size} bytes"
    path.write_bytes(body)
    if dice.random() < 0.5:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        words += ", time set back"
    return words
