"""The documentation as a site: it builds without a warning, asks nobody for anything, and has all that there is."""

import html
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import bcdata
from bcdata.cli import app
from bcdata_tests.documentation.snippets import DOCS, ROOT

pytestmark = pytest.mark.slow
_ASKED = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=["'](https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def sections(page: Path) -> dict[str, str]:
    """The text of each heading's section, by the anchor of the heading."""
    article = page.read_text().partition("<article")[2].partition("</article>")[0]
    parts = re.findall(r'<h[23] id="([^"]+)"(.*?)(?=<h[23] |\Z)', article, re.DOTALL)
    return {anchor: words(f"<{body}") for anchor, body in parts}


def words(marked: str) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", marked)).split())


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """All commands that can be typed, by their anchors."""
    for name, command in group.commands.items():
        yield f"{path}-{name}", command
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}-{name}")


def test_no_page_asks_another_server(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {page.with_suffix(".md").name for page in pages} >= {page.name for page in DOCS.glob("guides/*.md")}
    for page in pages:
        assert not _ASKED.findall(page.read_text()), page


def test_the_reference_has_every_name_of_the_package_with_its_parameters(site: Path) -> None:
    told = sections(site / "reference/python.html")
    for name in bcdata.__all__:
        one, shown = getattr(bcdata, name), told[f"bcdata.{name}"]
        assert (one.__doc__ or "").replace("`", "").partition("\n")[0] in shown
        assert "`" not in shown, "a part of the docstring is taken for another"
        parameters = () if inspect.isclass(one) else inspect.signature(one).parameters
        assert all(re.search(rf"\b{parameter}: ", shown) for parameter in parameters), name


def test_the_reference_has_every_command_with_its_options(site: Path) -> None:
    told = sections(site / "reference/commands.html")
    found = dict(commands(typer.main.get_command(app), "bcdata"))
    assert set(told) == set(found)
    for path, command in found.items():
        options = {name for one in command.params for name in one.opts if name.startswith("--")}
        assert {name for name in options if name not in told[path]} <= {"--verbose", "--quiet"}
        example = command.help.partition("Example: ")[2]
        assert " ".join(example.split()) in told[path]


def test_every_guide_is_in_the_navigation() -> None:
    named = (ROOT / "mkdocs.yml").read_text()
    assert [one.name for one in DOCS.glob("guides/*.md") if f"guides/{one.name}" not in named] == []
