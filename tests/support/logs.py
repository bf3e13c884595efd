"""Logs for tests: a database with the schema, the events that fill it, and a line to it that can be cut.

Import the fixtures beside `postgres_server`, which they need.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.case import Classified
from domain.vocabulary import Category
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.log import Fold, Log, Request, install_schema

Answer = TypeVar("Answer")

PETITION = UUID("5d1c3a52-0000-4000-8000-000000000001")
COUNT: Fold[int] = Fold(0, lambda count, _: count + 1)
"""The simplest state of a stream: how many events it has."""


@pytest.fixture
def dsn(postgres_server: EmbeddedPostgres) -> str:
    """A database of its own, with the log's schema."""
    created = postgres_server.dsn(f"log_{uuid4().hex}")
    install_schema(created)
    return created


@pytest.fixture
def log(dsn: str) -> Iterator[Log]:
    opened = Log(dsn)
    yield opened
    opened.close()


def classified(occurred_time: datetime | None = None) -> Classified:
    return Classified(
        petition_id=PETITION,
        agency="housing",
        occurred_time=occurred_time or datetime.now(UTC),
        category=Category.APPEAL,
    )


def request(digest: bytes = b"digest", answer: bytes | None = b"answer") -> Request:
    return Request("housing", uuid4(), digest, answer)


def as_owner(dsn: str, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a statement with all powers over the database; return its rows, if it has any."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def break_connections(dsn: str) -> None:
    """End every session of the database in the midst of what it does."""
    as_owner(
        dsn,
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()",
    )


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Run the calls in as many threads, all released at the same moment; return what they returned, in order."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@contextmanager
def busy_writer(dsn: str, log: Log) -> Iterator[None]:
    """Keep the log's writer busy with one command, so that what arrives meanwhile becomes one group."""
    with psycopg.connect(dsn) as holder, ThreadPoolExecutor(1) as thread:
        holder.execute("select pg_advisory_xact_lock(hashtext('lianxi_log'))")
        first = thread.submit(log.record, uuid4(), 0, [classified()])
        waits = "select 1 from pg_locks where locktype = 'advisory' and not granted"
        while not holder.execute(waits.encode()).fetchall():
            pass
        yield
        holder.rollback()
        first.result()


class CutLine:
    """A line between the log and its database that can lose the answer to what was done.

    It passes everything on until it is told which answer to lose: the next one of the server that contains these bytes
    is thrown away, when what it answers has been done, and the line breaks.
    """

    def __init__(self, dsn: str) -> None:
        self._server = conninfo_to_dict(dsn)
        self._folder = TemporaryDirectory()
        name = f".s.PGSQL.{self._server['port']}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(Path(self._folder.name) / name))
        self._listening.listen()
        self._target = str(Path(str(self._server["host"])) / name)
        self._loses = b""
        self.dsn = make_conninfo(dsn, host=self._folder.name)
        Thread(target=self._accept, daemon=True).start()

    def lose_next_answer(self, containing: bytes) -> None:
        self._loses = containing

    @property
    def has_lost(self) -> bool:
        return not self._loses

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError), source, sink:
            while data := source.recv(65536):
                if is_answer and self._loses and self._loses in data:
                    self._loses = b""
                    break
                sink.sendall(data)
            # The other direction waits in `recv`, and closing alone would not wake it.
            sink.shutdown(socket.SHUT_RDWR)
            source.shutdown(socket.SHUT_RDWR)
