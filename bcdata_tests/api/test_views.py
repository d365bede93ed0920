"""Statements that cannot be answered say so in one line."""

import pytest

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.errors import UsageError
from bcdata.sql.connection import query
from bcdata.store.store import Store


@pytest.mark.parametrize("sql", ["SELECT known_at - open_time AS age FROM ages", "SELECT [age] AS age FROM ages"])
def test_intervals_are_refused_with_the_way_around(sql: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store, catalog = Store(tmp_path_factory.mktemp("lake")), load_catalog(PACKAGED)
    ages = "WITH ages AS (SELECT now() AS known_at, now() AS open_time, INTERVAL 1 MINUTE AS age) "
    with pytest.raises(UsageError, match=r"^age is an interval, which has no fixed length; write epoch\(...\)"):
        query(store, catalog, ages + sql)
    seconds = query(store, catalog, "SELECT epoch(INTERVAL 1 MINUTE) AS seconds")
    assert seconds["seconds"].item() == 60
