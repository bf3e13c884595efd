"""The embedded bus: a table in PostgreSQL behind the same port as Kafka.

It exists so that a demonstration, a test or a small county runs with nothing but PostgreSQL, and behaves as it will
on Kafka.  Appending is one SQL function (`embedded.sql`) that holds the lock of each partition until commit: offsets
have no gaps and appear in order.  Readers are woken by NOTIFY and look again twice a second in case one was missed.

It never deletes by age, never knows who reads, and needs no connection of its own until something is sent or polled.
"""

import select
import time
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Self

import psycopg
from psycopg import sql

from services.kit.bus.embedded_producer import Connection, EmbeddedProducer
from services.kit.bus.port import BusTrouble, Record, Topic

SCHEMA_LOCK = 0x4C58_0001
RECHECK_SECONDS = 0.5

READ = """
    SELECT topic, partition, record_offset, key, value FROM bus_record
     WHERE topic = %s AND partition = %s AND record_offset >= %s
     ORDER BY record_offset LIMIT %s
"""


def connect(url: str) -> Connection:
    """A connection on which each statement commits by itself, durably, whatever the server's default is."""
    return psycopg.connect(
        url, autocommit=True, connect_timeout=10, tcp_user_timeout=15_000, options="-c synchronous_commit=on"
    )


class EmbeddedBus:
    """The bus in the PostgreSQL database that `url` names."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ensure_topics(self, topics: Iterable[Topic]) -> None:
        """Create tables and topics that are missing; refuse a topic that has another partition count."""
        try:
            with connect(self._url) as connection, connection.transaction():
                # CREATE IF NOT EXISTS is not safe against itself, and all nodes start at once.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
                connection.execute(resources.files(__package__).joinpath("embedded.sql").read_bytes())
                for topic in topics:
                    _ensure_topic(connection, topic)
        except psycopg.Error as error:
            raise BusTrouble(f"topics could not be created: {error}") from error

    def producer(self) -> EmbeddedProducer:
        """A new producer with a thread and a connection of its own."""
        return EmbeddedProducer(lambda: connect(self._url))

    def consumer(self, topic_name: str, start: Mapping[int, int]) -> "EmbeddedConsumer":
        """A consumer of every partition of the topic; it connects with the first poll."""
        return EmbeddedConsumer(self._url, topic_name, start)

    def end_offsets(self, topic_name: str) -> dict[int, int]:
        """For each partition, the offset that the next record will get."""
        try:
            with connect(self._url) as connection:
                return _end_offsets(connection, topic_name)
        except psycopg.Error as error:
            raise BusTrouble(f"end offsets of {topic_name} are unknown: {error}") from error

    def close(self) -> None:
        """The bus itself holds nothing open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _ensure_topic(connection: Connection, topic: Topic) -> None:
    connection.execute("INSERT INTO bus_topic VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", topic)
    connection.execute(
        "INSERT INTO bus_partition (topic, partition) SELECT topic, generate_series(0, partitions - 1)"
        "  FROM bus_topic WHERE topic = %s ON CONFLICT DO NOTHING",
        [topic.name],
    )
    found = connection.execute("SELECT partitions FROM bus_topic WHERE topic = %s", [topic.name]).fetchone()
    if found != (topic.partitions,):
        raise ValueError(f"topic {topic.name} exists with {found} partitions, not {topic.partitions}")


def _end_offsets(connection: Connection, topic_name: str) -> dict[int, int]:
    rows = connection.execute(
        "SELECT partition, next_offset FROM bus_partition WHERE topic = %s ORDER BY partition",
        [topic_name],
        binary=True,
    ).fetchall()
    if not rows:
        raise BusTrouble(f"topic {topic_name} does not exist")
    return dict(rows)


def _next_offset(found: list[Record], wanted: int, end: int) -> int:
    """Where to read on in a partition that ended at `end` just before `found` was read."""
    after_found = found[-1].offset + 1 if found else 0
    # Fewer than wanted means that all up to the end was seen, and what is missing there was compacted away; yet more
    # may have been appended since, and must not be read twice.
    return after_found if len(found) == wanted else max(after_found, end)


class EmbeddedConsumer:
    """Reads one topic from given offsets.  Not thread safe: one consumer belongs to one thread."""

    def __init__(self, url: str, topic_name: str, start: Mapping[int, int]) -> None:
        self._url = url
        self._topic = topic_name
        self._next = dict(start)
        self._last_partition = -1
        self._connection: Connection | None = None
        self._heard = False

    def poll(self, timeout_seconds: float, max_records: int) -> list[Record]:
        """Return what is there, at most `max_records`, waiting for news when there is nothing."""
        deadline = time.monotonic() + timeout_seconds
        try:
            connection = self._connection or self._connect()
            while True:
                self._heard = False
                records = self._read(connection, max_records)
                remaining = deadline - time.monotonic()
                if records or remaining <= 0:
                    return records
                self._await_news(connection, min(remaining, RECHECK_SECONDS))
        except psycopg.Error as error:
            self.close()
            raise BusTrouble(f"reading {self._topic} broke off: {error}") from error

    def seek(self, partition: int, offset: int) -> None:
        """Make `offset` the next one that `poll` returns from `partition`."""
        self._next[partition] = offset

    def close(self) -> None:
        """Release the connection; a later poll would open another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection:
        """Connect and listen, in that order before the first read, so that nothing falls between."""
        self._connection = connection = connect(self._url)
        connection.add_notify_handler(lambda _: self._note_news())
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._topic)))
        return connection

    def _note_news(self) -> None:
        self._heard = True

    def _read(self, connection: Connection, max_records: int) -> list[Record]:
        """Read the partitions that lag, each in its order.

        The round starts after the partition that was read last, so that a busy one cannot starve the others.
        """
        ends = _end_offsets(connection, self._topic)
        lagging = [partition for partition, end in ends.items() if self._next.get(partition, 0) < end]
        lagging.sort(key=lambda partition: (partition - self._last_partition - 1) % len(ends))
        records: list[Record] = []
        for partition in lagging:
            wanted = max_records - len(records)
            if wanted <= 0:
                break
            found = self._read_partition(connection, partition, wanted)
            self._next[partition] = _next_offset(found, wanted, ends[partition])
            self._last_partition = partition
            records += found
        return records

    def _read_partition(self, connection: Connection, partition: int, wanted: int) -> list[Record]:
        parameters = (self._topic, partition, self._next.get(partition, 0), wanted)
        return list(map(Record._make, connection.execute(READ, parameters, binary=True)))

    def _await_news(self, connection: Connection, seconds: float) -> None:
        """Sleep until the server says something; the next read tells what it was."""
        # A notification may have come along with the rows just read, and then the socket stays silent.
        if self._heard or connection.pgconn.notifies() is not None:
            return
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        waiting.poll(seconds * 1000)
