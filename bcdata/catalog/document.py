"""A YAML file as plain values, with the line of every one of them.

All scalars stay text: the catalog's own types say what they mean. So `NO`, `ON` and `1000` are symbols like
any other, and `2023-01-01` is a date key and not a date. Nothing that a tag asks for is ever built.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bcdata.errors import CatalogError

_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


class Mistake(NamedTuple):
    """Something that is wrong in a file; mistakes sort by line."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a YAML file, and where they stand."""

    path: Path
    values: Any
    _root: yaml.Node

    def line(self, location: tuple[str | int, ...]) -> int:
        """The line (from 1) of the key or item at `location`, or of the last part of it that is there."""
        node, line = self._root, _line(self._root)
        for step in location:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line

    def mistake(self, location: tuple[str | int, ...], message: str) -> Mistake:
        """What is wrong at `location`, in one line that names file, line and place."""
        steps = [step for step in location if isinstance(step, str)]
        place = ".".join(step if step.isprintable() else repr(step) for step in steps)
        line = self.line(location)
        return Mistake(line, f"{self.path}:{line}: {place + ': ' if place else ''}{message}")


def read_document(path: Path) -> Document:
    """Reads one YAML document.

    Raises:
        CatalogError: it cannot be read, is not UTF-8 or not YAML, repeats a key or carries a tag.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CatalogError(f"{path}: the catalog cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"{path}:{line}: the catalog is not UTF-8; save it as such") from None
    try:
        return _compose(path, text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise CatalogError(f"{path}:{line}: the character U+{error.character:04X} is not allowed") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise CatalogError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {problem}") from None
    except RecursionError:
        raise CatalogError(f"{path}:1: nested too deeply") from None


def _compose(path: Path, text: str) -> Document:
    loader = yaml.BaseLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise CatalogError(f"{path}:1: the catalog is empty; it needs `datasets`")
        for node in _nodes(root, seen=set()):
            _refuse(path, node)
        return Document(path, loader.construct_document(root), root)
    finally:
        loader.dispose()


def _nodes(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """Every node once, however many aliases point at it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(key, seen)
            yield from _nodes(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _nodes(item, seen)


def _refuse(path: Path, node: yaml.Node) -> None:
    if node.tag not in _PLAIN_TAGS:
        raise CatalogError(f"{path}:{_line(node)}: the tag {node.tag!r} is not allowed; write a plain value")
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise CatalogError(f"{path}:{_line(key)}: a key must be plain text")
        if key.value in first:
            line = first[key.value]
            raise CatalogError(f"{path}:{_line(key)}: the key {key.value!r} is already on line {line}")
        first[key.value] = _line(key)


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((_line(key), value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
