"""Real tables from row classes: a `NamedTuple` of typed columns is the DDL, the upsert and the reader.

A view's rows are written set-wise: one statement per table and batch, one array per column. Nothing here knows what the
rows mean.
"""

import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

ARRAY_ROWS_MAX = 200

_COLUMN_TYPES: dict[type, str] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamptz",
    date: "date",
    bytes: "bytea",
}


@dataclass(frozen=True)
class Table:
    """A table: its row class, its key, and its indexes as `(name, definition after ON table)`."""

    name: str
    row: type[NamedTuple]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, str], ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The column names, in the order of the row class."""
        return self.row._fields

    @cached_property
    def column_types(self) -> tuple[tuple[str, bool], ...]:
        """For each column its PostgreSQL type, and whether it may be null."""
        return tuple(_column_type(hint) for hint in typing.get_type_hints(self.row).values())

    def create(self, connection: Connection[Any], schema: str, *, with_indexes: bool = True) -> None:
        """Create the table and its indexes in the schema, unless they exist."""
        lines = [
            SQL("{} {}{}").format(Identifier(name), SQL(kind), SQL("" if nullable else " NOT NULL"))
            for name, (kind, nullable) in zip(self.columns, self.column_types, strict=True)
        ]
        lines_sql = SQL(", ").join(lines)
        connection.execute(SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(self._in(schema), lines_sql))
        if with_indexes:
            self.index(connection, schema)

    def index(self, connection: Connection[Any], schema: str) -> None:
        """Create the primary key and the indexes; cheaper once the rows are there than before."""
        key = SQL(", ").join(map(Identifier, self.key))
        unique = SQL("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {} ({})")
        connection.execute(unique.format(Identifier(f"{self.name}_key"), self._in(schema), key))
        for name, definition in self.indexes:
            statement = SQL("CREATE INDEX IF NOT EXISTS {} ON {} " + definition)
            connection.execute(statement.format(Identifier(f"{self.name}_{name}"), self._in(schema)))

    def upsert(self, connection: Connection[Any], schema: str, rows: Sequence[NamedTuple]) -> None:
        """Write the rows, replacing those of the same key; keys must not repeat within the call.

        A few rows go as array parameters, in one trip. Many are copied into a staging table of the session first: a
        binary copy costs a third of arrays, but two trips more.
        """
        if not rows:
            return
        if len(rows) <= ARRAY_ROWS_MAX:
            connection.execute(_from_arrays(self, schema), [list(column) for column in zip(*rows, strict=True)])
            return
        staging = SQL("pg_temp.{}").format(Identifier(f"staging_{self.name}"))
        connection.execute(
            SQL("CREATE TEMP TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DELETE ROWS").format(staging, self._in(schema))
        )
        self._copy(connection, staging, rows)
        connection.execute(self.upsert_statement(schema, staging))

    def copy(self, connection: Connection[Any], schema: str, rows: Iterable[NamedTuple]) -> None:
        """Load new rows into a table that has no such keys yet: for a rebuild."""
        self._copy(connection, self._in(schema), rows)

    def _copy(self, connection: Connection[Any], target: Composed, rows: Iterable[NamedTuple]) -> None:
        columns = SQL(", ").join(map(Identifier, self.columns))
        statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, columns)
        with connection.cursor().copy(statement) as copy:
            copy.set_types([kind for kind, _ in self.column_types])
            write = copy.write_row
            for row in rows:
                write(row)

    def _in(self, schema: str) -> Composed:
        return SQL("{}.{}").format(Identifier(schema), Identifier(self.name))

    def upsert_statement(self, schema: str, source: Composed) -> Composed:
        """The statement that writes what `source` yields, replacing rows of the same key."""
        rest = [column for column in self.columns if column not in self.key]
        return SQL(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} AS source ({columns}) "
            "ON CONFLICT ({key}) DO UPDATE SET {sets}"
        ).format(
            table=self._in(schema),
            columns=SQL(", ").join(map(Identifier, self.columns)),
            source=source,
            key=SQL(", ").join(map(Identifier, self.key)),
            sets=SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(column)) for column in rest),
        )


@cache
def _from_arrays(table: Table, schema: str) -> Composed:
    arrays = SQL(", ").join(SQL("%b::{}[]").format(SQL(kind)) for kind, _ in table.column_types)
    return table.upsert_statement(schema, SQL("unnest({})").format(arrays))


def _column_type(hint: Any) -> tuple[str, bool]:
    if isinstance(hint, types.UnionType):
        kinds = [kind for kind in hint.__args__ if kind is not types.NoneType]
        return _COLUMN_TYPES[kinds[0]], True
    return _COLUMN_TYPES[hint], False
