"""The bus as the rest of the system sees it: topics, records, one producer, one consumer.

Every node publishes its facts and reads those of the others through this port.  It exists so that the same
relay, inbox and office run on Apache Kafka (`kafka.py`) and on a table in PostgreSQL (`embedded.py`), which a
single contract suite (`tests/contracts/test_bus.py`) holds to the same promises:

* records with one key go to one partition and keep their order; offsets within a partition rise strictly;
* a future that resolves means that the record is durable; delivery is at least once;
* the reader, never the bus, remembers how far it has read.

The port knows no consumer groups, no headers, no transactions and no deserialisers: each of them would either
exist on one bus only or cost Python work for every record.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, Self

EVENTS_PARTITIONS = 12
KEEP_FOREVER = -1
VALUE_BYTES_MAX = 4_000_000
"""The largest value that `send` takes, on every bus; what is larger does not belong in a record."""


class BusTrouble(Exception):
    """The bus did not answer or broke off; nothing is known to be wrong with the call, so try again later."""


class Topic(NamedTuple):
    """A named log.  The partition count is fixed at birth, because changing it would move keys."""

    name: str
    partitions: int
    compacted: bool = False
    retention_ms: int = KEEP_FOREVER


class Record(NamedTuple):
    """One record as stored: the bytes are those that were sent, and `offset` rises strictly in its partition."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


def events_topic() -> Topic:
    """Every public fact of every node, keyed by petition."""
    return Topic("lianxi.events.v1", EVENTS_PARTITIONS)


def inbox_topic(node: str) -> Topic:
    """What other nodes address to `node` alone; one partition, hence one order for the node."""
    return Topic(f"lianxi.inbox.{node}.v1", 1)


def directory_topic() -> Topic:
    """Who takes part, keyed by node; only the latest entry for a key matters."""
    return Topic("lianxi.directory.v1", 1, compacted=True)


def checkpoints_topic() -> Topic:
    """Signed tree heads of every node, keyed by node."""
    return Topic("lianxi.checkpoints.v1", 1)


TOPICS: tuple[Topic, ...] = (events_topic(), directory_topic(), checkpoints_topic())
"""The topics that exist once for everybody; each node adds its own `inbox_topic`."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, the same on every bus and in every language that has CRC-32 (IEEE)."""
    return zlib.crc32(key) % partitions


class Acknowledgement(Protocol):
    """The promise of one `send`; resolves once the record is durable."""

    def result(self, timeout: float | None = None) -> None:
        """Wait until the record is durable.

        Raises `BusTrouble` when it was not acknowledged, and `TimeoutError` when `timeout` seconds passed first.
        The record may still have been written in both cases.
        """
        ...

    def done(self) -> bool:
        """Whether `result` would return or raise without waiting."""
        ...


class Producer(Protocol):
    """Sends records; safe to share between threads.

    A producer fails once and for good: after a failed acknowledgement nothing that was sent later is written, and every
    further `send` raises `BusTrouble`.  What a partition holds of one producer's records is thus always a beginning of
    what was sent to it, without a hole: readers that drop repetitions by position rely on that.  The caller closes it
    and goes on with a new one, from the last contiguous acknowledgement.
    """

    def send(self, topic: Topic, key: bytes, value: bytes) -> Acknowledgement:
        """Queue a record for the partition of its key; blocks only while the buffer is full.

        Raises `BusTrouble` when the producer is closed or has failed, the bus is away for long or the buffer stays
        full, and `ValueError` for a value above `VALUE_BYTES_MAX`.
        """
        ...

    def flush(self, timeout: float | None = None) -> None:
        """Wait until every record sent before the call is acknowledged or failed.

        Raises `BusTrouble` when `timeout` seconds pass first.  A failed record is reported by its own
        acknowledgement, not here.
        """
        ...

    def close(self) -> None:
        """Send what is queued, for a bounded time, and release the connection; a second call does nothing."""
        ...


class Consumer(Protocol):
    """Reads one topic from given offsets.  Not thread safe: one consumer belongs to one thread."""

    def poll(self, timeout_seconds: float, max_records: int) -> list[Record]:
        """Return what is there, at most `max_records`, in offset order within each partition.

        Waits up to `timeout_seconds` when there is nothing, and returns early when a record arrives.  When the bus
        is away it raises `BusTrouble` or returns nothing, and the next call tries again from the same place.  On a
        topic that does not exist it raises `BusTrouble`.
        """
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Make `offset` the next one that `poll` returns from `partition`."""
        ...

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        ...


class Bus(Protocol):
    """A connection to the bus, usable as a context manager."""

    def ensure_topics(self, topics: Iterable[Topic]) -> None:
        """Create the topics that are missing.

        Raises `ValueError` when one exists with another partition count, for its keys would move.
        """
        ...

    def producer(self) -> Producer:
        """A new producer, which the caller closes.  Raises `BusTrouble` when the bus is away."""
        ...

    def consumer(self, topic_name: str, start: Mapping[int, int]) -> Consumer:
        """A consumer of every partition of the topic.

        `start` maps a partition to the next offset wanted; a partition that it lacks is read from its beginning.
        It connects with the first `poll`.  The caller closes it.
        """
        ...

    def end_offsets(self, topic_name: str) -> dict[int, int]:
        """For each partition, the offset that the next record will get.

        Raises `BusTrouble` when the bus is away or the topic does not exist.
        """
        ...

    def close(self) -> None:
        """Release what the bus itself holds; its producers and consumers have their own `close`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class BusTls(NamedTuple):
    """The PEM files with which a node proves itself to the bus and checks the bus."""

    authority_file: str
    certificate_file: str
    key_file: str
