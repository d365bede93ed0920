"""Where a statement ends: at a semicolon that stands in no text, name or comment. Pure."""

import re

_OPAQUE = re.compile(
    r"'(?:[^']|'')*'"  # a text
    r'|"(?:[^"]|"")*"'  # a name
    r"|--[^\n]*"  # a comment up to the end of the line
    r"|/\*.*?\*/"  # a comment
    r"|(?P<tag>\$\w*\$).*?(?P=tag)"  # a text between dollars
    r"|;",
    re.DOTALL,
)
_NOTHING = re.compile(r"(?>\s+|--[^\n]*|/\*.*?\*/)*+", re.DOTALL)
"""Blanks and comments."""
_OPEN = re.compile(r"'|\"|/\*|\$\w*\$")


def split(text: str) -> tuple[list[str], str]:
    """The statements that are ended, without their semicolons, and what is left."""
    found, start, at = [], 0, 0
    for match in _OPAQUE.finditer(text):
        if _OPEN.search(text, at, match.start()):
            break  # what is open there takes in all that follows
        at = match.end()
        if match.group() == ";":
            found.append(text[start : match.start()].strip())
            start = at
    return [one for one in found if one], text[start:]


def is_nothing(text: str) -> bool:
    """Whether there is nothing to run in a text: blanks and comments alone."""
    return _NOTHING.fullmatch(text) is not None


def is_complete(text: str) -> bool:
    """Whether Enter runs the text: its last statement is ended, or it is a command of the shell, or nothing."""
    return text.lstrip().startswith(".") or is_nothing(split(text)[1])
