"""Names and texts from outside, as SQL writes them; and rows of a query."""

from typing import Any

import duckdb

Connection = duckdb.DuckDBPyConnection


def identifier(name: str) -> str:
    """A name as an SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def rows_of(connection: Connection, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql, values or []).fetchall()


def table_of(connection: Connection, sql: str) -> Any:
    """All rows of a query as an Arrow table."""
    return connection.sql(sql).to_arrow_table()
