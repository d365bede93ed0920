"""Which views a statement may read, by DuckDB's own parser. In doubt all: one that is not opened shows no rows."""

from collections.abc import Sequence

from bcdata.sql.statement import nodes, syntax_tree
from bcdata.sql.views import ZONES, AssetView

_PLAIN = frozenset({"range", "generate_series", "unnest", "read_parquet", "parquet_scan"})
"""Table functions that read no view. Others may (`query`, `query_table`, `histogram`), and put its name together."""


def named(select: str, views: Sequence[AssetView]) -> list[AssetView]:
    """Those of the views that the statement names, at least; all where it cannot be told before it runs."""
    tree = syntax_tree(select)
    if tree is None:
        return list(views)
    tables = set[tuple[str, str]]()
    for node in nodes(tree):
        match node.get("type"):
            case "TABLE_FUNCTION" if str(node["function"]["function_name"]).lower() not in _PLAIN:
                return list(views)
            case "BASE_TABLE":
                tables.add((node["schema_name"].lower(), node["table_name"].lower()))
    return [view for view in views if any(_is_meant(view, *table) for table in tables)]


def _is_meant(view: AssetView, schema: str, table: str) -> bool:
    """Whether the view may be the table. Without a schema it is merged; what is no schema is the database."""
    if table != view.name.lower():
        return False
    return view.zone == ("merged" if schema in {"", "main"} else schema) or schema not in {"", "main", *ZONES}
