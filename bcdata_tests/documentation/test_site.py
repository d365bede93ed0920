"""The documentation as a site: it builds without a warning, and asks nobody for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bcdata_tests.documentation.snippets import DOCS, ROOT

pytestmark = pytest.mark.slow
_ASKED = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=["'](https?:)?//""")


def test_it_builds_and_no_page_asks_another_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert {page.with_suffix(".md").name for page in pages} >= {page.name for page in DOCS.glob("guides/*.md")}
    for page in pages:
        assert not _ASKED.findall(page.read_text()), page


def test_every_guide_is_in_the_navigation() -> None:
    named = (ROOT / "mkdocs.yml").read_text()
    assert [one.name for one in DOCS.glob("guides/*.md") if f"guides/{one.name}" not in named] == []
