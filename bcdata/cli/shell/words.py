"""What the shell completes: its own commands, keywords, views, and columns of the views that a statement names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

if TYPE_CHECKING:
    from bcdata.sql.views import AssetView

COMMANDS = (".help", ".tables", ".schema", ".quit")
_WORD = re.compile(r"[\w.]+$")
_NAME = re.compile(r"[\w.]+")


def shown_name(view: "AssetView") -> str:
    """A view's name as people write it: merged bars by that of the dataset alone."""
    return view.name if view.zone == "merged" else f"{view.zone}.{view.name}"


def named(views: "Iterable[AssetView]", text: str) -> "AssetView | None":
    """The view of this name, in either of its forms."""
    wanted = text.strip().strip(";").replace('"', "").lower()
    return next((one for one in views if wanted in {shown_name(one).lower(), f"{one.zone}.{one.name}".lower()}), None)


class Words(Completer):
    """Completes the word before the cursor."""

    def __init__(self, views: "Sequence[AssetView]", keywords: Sequence[str]) -> None:
        self._views = views
        self._names = [shown_name(one) for one in views]
        self._keywords = keywords

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What the word may become, nearest first."""
        del complete_event
        before = document.text_before_cursor
        match = _WORD.search(before)
        word = match.group() if match else ""
        yield from (Completion(one, start_position=-len(word)) for one in self.candidates(document.text, before, word))

    def candidates(self, text: str, before: str, word: str) -> list[str]:
        """The words that begin so, each once."""
        if before.lstrip().startswith("."):
            first, _, _ = before.lstrip().partition(" ")
            return self._beginning(word, self._names if first == ".schema" and " " in before else COMMANDS)
        if not word:
            return []
        keywords = [one if word.isupper() else one.lower() for one in self._keywords]
        return self._beginning(word, [*self._columns(text), *self._names, *keywords])

    def _columns(self, text: str) -> list[str]:
        """Those of the views that are named, or of all merged bars where none is yet."""
        mentioned = {one.lower() for one in _NAME.findall(text)}
        views = [one for one in self._views if mentioned & {shown_name(one).lower(), f"{one.zone}.{one.name}".lower()}]
        chosen = views or [one for one in self._views if one.zone == "merged"]
        return [name for one in chosen for name in (*one.schema.names(), *one.keys)]

    @staticmethod
    def _beginning(word: str, known: Iterable[str]) -> list[str]:
        return [one for one in dict.fromkeys(known) if one.lower().startswith(word.lower()) and one != word]
