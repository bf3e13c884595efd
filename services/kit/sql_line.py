"""One connection to PostgreSQL that many threads share, taking turns, and that is made again once when it was lost.

Each statement commits by itself and is durable when the call returns. Because a statement may be sent a second time
after a lost connection, only statements that may run twice belong here. It never retries more than once: a second
loss reaches the caller as `psycopg.OperationalError`.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, LiteralString, TypeVar

import psycopg

Answer = TypeVar("Answer")


class SqlLine:
    """A shared, self-mending connection for statements that commit one by one and may be repeated."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._turn = Lock()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def run(self, statement: LiteralString, parameters: Sequence[object] | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        return self._with_connection(lambda connection: connection.execute(statement, parameters).rowcount)

    def rows(self, query: LiteralString, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._with_connection(lambda connection: connection.execute(query, parameters).fetchall())

    def close(self) -> None:
        """Close the connection; the next statement would open another."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _with_connection(self, ask: Callable[[psycopg.Connection[tuple[Any, ...]]], Answer]) -> Answer:
        with self._turn:
            connection = self._connected()
            try:
                return ask(connection)
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
            return ask(self._connected())

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=5, tcp_user_timeout=10_000, application_name="lianxi keys"
            )
            # A cluster may trade durability for speed by default; what passes here must survive a power cut.
            self._connection.execute("SET synchronous_commit = on")
        return self._connection
