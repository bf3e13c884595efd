"""Waking up when the log has grown, in this process or in another.

A listener is made first and the log is read after that: whatever is appended in between is announced to it, so no
wake-up is lost.  An announcement may still be missed while the connection is down; hence every wait has an end, after
which the caller reads again.
"""

from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import Self

import psycopg

from services.kit.log.command import LogUnavailable
from services.kit.log.connection import LogConnection, connect


class AppendListener:
    """A connection that hears each commit of the log.  Belongs to one thread; only `close` may come from another."""

    def __init__(self, conninfo: str) -> None:
        """Listen from now on; raises `LogUnavailable` when the database is away."""
        self._conninfo = conninfo
        self._closed = Event()
        try:
            self._connection = self._listening()
        except psycopg.OperationalError as error:
            raise LogUnavailable(f"the log cannot be heard: {error}") from error

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until something was appended since the last wait, at most so long; tell whether there may be news.

        A lost connection is made again, and counts as news, because what was said meanwhile was not heard.
        """
        try:
            if self._connection.closed:
                self._connection = self._listening()
                return True
            return any(True for _ in self._connection.notifies(timeout=timeout_seconds, stop_after=1))
        except psycopg.OperationalError:
            self._connection.close()
            self._closed.wait(timeout_seconds)
            return False

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        with suppress(psycopg.OperationalError):
            self._connection.close()

    def _listening(self) -> LogConnection:
        connection = connect(self._conninfo)
        connection.execute("listen lianxi_log")
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
