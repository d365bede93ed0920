"""Where statements end, whatever stands in texts, names and comments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.cli.shell.statements import is_complete, split


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
    ],
)
def test_a_semicolon_ends_a_statement(text: str, statements: list[str], rest: str) -> None:
    assert split(text) == (statements, rest)


@pytest.mark.parametrize("text", ["", "  ", ".help", "SELECT 1;", "SELECT 1;  ", "SELECT ';';", "SELECT 1; SELECT 2;"])
def test_what_enter_runs(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT ';", "SELECT 1; SELECT 2", "SELECT /* ;"])
def test_what_goes_on_in_the_next_line(text: str) -> None:
    assert not is_complete(text)


@given(st.lists(st.sampled_from([";", "'", '"', "--", "\n", "/*", "*/", "$$", "$a$", "a", " "])))
def test_nothing_is_lost(parts: list[str]) -> None:
    text = "".join(parts)
    statements, rest = split(text)
    held = "".join([*statements, rest])
    assert [one for one in held if one not in " \n;"] == [one for one in text if one not in " \n;"]
