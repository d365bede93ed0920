"""Which SQL may be asked of the lake: one statement that reads. Pure; DuckDB's own parser decides what it is."""

import re

import duckdb

from bcdata.errors import UsageError

_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_EXPLAIN = re.compile(rf"{_SPACE}EXPLAIN\b{_SPACE}(?:ANALY[SZ]E\b|\([^)]*\))?", re.IGNORECASE | re.DOTALL)
_CHANGES = frozenset({b"INSERT", b"UPDATE", b"DELETE", b"MERGE", b"COPY"})


def require_reading(sql: str) -> None:
    """Passes one SELECT (so also FROM, WITH, VALUES, SHOW, DESCRIBE, SUMMARIZE), or EXPLAIN of one.

    Raises:
        UsageError: it is no text, cannot be parsed, is no statement or more than one, or does anything but read.
    """
    _require_text(sql)
    kind = _kind(sql)
    if kind is duckdb.StatementType.EXPLAIN and (inner := explained(sql)).strip():
        kind = _kind(inner)
    if kind is not duckdb.StatementType.SELECT or _changes(sql):
        raise UsageError(f"only one SELECT, or EXPLAIN of one, can be asked of the lake; this is {_name(kind, sql)}")


def explained(sql: str) -> str:
    """What comes after EXPLAIN, or the statement itself."""
    return sql[match.end() :] if (match := _EXPLAIN.match(sql)) else sql


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
    """Whether a common table expression changes rows: the parser calls the whole a SELECT all the same."""
    tokens, text = duckdb.tokenize(sql), sql.encode()  # tokens count bytes
    ends = [start for start, _ in tokens[1:]] + [len(text)]
    words = [
        text[start:end].split(None, 1)[0].upper()
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind is not duckdb.token_type.comment
    ]
    return any(
        first in {b"AS", b"MATERIALIZED"} and second == b"(" and third in _CHANGES
        for first, second, third in zip(words, words[1:], words[2:], strict=False)
    )


def _name(kind: duckdb.StatementType, sql: str) -> str:
    if kind is duckdb.StatementType.SELECT:
        return "a SELECT that changes rows on the way"
    return kind.name.replace("_", " ") if kind is not duckdb.StatementType.EXPLAIN else f"{sql.strip()[:40]!r}"
