"""Help that ends with an example which can be copied off the terminal and run as it stands."""

import textwrap
from typing import Any

_EXAMPLE = "Example: "
_CONTINUED = " \\"


def write_help(text: str, formatter: Any) -> None:
    """The paragraphs of a command's help; where its example does not fit a line, that goes on after a backslash."""
    words, mark, example = text.partition(_EXAMPLE)
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(words.rstrip())
        if mark:
            formatter.write_paragraph()
            margin = " " * formatter.current_indent
            for line in continued(f"{mark}{' '.join(example.split())}", formatter.width - len(margin)):
                formatter.write(f"{margin}{line}\n")


def continued(command: str, width: int) -> list[str]:
    """A command in lines that a shell reads as one: it may be broken between words, in double quotes too."""
    lines = textwrap.wrap(
        command, max(width - len(_CONTINUED), 1), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return [f"{line}{_CONTINUED}" for line in lines[:-1]] + lines[-1:]
