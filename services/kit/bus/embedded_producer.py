"""The sending side of the embedded bus: gather what many threads send, append it in one transaction.

While one batch is being committed the next one fills, so a lone record leaves at once and a flood travels in large
batches, without any timer.  A batch is one transaction and therefore one fate: it serves as the acknowledgement of
every record in it.  Nothing is sent twice from here, and nothing after a batch that failed: when a commit's outcome is
unknown, the producer has failed with all that waits, and the caller goes on with another one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import psycopg

from services.kit.bus.port import VALUE_BYTES_MAX, BusTrouble, Topic, partition_of

BATCH_RECORDS_MAX = 2_000
BATCH_BYTES_MAX = 4_000_000
WAITING_BATCHES_MAX = 16
SEND_SECONDS_MAX = 60.0
CLOSE_SECONDS_MAX = 10.0
APPEND = "SELECT bus_append(%b::text[], %b::int[], %b::bytea[], %b::bytea[])"

Connection = psycopg.Connection[tuple[Any, ...]]


class Batch:
    """Records that are appended together, and the acknowledgement of each of them."""

    __slots__ = ("_settled", "_trouble", "keys", "partitions", "size_bytes", "topics", "values")

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.partitions: list[int] = []
        self.keys: list[bytes] = []
        self.values: list[bytes] = []
        self.size_bytes = 0
        self._settled = threading.Event()
        self._trouble: str | None = None

    def add(self, topic: Topic, key: bytes, value: bytes) -> None:
        """Put a record at the end."""
        self.topics.append(topic.name)
        self.partitions.append(partition_of(key, topic.partitions))
        self.keys.append(key)
        self.values.append(value)
        self.size_bytes += len(value)

    def is_full(self) -> bool:
        """Whether the next record belongs in another batch."""
        return len(self.keys) >= BATCH_RECORDS_MAX or self.size_bytes >= BATCH_BYTES_MAX

    def settle(self, trouble: str | None) -> None:
        """Tell everybody who waits that the batch is durable, or what went wrong."""
        self._trouble = trouble
        self._settled.set()

    def result(self, timeout: float | None = None) -> None:
        """Wait until the batch is durable; raises `BusTrouble` or `TimeoutError`."""
        if not self._settled.wait(timeout):
            raise TimeoutError(f"the bus did not acknowledge within {timeout} seconds")
        if self._trouble is not None:
            raise BusTrouble(self._trouble)

    def done(self) -> bool:
        """Whether `result` would return or raise without waiting."""
        return self._settled.is_set()


class EmbeddedProducer:
    """Sends records through one thread and one connection; safe to share between threads."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._changed = threading.Condition()
        self._waiting: deque[Batch] = deque()
        self._underway: Batch | None = None
        self._closed = False
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._send_batches, name="embedded-bus-producer", daemon=True)
        self._thread.start()

    def send(self, topic: Topic, key: bytes, value: bytes) -> Batch:
        """Queue a record; blocks only while `WAITING_BATCHES_MAX` batches wait."""
        if len(value) > VALUE_BYTES_MAX:
            raise ValueError(f"a value of {len(value)} bytes is too large for the bus")
        with self._changed:
            batch = self._open_batch()
            batch.add(topic, key, value)
            if len(batch.keys) == 1:
                self._changed.notify_all()
            return batch

    def flush(self, timeout: float | None = None) -> None:
        """Wait until what was sent before the call is durable or has failed."""
        with self._changed:
            batches = ([self._underway] if self._underway else []) + list(self._waiting)
        deadline = None if timeout is None else time.monotonic() + timeout
        for batch in batches:
            try:
                batch.result(None if deadline is None else max(0.0, deadline - time.monotonic()))
            except TimeoutError as error:
                raise BusTrouble(str(error)) from error
            except BusTrouble:
                continue  # Its own acknowledgement says so to whoever sent it.

    def close(self) -> None:
        """Send what is queued, for a bounded time, then fail the rest and disconnect."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(CLOSE_SECONDS_MAX)
        with self._changed:
            for batch in self._waiting:
                batch.settle("the producer was closed before the record was sent")
            self._waiting.clear()

    def _open_batch(self) -> Batch:
        """The batch to add to; the caller holds the lock."""
        while True:
            if self._failure is not None:
                raise BusTrouble(f"the producer has failed: {self._failure}")
            if self._closed:
                raise BusTrouble("the producer is closed")
            if self._waiting and not self._waiting[-1].is_full():
                return self._waiting[-1]
            if len(self._waiting) < WAITING_BATCHES_MAX:
                self._waiting.append(Batch())
                return self._waiting[-1]
            if not self._changed.wait(SEND_SECONDS_MAX):
                raise BusTrouble(f"the producer's buffer stayed full for {SEND_SECONDS_MAX} seconds")

    def _send_batches(self) -> None:
        while (batch := self._next_batch()) is not None:
            trouble = self._append(batch)
            if trouble is not None:
                self._fail(trouble)
            batch.settle(trouble)
        self._disconnect()

    def _fail(self, trouble: str) -> None:
        """Let nothing pass any more: what was sent after the lost batch must not be written before its repetition."""
        with self._changed:
            self._failure = trouble
            for batch in self._waiting:
                batch.settle(trouble)
            self._waiting.clear()
            self._changed.notify_all()

    def _next_batch(self) -> Batch | None:
        """The oldest batch, as soon as there is one; nothing once the producer is closed and empty."""
        with self._changed:
            self._underway = None
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return None
            self._underway = self._waiting.popleft()
            self._changed.notify_all()
            return self._underway

    def _append(self, batch: Batch) -> str | None:
        """Append and commit; returns what went wrong, if anything did."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.execute(APPEND, (batch.topics, batch.partitions, batch.keys, batch.values))
        except psycopg.Error as error:
            self._disconnect()
            return f"the records were not acknowledged: {error}"
        return None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
