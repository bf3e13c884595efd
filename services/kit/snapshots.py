"""Reading tables over a few shared connections, each question on one snapshot of the database.

A list and the position that it claims to reflect must come from the same instant, or the claim is wrong. Nothing here
writes. A connection that was lost is made again once, since a read may be done twice.
"""

from collections.abc import Callable
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import TypeVar

from services.kit.database import DatabaseTrouble, Rows

Answer = TypeVar("Answer")

CONNECTIONS_MAX = 4


class Snapshots:
    """A handful of connections that threads borrow; `connect` opens one."""

    def __init__(self, connect: Callable[[], Rows], connections_max: int = CONNECTIONS_MAX) -> None:
        self._connect = connect
        self._turns = BoundedSemaphore(connections_max)
        self._idle: LifoQueue[Rows] = LifoQueue()

    def read(self, question: Callable[[Rows], Answer]) -> Answer:
        """Return what the question finds; all its queries see the same state. Raises `DatabaseTrouble`."""
        with self._turns:
            connection = self._borrowed()
            try:
                return self._asked(connection, question)
            except DatabaseTrouble:
                if not connection.closed:
                    raise
            # Its neighbours were lost with it, most likely.
            self.close()
            return self._asked(self._borrowed(), question)

    def close(self) -> None:
        """Close what is idle; a later read would connect again."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _borrowed(self) -> Rows:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect()

    def _asked(self, connection: Rows, question: Callable[[Rows], Answer]) -> Answer:
        try:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                return question(connection)
        finally:
            if not connection.closed:
                self._idle.put(connection)
