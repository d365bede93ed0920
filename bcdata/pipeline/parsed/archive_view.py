"""What the archive has in a partition and around it: what missing bars and answers of REST are weighed against."""

from dataclasses import dataclass, field

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import BAR, conform
from bcdata.ledger.explain import coarse_of
from bcdata.ledger.ledger import Reason
from bcdata.ledger.records import AnswersEvidence
from bcdata.ledger.residuals import CoarseBar, coarse_bars, residuals
from bcdata.pipeline.context import window_of
from bcdata.pipeline.lake import keys_over, published_sound, read_sound
from bcdata.pipeline.parsed.control_bars import read_controls
from bcdata.pipeline.records.in_footers import FilesRecord, files_record
from bcdata.pipeline.records.manifests import archive_manifest, held_manifest
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


@dataclass(frozen=True)
class ArchiveView:
    """The archive's part of one partition, as parsed has it. Reads what it is asked for, once.

    Attributes:
        store: the lake.
        dataset: whose bars they are.
        partition: of whatever zone.
        record: of the parsed files; empty where the archive is no source.
    """

    store: Store
    dataset: Dataset
    partition: Partition
    record: FilesRecord
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    _controls: dict[str, dict[str, pl.DataFrame]] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store, dataset: Dataset, partition: Partition) -> "ArchiveView | None":
        """The view; None where the archive is a source, and its part of the partition is not published."""
        if dataset.bulk is None:
            return cls(store, dataset, partition, {})
        published = published_sound(store, partition.in_zone("parsed", dataset.bulk))
        return cls(store, dataset, partition, files_record(published)) if published else None

    @property
    def window(self) -> Window:
        """The time of the partition."""
        return window_of(self.dataset, self.partition)

    @property
    def bars(self) -> pl.DataFrame:
        """The partition's own sound bars (`BAR`), ascending, UTC."""
        return self._of(self.partition.date)

    def around(self, window: Window) -> pl.DataFrame:
        """The sound bars (`BAR`) that open in the window, those of neighbouring partitions too, ascending."""
        keys = keys_over(self.dataset, window) if self.dataset.bulk else []
        frames = [pl.DataFrame(schema=BAR), *(self._of(key) for key in keys)]
        return pl.concat(frames).filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))

    def made_of(self, window: Window) -> list[tuple[str, str | None]]:
        """The fingerprints of the partitions that `around` reads."""
        if self.dataset.bulk is None:
            return []
        ones = [(key, published_sound(self.store, self._parsed(key))) for key in keys_over(self.dataset, window)]
        return [(key, one.fingerprint if one else None) for key, one in ones]

    @property
    def controls(self) -> dict[str, pl.DataFrame]:
        """The coarser bars that raw keeps to check these, by interval name."""
        if self.dataset.bulk is None:
            return {}
        if "own" not in self._controls:
            raw = self.partition.in_zone("raw", self.dataset.bulk)
            manifest = held_manifest(self.store, raw, archive_manifest)
            # What raw holds since it was parsed belongs to another version of the partition.
            is_own = manifest is not None and manifest["fingerprint"] == self.record.get("raw")
            controls = manifest.get("controls", []) if manifest is not None and is_own else []
            self._controls["own"] = read_controls(self.store, raw, controls, self.window)
        return self._controls["own"]

    def coarse(self, missing: pl.Series, rest: AnswersEvidence) -> list[CoarseBar]:
        """The closed coarser bars of days that lack a bar: of raw's control bars and of what other files told.

        Args:
            missing: opens of the missing bars, UTC.
            rest: the record of the parsed answers.
        """
        evidence = self.record.get("evidence") or {}
        told = [*coarse_of(evidence.get("coarser")), *coarse_of(rest.get("coarser"))]
        within = [one for one in told if one.start >= self.window.start and one.end <= self.window.end]
        return [*coarse_bars(self.controls, missing), *within]

    def residuals(self, bars: pl.DataFrame, missing: pl.Series, rest: AnswersEvidence) -> list[Reason]:
        """Where coarser bars have more trades than the bars of the partition that are there, from whatever source.

        The exchange's own day bars, where there are some, count too.
        """
        if missing.is_empty():
            return []
        held = bars.select("open_time", "trades").sort("open_time")
        coarse = [*self.coarse(missing, rest), *coarse_of(rest.get("days"))]
        return residuals(coarse, held, missing, self.dataset.bar_interval)

    def _parsed(self, key: str) -> Partition:
        return Partition("parsed", self.dataset.name, self.partition.symbol, key, self.dataset.bulk)

    def _of(self, key: str) -> pl.DataFrame:
        """The bars of one partition; none where it is not there."""
        if key not in self._frames:
            frame = read_sound(self.store, self._parsed(key), self.dataset.name) if self.dataset.bulk else None
            self._frames[key] = pl.DataFrame(schema=BAR) if frame is None else conform(frame, BAR)
        return self._frames[key]
