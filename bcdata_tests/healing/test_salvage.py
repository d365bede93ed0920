"""A manifest of raw that is damaged takes nothing out of force that the archive has no more."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata_tests.mirror import day_key, made_day
from bcdata_tests.pipeline.honest import published
from bcdata_tests.run import ARCHIVE, Lake, Ran
from bcdata_tests.world import BY_MONTH, D, World, copied, world_at

KEPT, GONE = "2025-01-01", "2025-01-02"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of two days, of which the archive has one no more."""
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        for day in (KEPT, GONE):
            world.mirror.put_day("BTCUSDT", day, made_day(day, minutes=60))
        assert run(world.lake(BY_MONTH)).ok
        world.mirror.remove(day_key("BTCUSDT", GONE))
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake(BY_MONTH)


def run(lake: Lake) -> Ran:
    return lake.materialize(D, "BTCUSDT", "2025-01", refill=False)


def manifest_of(lake: Lake) -> Path:
    return lake.root / Partition("raw", D, "BTCUSDT", "2025-01", ARCHIVE).key(MANIFEST)


DAMAGES: dict[str, Callable[[str], str]] = {
    "the fingerprint": lambda text: text.replace('"fingerprint": "', '"fingerprint": "0', 1),
    "the other object": lambda text: re.sub(r'("file": "BTCUSDT-1m-2025-01-01\.)', r"\1f", text),
    "what the listing said": lambda text: text.replace('"etag": "', '"etag": "0'),
    "the digest": lambda text: text.replace('"digest": "', '"digest": "0'),
    "the evidence": lambda text: text.replace('"evidence": {', '"evidence": {"ended": 1, '),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_the_archive_has_no_more_stays_in_force(lake: Lake, change: Callable[[str], str]) -> None:
    before, path = published(lake, "BTCUSDT", "2025-01"), manifest_of(lake)
    text = path.read_text()
    path.write_text(change(text))
    assert path.read_text() != text
    ran = run(lake)
    assert ran.ok
    assert ran.rules(Zone.RAW, "BTCUSDT", "2025-01", ARCHIVE)["withdrawn"] == 1
    assert published(lake, "BTCUSDT", "2025-01") == before


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(GONE, "2025-01-03"),
        lambda text: re.sub(r'("sha256": ")[0-9a-f]{8}', r"\g<1>00000000", text),
        lambda text: re.sub(r'"bytes": \d+', '"bytes": 1', text),
        lambda text: re.sub(r'("file": ")BTC', r"\1../BTC", text),
        lambda text: "[" * len(text),
        lambda text: text[: len(text) // 2],
    ],
)
def test_what_is_not_proven_is_believed_by_nobody(lake: Lake, change: Callable[[str], str]) -> None:
    path = manifest_of(lake)
    path.write_text(change(path.read_text()))
    ran = run(lake)
    assert ran.ok
    assert "withdrawn" not in ran.rules(Zone.RAW, "BTCUSDT", "2025-01", ARCHIVE)
    assert GONE not in {str(row[0].date()) for row in published(lake, "BTCUSDT", "2025-01")}
