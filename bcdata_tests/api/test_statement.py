"""Whatever writes, or is more than one statement, is refused before DuckDB runs it."""

from pathlib import Path

import duckdb
import pytest

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.errors import UsageError
from bcdata.sql.connection import query
from bcdata.sql.statement import reading
from bcdata.store.store import Store

READING = [
    "SELECT 1",
    "SELECT 1;",
    "FROM range(3)",
    "WITH a AS (SELECT 1) FROM a",
    "WITH a AS MATERIALIZED (SELECT 1) FROM a",
    "VALUES (1), (2)",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "DESCRIBE SELECT 1",
    "SUMMARIZE SELECT 1",
    "TABLE x",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN (SELECT 1)",
    "EXPLAIN (FORMAT json) (SELECT 1) UNION ALL (SELECT 2)",
    "/* why */ EXPLAIN -- how\n (ANALYZE, FORMAT JSON) SELECT 1",
    "SELECT 'COPY (SELECT 1) TO ''x''' AS delete",
    "SELECT * EXCLUDE (copy) FROM x",
    "SELECT '币安人生USDT' AS symbol",
    "WITH 币 AS (SELECT '→' AS a) FROM 币",
    "SELECT update FROM (SELECT 1 AS update)",
]
WRITING = [
    "COPY (SELECT 1) TO '{path}'",
    "COPY (SELECT 1) TO '{path}' (FORMAT parquet)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{path}'",
    "EXPLAIN COPY (SELECT 1) TO '{path}'",
    "/* SELECT */ EXPLAIN -- SELECT\n (ANALYZE, FORMAT JSON) COPY (SELECT 1) TO '{path}'",
    "explain analyse copy (select 1) to '{path}'",
    "SELECT 1; COPY (SELECT 1) TO '{path}'",
    "WITH a AS (INSERT INTO x VALUES (1) RETURNING *) SELECT * FROM a",
    *(
        f"WITH a AS ({blank}COPY (SELECT 1) TO '{{path}}') FROM a"  # noqa: S608 - what is refused
        for blank in "\u00a0\u2003\u200b\u3000\ufeff"
    ),
    "WITH a AS (WITH b AS (SELECT 1) INSERT INTO x FROM b) FROM a",
    "WITH a AS (WITH b AS (COPY (SELECT 1) TO '{path}') FROM b) FROM a",
    "SELECT (WITH a AS (COPY (SELECT 1) TO '{path}') SELECT count(*) FROM a)",
    "EXPLAIN ANALYZE WITH a AS (\u00a0COPY (SELECT 1) TO '{path}') FROM a",
    "WITH a AS /* b */ MATERIALIZED ( -- c\n DELETE FROM x RETURNING *) FROM a",
    "ATTACH '{path}'",
    "EXPORT DATABASE '{path}'",
    "CREATE TABLE x (a INT)",
    "CREATE VIEW x AS SELECT 1",
    "INSERT INTO x VALUES (1)",
    "UPDATE x SET a = 1",
    "DELETE FROM x",
    "DROP VIEW spot_klines_1m",
    "SET threads = 1",
    "PRAGMA version",
    "CALL pragma_version()",
    "CHECKPOINT",
    "LOAD httpfs",
    "INSTALL httpfs",
    "USE memory",
    "PREPARE p AS SELECT 1",
    "BEGIN TRANSACTION",
    "VACUUM",
    "WITH 币 AS (INSERT INTO x VALUES ('→') RETURNING *) FROM 币",
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
]


TRICKS = [
    "EXPLAIN (ANALYZE /* ) FROM x -- */) COPY (SELECT 1 AS a) TO '{path}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN (ANALYZE -- ) SELECT 1\n) COPY (SELECT 1 AS a) TO '{path}'",
    "EXPLAIN --\rANALYZE COPY (SELECT '\nSELECT 1 --') TO '{path}'",
    "EXPLAIN -- \x0bANALYZE COPY (SELECT '\nSELECT 1 --') TO '{path}'",
    "EXPLAIN /* /* */ SELECT 1 -- */ */ ANALYZE COPY (SELECT 1) TO '{path}'",
    "EXPLAIN ANALYZE /* /* */ SELECT 1 -- */ */ COPY (SELECT 1) TO '{path}'",
    "EXPLAIN ANALYZE (ANALYZE) COPY (SELECT 1) TO '{path}'",
    "EXPLAIN (FORMAT json, ANALYZE true) COPY (SELECT 1) TO '{path}'",
    "EXPLAIN ('ANALYZE') COPY (SELECT 1) TO '{path}'",
    "EXPLAIN (\"ANALYZE\") COPY (SELECT 1) TO '{path}'",
    "EXPLAIN\u00a0ANALYZE COPY (SELECT 1) TO '{path}'",
    "EXPLAIN ANALYZE EXPLAIN ANALYZE COPY (SELECT 1) TO '{path}'",
]
"""Where EXPLAIN ends is told differently by different readers of the text."""


@pytest.mark.parametrize("sql", TRICKS)
def test_whatever_explain_is_taken_for_nothing_is_written(sql: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    try:
        asked = reading(sql.format(path=path))
    except UsageError:
        return
    with duckdb.connect(":memory:") as connection:  # with nothing that holds it back
        connection.execute(asked.sql)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", READING)
def test_reading_passes(sql: str) -> None:
    reading(sql)


@pytest.mark.parametrize("sql", WRITING)
def test_writing_is_refused_and_writes_nothing(sql: str, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    with pytest.raises(UsageError, match="one"):
        query(Store(lake), load_catalog(PACKAGED), sql.format(path=lake / "x"))
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before
