"""One active worker for each task of a node, however many are started: the others stand by.

The right to work is a session lock in the node's database. It ends with the connection that holds it, so it passes on
when a process dies, however it dies. What the holder writes about its progress goes through that same connection: one
that lost its right without noticing can no longer write.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from services.kit.log.connection import LogConnection, connect

logger = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 0.5


@contextmanager
def leadership(conninfo: str, task: str, stop: Event) -> Iterator[LogConnection | None]:
    """Wait for the right to do a task, and give the connection that holds it; nothing when `stop` came first.

    Raises `psycopg.OperationalError` when the database is away.
    """
    with connect(conninfo) as connection:
        stands_by = False
        while not stop.is_set():
            row = connection.execute("select pg_try_advisory_lock(hashtext(%s))", (f"lianxi {task}",)).fetchone()
            if row == (True,):
                logger.info("%s is active", task)
                yield connection
                return
            if not stands_by:
                logger.info("%s stands by: another process is active", task)
                stands_by = True
            stop.wait(TRY_AGAIN_SECONDS)
        yield None
