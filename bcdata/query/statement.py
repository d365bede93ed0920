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
        UsageError: it cannot be parsed, is no statement or more than one, or does anything but read.
    """
    kind = _kind(sql)
    if kind is duckdb.StatementType.EXPLAIN:
        explained = sql[match.end() :] if (match := _EXPLAIN.match(sql)) else ""
        kind = _kind(explained) if explained.strip() else kind
    if kind is not duckdb.StatementType.SELECT or _changes(sql):
        raise UsageError(f"only one SELECT, or EXPLAIN of one, can be asked of the lake; this is {_name(kind, sql)}")


def _kind(sql: str) -> duckdb.StatementType:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(str(error).strip()) from None
    except UnicodeEncodeError:
        raise UsageError("the statement is not Unicode text") from None
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
