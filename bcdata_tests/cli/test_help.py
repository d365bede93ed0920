"""Every command's help is whole at 80 columns, with an example that runs."""

import re

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata_tests.cli import test_examples as test_examples  # noqa: PLC0414 - it says which it runs itself
from bcdata_tests.cli.conftest import Known
from bcdata_tests.cli.examples import PATHS, RUN_BY_THEMSELVES, command_of, example_of
from bcdata_tests.cli.setup import test_ui as test_ui  # noqa: PLC0414


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_is_whole_at_80_columns(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert not [line for line in shown.splitlines()[1:] if re.search(r"\w\.\.\.$", line)], "nothing is cut"
    words = " ".join(shown.split())
    for one in command_of(path).params:
        for option in (*one.opts, *one.secondary_opts):
            assert not option.startswith("-") or option in words


def test_the_list_of_commands_is_whole_and_in_the_order_of_first_use() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert "..." not in shown.split("Commands:")[1]
    names = re.findall(r"^  (\w+)  ", shown.split("Commands:")[1], re.MULTILINE)
    assert names[:9] == ["init", "doctor", "demo", "materialize", "status", "gaps", "sources", "query", "sql"]
    assert set(names) == {path[0] for path in PATHS}


@pytest.mark.parametrize("path", [path for path in PATHS if example_of(path) not in RUN_BY_THEMSELVES], ids=" ".join)
def test_the_example_runs(path: tuple[str, ...], known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    words = example_of(path)
    assert tuple(words[: len(path)]) == path
    folder = known.folder / "examples" / "-".join(path)
    folder.mkdir(parents=True)
    (folder / "archive").symlink_to(known.folder / "archive")
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, words, env=known.variables, input="SELECT 1;")
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.output.strip()
