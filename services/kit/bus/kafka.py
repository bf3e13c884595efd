"""Apache Kafka behind the bus port, by way of kafka-python.

Topics are created with their partition counts, every partition is chosen by us and assigned by hand, and a record is
acknowledged when the in-sync brokers have it.  This module never commits offsets to Kafka and never uses its
transactions or groups: who reads keeps the offset in its own database, in the transaction that holds the effect.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from services.kit.bus.kafka_client import (
    REQUEST_BYTES_MAX,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    TopicPartition,
    client_settings,
    open_admin,
    open_consumer,
    open_producer,
    require_compiled_checksum,
)
from services.kit.bus.port import VALUE_BYTES_MAX, BusTls, BusTrouble, Record, Topic, partition_of

REPLICAS_MAX = 3
CLOSE_SECONDS_MAX = 10


class KafkaBus:
    """The bus on the Kafka cluster that answers at `servers`."""

    def __init__(self, servers: Sequence[str], *, tls: BusTls | None = None) -> None:
        require_compiled_checksum()
        self._settings = client_settings(servers, tls)
        self._observer: Any = None
        self._observing = threading.Lock()

    def ensure_topics(self, topics: Iterable[Topic]) -> None:
        """Create topics that are missing; refuse a topic that has another partition count."""
        wanted = {topic.name: topic for topic in topics}
        try:
            admin = open_admin(self._settings)
            try:
                _create_missing(admin, wanted)
                found = {entry["name"]: len(entry["partitions"]) for entry in admin.describe_topics(list(wanted))}
            finally:
                admin.close()
        except KafkaError as error:
            raise BusTrouble(f"topics could not be created: {error}") from error
        for name, topic in wanted.items():
            if found.get(name) != topic.partitions:
                raise ValueError(f"topic {name} exists with {found.get(name)} partitions, not {topic.partitions}")

    def producer(self) -> "KafkaProducer":
        """A new producer with a thread and connections of its own."""
        return KafkaProducer(self._settings)

    def consumer(self, topic_name: str, start: Mapping[int, int]) -> "KafkaConsumer":
        """A consumer of every partition of the topic; it connects with the first poll."""
        return KafkaConsumer(self._settings, topic_name, start)

    def end_offsets(self, topic_name: str) -> dict[int, int]:
        """For each partition, the offset that the next record will get."""
        with self._observing:
            try:
                if self._observer is None:
                    self._observer = open_consumer(self._settings)
                ends = self._observer.end_offsets(_partitions(self._observer, topic_name))
            except KafkaError as error:
                raise BusTrouble(f"end offsets of {topic_name} are unknown: {error}") from error
        return {partition.partition: end for partition, end in sorted(ends.items())}

    def close(self) -> None:
        """Release the connection that `end_offsets` uses."""
        with self._observing:
            if self._observer is not None:
                self._observer.close()
                self._observer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _topic_settings(topic: Topic, brokers: int) -> dict[str, Any]:
    """How the broker is to keep a topic: for ever, on three brokers when there are three, and safe while one is out."""
    replicas = min(REPLICAS_MAX, brokers)
    return {
        "num_partitions": topic.partitions,
        "replication_factor": replicas,
        "configs": {
            "cleanup.policy": "compact" if topic.compacted else "delete",
            "retention.ms": str(topic.retention_ms),
            "retention.bytes": "-1",
            "min.insync.replicas": str(max(1, replicas - 1)),
            "max.message.bytes": str(REQUEST_BYTES_MAX),
            "message.timestamp.type": "CreateTime",
        },
    }


def _create_missing(admin: Any, wanted: Mapping[str, Topic]) -> None:
    brokers = len(admin.describe_cluster()["brokers"])
    present = set(admin.list_topics())
    missing = {name: _topic_settings(topic, brokers) for name, topic in wanted.items() if name not in present}
    if not missing:
        return
    try:
        admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        # Another node was quicker with one of them; the rest were created all the same.
        admin.wait_for_topics(list(missing))


def _partitions(consumer: Any, topic_name: str) -> list[Any]:
    """The partitions of a topic, in order, as the client names them."""
    numbers = consumer.partitions_for_topic(topic_name)
    if not numbers:
        raise BusTrouble(f"topic {topic_name} does not exist")
    return [TopicPartition(topic_name, number) for number in sorted(numbers)]


class KafkaAcknowledgement:
    """The client's future, speaking the port's language."""

    __slots__ = ("_future",)

    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self, timeout: float | None = None) -> None:
        """Wait until the record is durable; raises `BusTrouble` or `TimeoutError`."""
        try:
            self._future.get(timeout)
        except KafkaError as error:
            # The client uses one class for "you waited too long" and "the record ran out of time".
            if isinstance(error, KafkaTimeoutError) and not self._future.is_done:
                raise TimeoutError(f"the bus did not acknowledge within {timeout} seconds") from error
            raise BusTrouble(f"the record was not acknowledged: {error!r}") from error

    def done(self) -> bool:
        """Whether `result` would return or raise without waiting."""
        return bool(self._future.is_done)


class KafkaProducer:
    """Sends records through the client's own thread; safe to share between threads.

    When kafka-python gives a batch up (its time ran out, or a new epoch began), it goes on with the next one.  Later
    records would then stand before the repetition of earlier ones, so the first failure stops the client's thread: the
    client has one batch of a partition under way, and tells of its failure before it takes up another.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._failure: str | None = None
        try:
            self._producer = open_producer(settings)
        except KafkaError as error:
            raise BusTrouble(f"the broker does not answer: {error!r}") from error

    def send(self, topic: Topic, key: bytes, value: bytes) -> KafkaAcknowledgement:
        """Queue a record; blocks for `max_block_ms` at most."""
        if len(value) > VALUE_BYTES_MAX:
            raise ValueError(f"a value of {len(value)} bytes is too large for the bus")
        if self._failure is not None:
            raise BusTrouble(f"the producer has failed: {self._failure}")
        try:
            future = self._producer.send(topic.name, value, key, partition=partition_of(key, topic.partitions))
        except KafkaError as error:
            raise BusTrouble(f"the record could not be queued: {error!r}") from error
        future.add_errback(self._fail)
        return KafkaAcknowledgement(future)

    def _fail(self, error: Exception) -> None:
        """Stop the client's thread, which is the one that calls; what it has not sent yet fails as well."""
        self._failure = self._failure or repr(error)
        self._producer._sender.force_close()  # noqa: SLF001 - kafka-python 3.0.12 has no other way to stop at once

    def flush(self, timeout: float | None = None) -> None:
        """Wait until what was sent before the call is acknowledged or has failed."""
        try:
            self._producer.flush(timeout)
        except KafkaError as error:
            raise BusTrouble(f"the bus did not acknowledge within {timeout} seconds") from error

    def close(self) -> None:
        """Send what is queued, for a bounded time, then fail the rest and disconnect."""
        try:
            self._producer.close(timeout=CLOSE_SECONDS_MAX)
        except KafkaTimeoutError:
            # kafka-python 3.0.12 gives up here before it stops its thread, and has no other way to stop it.
            self._producer._sender.force_close()  # noqa: SLF001


class KafkaConsumer:
    """Reads one topic from given offsets.  Not thread safe: one consumer belongs to one thread."""

    def __init__(self, settings: Mapping[str, Any], topic_name: str, start: Mapping[int, int]) -> None:
        self._settings = settings
        self._topic = topic_name
        self._start = dict(start)
        self._consumer: Any = None

    def poll(self, timeout_seconds: float, max_records: int) -> list[Record]:
        """Return what is there, at most `max_records`, waiting for news when there is nothing."""
        try:
            consumer = self._consumer or self._connect()
            fetched = consumer.poll(timeout_ms=timeout_seconds * 1000, max_records=max_records)
        except KafkaError as error:
            raise BusTrouble(f"reading {self._topic} broke off: {error!r}") from error
        return [
            Record(found.topic, found.partition, found.offset, found.key, found.value)
            for batch in fetched.values()
            for found in batch
        ]

    def seek(self, partition: int, offset: int) -> None:
        """Make `offset` the next one that `poll` returns from `partition`."""
        if self._consumer is None:
            self._start[partition] = offset
        else:
            self._consumer.seek(TopicPartition(self._topic, partition), offset)

    def close(self) -> None:
        """Release the connections; a second call does nothing."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False)

    def _connect(self) -> Any:
        """Connect, take every partition by hand, and go to where the reader left off."""
        consumer = open_consumer(self._settings)
        try:
            partitions = _partitions(consumer, self._topic)
        except (BusTrouble, KafkaError):
            consumer.close(autocommit=False)
            raise
        consumer.assign(partitions)
        for partition in partitions:
            # Everything that we publish is kept for ever, so a partition begins at 0 and no lookup is needed; the
            # reset to the earliest offset covers the compacted topic, whose first records may be gone.
            consumer.seek(partition, self._start.get(partition.partition, 0))
        self._consumer = consumer
        return consumer
