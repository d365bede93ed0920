"""The reference page is what the registry says, and every feature has its plot."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from bcdata.features.registry import all_features
from bcdata.pictures.sheets import correlations, rank_correlations, sheet

REFERENCE = Path(__file__).parents[2] / "docs/reference"
LARGEST = 3_000_000


def test_the_page_is_what_the_registry_says() -> None:
    made = runpy.run_path(str(REFERENCE / "features.py"))["page"]()
    assert made == (REFERENCE / "features.md").read_text(encoding="utf-8"), "run docs/reference/features.py again"
    assert all(f"\n### {feature.name}\n" in made for feature in all_features())


def test_notes_speak_of_features_that_there_are(tmp_path: Path) -> None:
    module = runpy.run_path(str(REFERENCE / "features.py"))
    (tmp_path / "notes.md").write_text("- `rv_60`, `no_such`: both.\n- `rv_60`: one.\n")
    module["notes"].__globals__["NOTES"] = tmp_path / "notes.md"
    assert module["notes"]() == {"rv_60": ["both.", "one."], "no_such": ["both."]}
    with pytest.raises(ValueError, match="speaks of no_such"):
        module["page"]()


def test_the_plots_are_there_and_small() -> None:
    images = sorted((REFERENCE / "pictures").glob("*.png"))
    assert len(images) == len({feature.family for feature in all_features()})
    assert sum(image.stat().st_size for image in images) < LARGEST


def test_sheets_are_the_same_for_the_same_values_and_bear_nulls() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(0, 3000, dtype="datetime64[m]")
    columns = {"a": rng.normal(size=3000), "empty": np.full(3000, np.nan), "level": np.ones(3000)}
    drawn = [sheet(times, columns, {"a": "ln"}) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != sheet(times, {**columns, "a": columns["a"] * 2}, {"a": "ln"})
    assert correlations(columns).startswith(b"\x89PNG")


def test_correlations_are_of_ranks() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=500)
    found = rank_correlations([values, np.exp(values), -values, np.full(500, np.nan)])
    np.testing.assert_allclose(found[0, :3], [1, 1, -1], atol=1e-12)
    assert np.isnan(found[0, 3])
