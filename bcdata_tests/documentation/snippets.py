"""What a page tells its readers to type, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A block of a page: its language, its text, and the line on which it begins."""

    language: str
    text: str
    line: int

    def lines(self) -> Iterator[str]:
        """The lines of a shell, without comments; one that ends in a backslash goes on."""
        for line in self.text.replace("\\\n", " ").splitlines():
            typed = re.sub(r"(^|\s)#.*", "", line).strip()
            if typed:
                yield typed


def snippets(page: Path) -> list[Snippet]:
    """All blocks of a page that are typed."""
    text = page.read_text()
    return [Snippet(one[1], one[2], text.count("\n", 0, one.start()) + 1) for one in _BLOCK.finditer(text)]
