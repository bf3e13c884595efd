"""Connections to a node's log, always in the role that may only select and append.

Each statement commits by itself: the log's one write is one statement, so a group of commands costs one round trip.
"""

from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from services.kit.log.command import LogUnavailable

SERVICE_ROLE = "lianxi_service"

LogConnection = Connection[tuple[Any, ...]]

# Durability and isolation are said here because the log's promises hang on them, whatever the server's defaults are.
# Plans are made once, and with index scans only: one that was made while the tables were small must serve when they
# have grown.
_SETTINGS = {
    "role": SERVICE_ROLE,
    "timezone": "UTC",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read\\ committed",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "lock_timeout": "10s",
}

# A peer that vanished without a word is noticed within about ten seconds.
_LIVENESS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connect(conninfo: str) -> LogConnection:
    """Open a connection for the service; raises `psycopg.OperationalError` when the database is away."""
    given: dict[str, Any] = dict(conninfo_to_dict(conninfo))
    settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    given["options"] = f"{given.get('options') or ''} {settings}".strip()
    given.setdefault("application_name", "lianxi log")
    return psycopg.connect(**(_LIVENESS | given), autocommit=True)


class ReadConnections:
    """A few connections for reading, opened when needed and shared between threads."""

    def __init__(self, conninfo: str, connections_max: int = 4) -> None:
        self._conninfo = conninfo
        self._turns = BoundedSemaphore(connections_max)
        self._idle: LifoQueue[LogConnection] = LifoQueue()

    def rows(self, query: LiteralString, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query.

        A read may safely be done twice, so one lost connection goes unnoticed; a second loss, or any other trouble of
        the database, raises `LogUnavailable`.
        """
        with self._turns:
            try:
                connection = self._borrowed()
                try:
                    return self._fetched(connection, query, parameters)
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
                # Its neighbours were most likely lost with it, when the server went away.
                self.close()
                return self._fetched(self._borrowed(), query, parameters)
            except psycopg.OperationalError as error:
                raise LogUnavailable(f"the log cannot be read: {error}") from error

    def close(self) -> None:
        """Close what is idle; a later read would connect again."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _borrowed(self) -> LogConnection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return connect(self._conninfo)

    def _fetched(
        self, connection: LogConnection, query: LiteralString, parameters: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(query, parameters, prepare=True, binary=True).fetchall()
        finally:
            if not connection.closed:
                self._idle.put(connection)
