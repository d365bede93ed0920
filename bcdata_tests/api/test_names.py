# ruff: noqa: S608 - the names are the tests' own
"""A view that a statement reads is never left unopened, and one that it does not read is not in its way."""

from pathlib import Path

import pytest

from bcdata.catalog import Catalog
from bcdata.errors import StoreError, UsageError
from bcdata.sql.connection import connect, query
from bcdata.sql.named import named
from bcdata.sql.statement import reading
from bcdata.sql.views import views
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.api.test_load import D
from bcdata_tests.api.test_load import catalog as catalog  # noqa: PLC0414 (a fixture)
from bcdata_tests.api.test_load import root as root  # noqa: PLC0414 (a fixture)

PIECES = "'spot_kl' || 'ines_1h'"
DYNAMIC = [
    f"SELECT * FROM query/**/('SELECT count(*) FROM ' || {PIECES})",
    f"SELECT * FROM \"query\"('SELECT count(*) FROM ' || {PIECES})",
    f"SELECT * FROM QUERY ('SELECT count(*) FROM ' || {PIECES})",
    f"SELECT count(*) FROM query_table/**/({PIECES})",
    f'SELECT count(*) FROM "query_table"([{PIECES}])',
    f'SELECT count(*) FROM (FROM "query_table"({PIECES})) WHERE 1 IN (SELECT 1)',
    f"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT count(*) FROM ' || {PIECES}))",
    f"SELECT (SELECT count(*) FROM query_table({PIECES}))",
    f"WITH a AS (SELECT * FROM query_table({PIECES})) SELECT count(*) FROM a",
    f"SELECT sum(count)::BIGINT FROM histogram({D}, close)",
]
PLAIN = [
    f"SELECT count(*) FROM {D}",
    f"SELECT count(*) FROM {D.upper()}",
    f'SELECT count(*) FROM "main"."{D}"',
    f"SELECT count(*) FROM memory.{D}",
    f"SELECT count(*) FROM memory.merged.{D}",
    f'SELECT count(*) FROM MERGED."{D.upper()}"',
    f"WITH {D} AS (FROM {D}) SELECT count(*) FROM {D}",
    f"SELECT count(*) FROM (VALUES (1)) SEMI JOIN {D} ON true RIGHT JOIN {D} ON true",
    f"SELECT (SELECT count(*) FROM {D})",
    f"SELECT count(*) FROM {D} a, LATERAL (SELECT a.close)",
    f"SELECT max(n) FROM (SELECT count(*) AS n FROM {D} UNION ALL SELECT 0)",
    f"SELECT count FROM (SUMMARIZE {D}) LIMIT 1",
    f"SELECT count(*) FROM (PIVOT {D} ON symbol IN ('BTCUSDT') USING count(*)) RIGHT JOIN {D} ON false",
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("sql", [*DYNAMIC, *PLAIN])
def test_whatever_way_a_view_is_named_its_rows_are_there(root: Path, catalog: Catalog, sql: str) -> None:
    found = query(Store(root), catalog, sql)
    assert [int(value) for value in found.row(0)] == [6]


def test_explain_opens_what_it_explains(root: Path, catalog: Catalog) -> None:
    found = query(Store(root), catalog, f"EXPLAIN ANALYZE SELECT * FROM {D}")
    assert "PARQUET" in found.row(0)[1].upper()


def test_there_is_nothing_but_the_views(root: Path, catalog: Catalog) -> None:
    store = Store(root)
    shown = query(store, catalog, "SHOW ALL TABLES")
    expected = {(view.zone, view.name) for view in views(catalog)} | {("main", D)}
    assert set(shown.select("schema", "name").rows()) == expected
    assert query(store, catalog, "SHOW TABLES")["name"].to_list() == [D]
    assert query(store, catalog, "SELECT * FROM duckdb_tables()").is_empty()
    with pytest.raises(UsageError, match=f"there is no view merged_{D}; did you mean {D!r}") as error:
        query(store, catalog, f"FROM merged_{D}")
    assert 'mean "merged_' not in str(error.value)


def test_a_view_without_files_has_its_columns(tmp_path: Path, catalog: Catalog) -> None:
    with connect(Store(tmp_path), catalog) as lake:
        for view in views(catalog):
            found = lake.query(f'FROM {view.zone}."{view.name}"')
            assert found.columns == view.empty.columns
            assert found.is_empty()


def test_damage_of_another_view_is_not_in_the_way(root: Path, catalog: Catalog) -> None:
    path = root / Partition("resampled", "spot_klines_4h", "BTCUSDT", "2023-01").key()
    path.write_bytes(path.read_bytes()[:-20])
    assert query(Store(root), catalog, f"SELECT count(*) AS spot_klines_4h FROM {D}").item() == 6
    with pytest.raises(StoreError, match="spot_klines_4h"):
        query(Store(root), catalog, "FROM resampled.spot_klines_4h")
    with pytest.raises(StoreError, match="spot_klines_4h"):
        query(Store(root), catalog, "FROM query_table('resampled.spot_klines' || '_4h')")


def test_which_views_are_named(catalog: Catalog) -> None:
    def of(sql: str) -> set[str]:
        return {f"{view.zone}.{view.name}" for view in named(reading(sql).select, list(views(catalog)))}

    every = {f"{view.zone}.{view.name}" for view in views(catalog)}
    alike = {one for one in every if one.endswith(f".{D}")}
    assert of(f"FROM {D}") == of(f"EXPLAIN FROM {D}") == of(f"DESCRIBE {D}") == {f"merged.{D}"}
    assert of(f"FROM gaps.{D}") == of(f"FROM memory.gaps.{D} -- FROM features.{D}") == {f"gaps.{D}"}
    assert of(f"SELECT '{D}' AS {D} FROM range(3)") == of("SELECT 1") == of("FROM read_parquet('x')") == set()
    assert of(f"FROM {D} JOIN halts.{D} USING (date)") == {f"merged.{D}", f"halts.{D}"}
    assert of(f"FROM memory.{D}") == alike
    for doubtful in ("FROM query('x')", f"FROM histogram({D}, close)", "FROM duckdb_views()"):
        assert of(doubtful) == every
    assert f"merged.{D}" in of(f"PIVOT {D} ON symbol IN (1)")
    assert of(f"SELECT {'(' * 900}1{')' * 900}") <= every
