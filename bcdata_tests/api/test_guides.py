"""The Python guide and the notebook run as they stand, on a lake like the one that they speak of."""

import base64
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from bcdata_tests.api.research import NOW, Research

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def in_force(research: Research, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The lake is in force, and whatever is written goes into a folder of its own."""
    monkeypatch.setenv("BCDATA_ROOT", str(research.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(research.catalog_file))
    monkeypatch.setenv("BCDATA_NOW", f"{NOW}T00:00:00Z")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(research.root)
    return tmp_path


@pytest.mark.filterwarnings("ignore::bcdata.errors.MissingDataWarning")
@pytest.mark.parametrize("page", ["python.md", "query.md", "universe.md"])
def test_the_python_of_a_guide_runs(in_force: Path, page: str) -> None:
    blocks = _BLOCK.findall((DOCS / "guides" / page).read_text())
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {})  # noqa: S102
    assert page != "python.md" or (in_force / "btc.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("in_force")
def test_the_notebook_runs_and_has_its_pictures() -> None:
    notebook = nbformat.read(DOCS / "notebooks/research.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "kept without outputs"
    NotebookClient(notebook, timeout=100).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [one for one in outputs if one.output_type == "error" or one.get("name") == "stderr"]
    pictures = [one.data["image/png"] for one in outputs if "image/png" in one.get("data", {})]
    assert len(pictures) == 2
    assert all(len(base64.b64decode(one)) > 5_000 for one in pictures)
