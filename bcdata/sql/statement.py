"""Which SQL may be asked of the lake: one statement that reads. Pure; DuckDB's own parser decides what it is."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb

from bcdata.errors import UsageError

_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_OPTIONS = r"\(\s*(?:(?:ANALY[SZ]E|FORMAT)(?:\s+\w+)?\s*,?\s*)+\)"
_EXPLAIN = re.compile(rf"{_SPACE}EXPLAIN\b{_SPACE}(ANALY[SZ]E\b|{_OPTIONS})?", re.IGNORECASE | re.DOTALL)
_READING = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""Nodes of a syntax tree that only read. Others are those of INSERT, UPDATE, DELETE, MERGE, COPY, and what may come."""
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
_COMMENT = duckdb.token_type.comment


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement that reads.

    Attributes:
        select: one SELECT, as DuckDB's parser calls it, in which nothing is changed.
        prefix: what is asked of it: nothing, or `EXPLAIN` with its options.
    """

    select: str
    prefix: str = ""

    @property
    def sql(self) -> str:
        """What is run. It is put together of what was looked at: where EXPLAIN ends is not ours to guess."""
        return f"{self.prefix}\n{self.select}" if self.prefix else self.select


def reading(sql: str) -> Reading:
    """One SELECT (so also FROM, WITH, VALUES, SHOW, DESCRIBE, SUMMARIZE), or EXPLAIN of one.

    Raises:
        UsageError: it is no text, cannot be parsed, is no statement or more than one, or does anything but read.
    """
    _require_text(sql)
    kind, found = _kind(sql), Reading(sql)
    if kind is duckdb.StatementType.EXPLAIN and (match := _EXPLAIN.match(sql)) and sql[match.end() :].strip():
        options = " ".join((match[1] or "").split())
        found = Reading(sql[match.end() :], f"EXPLAIN {options}".strip())
        kind = _kind(found.select)
    if kind is not duckdb.StatementType.SELECT or _changes(found.select):
        raise UsageError(f"only one SELECT, or EXPLAIN of one, can be asked of the lake; this is {_name(kind, sql)}")
    return found


def _require_text(sql: object) -> None:
    if not isinstance(sql, str):
        raise UsageError(f"a statement is text; this is {type(sql).__name__}")
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise UsageError("the statement is not Unicode text") from None


def _kind(sql: str) -> duckdb.StatementType:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(str(error).strip()) from None
    if len(statements) != 1:
        raise UsageError(f"one statement can be asked at a time; there are {len(statements)}")
    return statements[0].type


def _changes(sql: str) -> bool:
    """Whether a common table expression changes rows or files: the parser calls the whole a SELECT all the same."""
    tree = syntax_tree(sql)
    if tree is None:
        return not _CHANGES.isdisjoint(_words(sql))
    types = (one["type"] for one in nodes(tree) if isinstance(one.get("type"), str))
    return any(kind.endswith("_NODE") and kind not in _READING for kind in types)


def syntax_tree(sql: str) -> Any:
    """DuckDB's syntax tree; None of what it cannot write down, such as what is nested too deeply."""
    try:
        [(text,)] = _parser().cursor().execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        tree = json.loads(text)
    except (duckdb.Error, RecursionError):
        return None
    return None if tree["error"] else tree


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All objects of a syntax tree."""
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left += one.values()
        elif isinstance(one, list):
            left += one


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"enable_external_access": "false"})


def _words(sql: str) -> set[str]:
    """The words of a statement, but for those in comments; DuckDB takes more blanks for blanks than ASCII has."""
    tokens, text = duckdb.tokenize(sql), sql.encode()  # tokens count bytes
    ends = [start for start, _ in tokens[1:]] + [len(text)]
    parts = (text[start:end] for (start, kind), end in zip(tokens, ends, strict=True) if kind is not _COMMENT)
    return {word.upper() for part in parts for word in re.findall(r"[A-Za-z_]+", part.decode("utf-8", "replace"))}


def _name(kind: duckdb.StatementType, sql: str) -> str:
    if kind is duckdb.StatementType.SELECT:
        return "a SELECT that changes rows on the way"
    if kind is duckdb.StatementType.MULTI:
        return "several in one (of a PIVOT the values have to be named: ON column IN (...))"
    return kind.name.replace("_", " ") if kind is not duckdb.StatementType.EXPLAIN else f"{sql.strip()[:40]!r}"
