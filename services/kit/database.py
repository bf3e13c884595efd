"""Plain connections to a node's database, for tables that are derived and can be made again."""

from typing import Any

import psycopg
from psycopg import Connection

Rows = Connection[tuple[Any, ...]]
"""A connection whose rows are tuples; each statement commits by itself unless a transaction is opened."""

DatabaseTrouble = psycopg.OperationalError
"""The database is away or out of room: try again later."""

DatabaseRefusal = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded)
"""The database cannot hold what it was given, now or later."""


def connect(dsn: str, *, search_path: str = "public", durable: bool = True) -> Rows:
    """Open a connection; one that is not `durable` commits without waiting for the disk (never loses order)."""
    commit = "on" if durable else "off"
    options = f"-c synchronous_commit={commit} -c timezone=UTC -c search_path={search_path.replace(' ', '')}"
    return psycopg.connect(dsn, autocommit=True, options=options, application_name="lianxi views")
