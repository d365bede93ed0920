"""Where statements end, whatever stands in texts, names and comments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.cli.shell.statements import is_complete, is_nothing, split


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1"], " SELECT 2"),
        ("SELECT ';'; x", ["SELECT ';'"], " x"),
        ("SELECT 'it''s;'; ", ["SELECT 'it''s;'"], " "),
        ('SELECT "a;b"; ', ['SELECT "a;b"'], " "),
        ("SELECT 1 -- don't; stop\n;", ["SELECT 1 -- don't; stop"], ""),
        ("SELECT 1 /* ; ' */;", ["SELECT 1 /* ; ' */"], ""),
        ("SELECT $$;'$$;", ["SELECT $$;'$$"], ""),
        ("SELECT $a$;$$;$a$;", ["SELECT $a$;$$;$a$"], ""),
        ("SELECT 'open; SELECT 2;", [], "SELECT 'open; SELECT 2;"),
        ("SELECT 1; SELECT /* open;", ["SELECT 1"], " SELECT /* open;"),
        (";;", [], ""),
        ("SELECT 1; -- x;", ["SELECT 1"], " -- x;"),
        ("-- a\n/* b; */; SELECT 1;", ["-- a\n/* b; */", "SELECT 1"], ""),
        ("/* a */ SELECT 1 /* b */;", ["/* a */ SELECT 1 /* b */"], ""),
    ],
)
def test_a_semicolon_ends_a_statement(text: str, statements: list[str], rest: str) -> None:
    assert split(text) == (statements, rest)


@pytest.mark.parametrize(
    "text",
    ["", " ", ".help", "SELECT 1;", "SELECT 1;  ", "SELECT ';';", "SELECT 1; SELECT 2;", "SELECT 1; -- x", "-- x"],
)
def test_what_enter_runs(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT ';",
        "SELECT 1; SELECT 2",
        "SELECT /* ;",
        "SELECT 1 -- x;",
        "SELECT 1; /* ;",
        "-- x\nSELECT 1",
    ],
)
def test_what_goes_on_in_the_next_line(text: str) -> None:
    assert not is_complete(text)


@given(st.lists(st.sampled_from([";", "'", '"', "--", "\n", "/*", "*/", "$$", "$a$", "a", " "])))
def test_nothing_is_lost(parts: list[str]) -> None:
    text = "".join(parts)
    statements, rest = split(text)
    held = "".join([*statements, rest])
    assert [one for one in held if one not in " \n;"] == [one for one in text if one not in " \n;"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (" \n-- SELECT 1;\n/* a; */ -- b", True),
        ("/* a */ SELECT 1 /* b */", False),
        ("/* open", False),
        ("- x", False),
    ],
)
def test_comments_alone_are_nothing(text: str, expected: bool) -> None:
    assert is_nothing(text) is expected
