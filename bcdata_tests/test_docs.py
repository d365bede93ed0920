"""What README, guides and records say can be followed: links lead somewhere, commands parse, variables exist."""

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from typer.core import TyperGroup

from bcdata.alerts.settings import AlertSettings
from bcdata.cli import app
from bcdata.interval import Interval
from bcdata.ledger.ledger import Status
from bcdata.net.settings import HttpSettings
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.quality.rules import row_rules, warning_rules
from bcdata.settings import LayeredSettings, Settings
from bcdata.simulate.faults import Kind

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`(bcdata [^`]+)`")
_PATH = re.compile(r"`((?:bcdata|bcdata_tests|docs|benchmarks|\.ci)(?:/[\w.-]*)*)`")
COMMANDS = typer.main.get_command(app)


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def words_of(line: str) -> Iterator[list[str]]:
    """The commands in a shell line, without comments, variables before them, and what they are piped into."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>"):
            yield command
            command = []
        elif command or not re.match(r"\w+=", word):
            command.append(word)
    yield command


def command_lines() -> list[tuple[Path, str]]:
    """Every line of a shell block; a line that ends in a backslash goes on in the next."""
    blocks = [(page, body) for page in PAGES for kind, body in _FENCE.findall(page.read_text()) if kind in {"", "sh"}]
    return [
        (page, line.strip().removeprefix("$ "))
        for page, body in blocks
        for line in body.replace("\\\n", " ").splitlines()
        if re.match(r"\s*(\$ )?(\w+=\S+ )*(bcdata|make) ", line)
    ]


def parse(words: list[str]) -> None:
    """Parses the words as the command line would, up to the point where it would begin to work."""
    assert isinstance(COMMANDS, TyperGroup)
    assert words[0] in COMMANDS.commands, f"there is no command {words[0]}"
    COMMANDS.commands[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{title(page)} links to {target}"
        assert not anchor or anchor in anchors(file), f"{title(page)} links to {target}: no such heading"


@pytest.mark.parametrize(("page", "line"), command_lines(), ids=lambda value: getattr(value, "name", value))
def test_command_lines_parse(page: Path, line: str) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in words_of(line):
        if words[:1] == ["make"]:
            assert set(words[1:]) <= known, f"{title(page)}: no such target in {line!r}"
        if words[:1] == ["bcdata"]:
            parse(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_commands_named_in_passing_exist(page: Path) -> None:
    assert isinstance(COMMANDS, TyperGroup)
    for text in _INLINE.findall(prose(page)):
        name, *rest = text.split()[1:]
        if name in {option for one in COMMANDS.params for option in one.opts} | {"--help", "-h"}:
            continue
        assert name in COMMANDS.commands, f"{title(page)} names {text!r}"
        options = {option for one in COMMANDS.commands[name].params for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= options, f"{title(page)} names {text!r}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_paths_named_exist(page: Path) -> None:
    for path in _PATH.findall(prose(page)):
        assert (ROOT / path).exists(), f"{title(page)} names {path}"


def test_the_layout_names_every_package() -> None:
    layout = set(_PATH.findall((ROOT / "CONTRIBUTING.md").read_text()))
    modules = {f"bcdata/{path.name}" for path in (ROOT / "bcdata").glob("*.py") if not path.name.startswith("__")}
    packages = {f"bcdata/{path.parent.name}/" for path in (ROOT / "bcdata").glob("*/__init__.py")}
    assert modules | packages <= layout


@pytest.mark.parametrize("settings", [Settings, BinanceSettings, HttpSettings, AlertSettings])
def test_every_variable_is_documented_with_its_default(settings: type[LayeredSettings]) -> None:
    text = "\n".join((ROOT / page).read_text() for page in ("README.md", "docs/guides/operate.md"))
    rows = dict(re.findall(r"^\| `(BCDATA_\w+)` \| ([^|]*) \|", text, re.MULTILINE))
    for field, about in settings.model_fields.items():
        default = "" if about.default is None else str(about.default)
        assert default in rows[f"BCDATA_{field.upper()}"], f"{field}: {default}"


_RULES = (*row_rules(Interval.parse("1m")), *warning_rules(Interval.parse("1m")))


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("gaps-and-the-ledger.md", set(Status)),
        ("the-gate.md", {rule.name for rule in _RULES}),
        ("run-without-network.md", set(get_args(Kind))),
    ],
    ids=["statuses", "rules", "faults"],
)
def test_tables_are_complete(page: str, names: set[str]) -> None:
    listed = set(re.findall(r"`(\w+)`", (ROOT / "docs/guides" / page).read_text(encoding="utf-8")))
    assert names <= listed


def test_the_lineage_is_what_the_code_says() -> None:
    script = ROOT / "docs/pictures/lineage.py"
    drawn = runpy.run_path(str(script))["draw"]()
    assert drawn == script.with_suffix(".svg").read_text(encoding="utf-8"), (
        "draw it again: python docs/pictures/lineage.py"
    )


def test_pictures_of_pages_are_small_and_all_are_shown() -> None:
    """They are bytes that every clone carries."""
    links = {Path(link).name for page in PAGES for link in _LINK.findall(prose(page)) if "pictures/pages/" in link}
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs/pictures/pages").iterdir()}
    assert pictures.keys() == links
    assert max(pictures.values()) <= 150_000, pictures
