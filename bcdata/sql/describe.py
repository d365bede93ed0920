"""The columns of views as SQL has them, without a look at any file."""

import duckdb

from bcdata.sql.interrupt import as_keyboard_interrupt
from bcdata.sql.views import AssetView


@as_keyboard_interrupt()
def columns_of(view: AssetView) -> list[tuple[str, str]]:
    """The view's columns in order, each with DuckDB's name of its type."""
    with duckdb.connect(":memory:") as connection:
        empty = connection.from_arrow(view.empty.to_arrow())
        return [(name, str(kind)) for name, kind in zip(empty.columns, empty.types, strict=True)]


@as_keyboard_interrupt()
def keywords() -> list[str]:
    """The words that DuckDB's parser knows, in capitals."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute("SELECT upper(keyword_name) FROM duckdb_keywords() ORDER BY 1").fetchall()
    return [name for (name,) in rows]
