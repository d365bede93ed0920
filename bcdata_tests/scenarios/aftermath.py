"""A lake after the power was cut: what its readers give, what it still has, and what one run makes of it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.catalog import load_catalog
from bcdata.errors import StoreError
from bcdata.pipeline.records.manifests import read_manifest
from bcdata.pipeline.records.shapes import stored
from bcdata.store.layout import PART, Partition, Table, symbol_and_date
from bcdata.store.store import Store
from bcdata_tests.scenarios.disk import Cut
from bcdata_tests.scenarios.power import UNIVERSE, D, Followed, Stage, files_of, run


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is found after a cut, and what becomes of it."""

    followed: Followed
    stage: Stage
    cut: Cut
    root: Path
    digest: str
    """Of all that is found."""

    @classmethod
    def of(cls, followed: Followed, cut: Cut, root: Path) -> "Aftermath":
        """Replays the cut."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        digest = cut.replay(followed.disk, root)
        return cls(followed, followed.stages[-1], cut, root, digest)

    def check_readers(self, caplog: pytest.LogCaptureFixture) -> None:
        """Readers give what was published once, say what is wrong and what to do, or warn that it is between two."""
        store = Store(self.root)
        for key in sorted(self.followed.disk.names):
            if key.endswith(f"/{PART}") and not key.startswith((".", "quarantine")):
                self._check_read(store, key, caplog)

    def _check_read(self, store: Store, key: str, caplog: pytest.LogCaptureFixture) -> None:
        place = _place(key)
        frame, refusal = _tried(lambda: store.read(place))
        if refusal is None:
            self._check_frame(key, frame)
        else:
            assert isinstance(place, Partition), f"{refusal}: it cannot be learnt again"
            assert "materialize" in refusal, f"no way out: {refusal}"
        if isinstance(place, Partition) and place.zone in {"merged", "features"}:
            self._check_load(store, place, key, caplog)

    def _check_frame(self, key: str, frame: pl.DataFrame | None) -> None:
        if frame is None:
            versions = self.followed.disk.versions(key, self.cut.moment)
            assert any(one.file is None for one in versions), f"{key} is gone"
        else:
            assert any(frame.equals(one) for one in self.followed.frame_of(key)), f"{key} was never this"

    def _check_load(self, store: Store, place: Partition, key: str, caplog: pytest.LogCaptureFixture) -> None:
        if store.objects.stat(place.key()) is None:
            return
        caplog.clear()
        catalog = load_catalog(self._catalog)
        asked = {"zone": place.zone, "missing": "ignore", "root": self.root, "catalog": catalog}
        rows, refusal = _tried(lambda: load(D, place.symbol, **asked))
        if rows is None:
            assert "bcdata materialize --dataset" in str(refusal), f"no way out: {refusal}"
            return
        known = [one.height for one in self.followed.frame_of(key)]
        if rows.height == 0 and 0 not in known:
            assert "is left out" in caplog.text, f"{key}: load drops it without a word"
            return
        found = rows.drop("symbol")
        assert any(found.equals(one.select(found.columns)) for one in self.followed.frame_of(key)), f"{key}: load"

    @property
    def _catalog(self) -> Path:
        return self.followed.world.folder / "catalog.yaml"

    def check_kept(self) -> None:
        """What cannot be had again is there: raw with the bytes that its manifests name, and the universe."""
        store = Store(self.root)
        for key in sorted(self.followed.disk.names):
            if key.startswith("raw/") and key.endswith("/manifest.json"):
                found = symbol_and_date(key)
                assert found is not None
                place = Partition("raw", D, *found, key.split("/")[1])
                manifest = read_manifest(store, place)
                versions = self.followed.disk.versions(key, self.cut.moment)
                assert manifest is not None or any(one.file is None for one in versions), f"{key} is lost"
                for record in stored(manifest or {}):
                    file = place.key(record["file"])
                    assert store.holds(file, record["bytes"], record["sha256"]), f"{file} is lost"
        learnt = max((one.learnt for one in self.followed.stages if one.learnt <= self.cut.moment), default=None)
        if learnt is not None:
            held = store.read(UNIVERSE)
            assert held is not None, "the universe is lost"
            want = self._universe(learnt)
            assert set(want.rows()) <= set(held.rows()), "what was learnt of the universe is lost"

    def _universe(self, moment: int) -> pl.DataFrame:
        known = [one for one in self.followed.disk.names[UNIVERSE.key()] if one.at < moment and one.file]
        assert known[-1].file is not None
        return pl.read_parquet(known[-1].file.body)

    def check_healed(self) -> None:
        """One run ends in the bytes of the lake that had no cut."""
        run(self.followed.world, self.root, self.stage.now)
        found = files_of(self.root)
        want = self.stage.files
        assert found.keys() == want.keys(), f"other files: {sorted(found.keys() ^ want.keys())}"
        assert found == want, f"other bytes: {[key for key in want if found[key] != want[key]]}"


def _place(key: str) -> Partition | Table:
    """The place of a published file."""
    found = symbol_and_date(key)
    if found is None:
        return Table(key.removesuffix(PART))
    parts = key.partition("/symbol=")[0].split("/")
    return Partition(parts[0], parts[-1], *found, parts[1] if len(parts) == 3 else None)


def _tried(read: Callable[[], pl.DataFrame | None]) -> tuple[pl.DataFrame | None, str | None]:
    """What a reader gives, or why it refuses."""
    try:
        return read(), None
    except StoreError as error:
        return None, str(error)
