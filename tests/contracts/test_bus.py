"""What every bus promises, asked of the embedded bus and of a real Kafka broker in the same words."""

import logging
import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress

import pytest

from services.kit.bus import Acknowledgement, Bus, BusTrouble, Consumer, Producer, Record, Topic, partition_of
from services.kit.bus.port import VALUE_BYTES_MAX
from tests.contracts.conftest import Installation

LOG = logging.getLogger(__name__)
PATIENCE_SECONDS = 30.0


@pytest.fixture
def producer(bus: Bus) -> Iterator[Producer]:
    with closing(bus.producer()) as opened:
        yield opened


def send_all(producer: Producer, topic: Topic, pairs: list[tuple[bytes, bytes]]) -> None:
    acknowledgements = [producer.send(topic, key, value) for key, value in pairs]
    for acknowledgement in acknowledgements:
        acknowledgement.result(PATIENCE_SECONDS)


def numbered(count: int, keys: int = 7) -> list[tuple[bytes, bytes]]:
    return [(b"key-%d" % (n % keys), b"%d" % n) for n in range(count)]


def read(consumer: Consumer, count: int) -> list[Record]:
    """Poll, as a patient node would, until `count` records are there."""
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < count and time.monotonic() < deadline:
        with suppress(BusTrouble):
            records += consumer.poll(1.0, 1_000)
    return records


def read_from(bus: Bus, topic: Topic, count: int, start: Mapping[int, int] | None = None) -> list[Record]:
    with closing(bus.consumer(topic.name, start or {})) as consumer:
        return read(consumer, count)


def offsets_by_partition(records: list[Record]) -> dict[int, list[int]]:
    offsets: dict[int, list[int]] = defaultdict(list)
    for record in records:
        offsets[record.partition].append(record.offset)
    return offsets


def test_records_with_one_key_keep_their_order(bus: Bus, topic: Topic, producer: Producer) -> None:
    sent = numbered(500)
    send_all(producer, topic, sent)
    received = read_from(bus, topic, 500)
    for key in {key for key, _ in sent}:
        assert [r.value for r in received if r.key == key] == [value for k, value in sent if k == key]


def test_a_key_always_goes_to_the_partition_of_its_checksum(bus: Bus, topic: Topic, producer: Producer) -> None:
    keys = [uuid.uuid4().bytes for _ in range(50)]
    send_all(producer, topic, [(key, b"") for key in keys * 2])
    received = read_from(bus, topic, 100)
    assert len(received) == 100
    assert all(r.partition == partition_of(r.key or b"", topic.partitions) for r in received)
    assert {r.topic for r in received} == {topic.name}


def test_bytes_arrive_as_they_were_sent(bus: Bus, topic: Topic, producer: Producer) -> None:
    values = [b"", b"\x00", bytes(range(256)), "处理意见".encode(), os.urandom(1 << 20), os.urandom(VALUE_BYTES_MAX)]
    key = b"\x00key\xff"
    send_all(producer, topic, [(key, value) for value in values])
    received = read_from(bus, topic, len(values))
    assert [(r.key, r.value) for r in received] == [(key, value) for value in values]


def test_a_value_that_is_too_large_is_refused_at_once(topic: Topic, producer: Producer) -> None:
    with pytest.raises(ValueError, match="too large"):
        producer.send(topic, b"key", bytes(VALUE_BYTES_MAX + 1))


def test_ten_thousand_records_come_back(bus: Bus, topic: Topic, producer: Producer) -> None:
    sent = numbered(10_000, keys=100)
    started = time.monotonic()
    send_all(producer, topic, sent)
    sent_time = time.monotonic()
    received = read_from(bus, topic, len(sent))
    seconds = sent_time - started, time.monotonic() - sent_time
    LOG.info("sent %.0f/s, read %.0f/s", *(len(sent) / each for each in seconds))
    assert sorted((r.key or b"", r.value or b"") for r in received) == sorted(sent)


def test_a_reader_that_comes_back_with_an_old_offset_gets_the_records_again(
    bus: Bus, topic: Topic, producer: Producer
) -> None:
    send_all(producer, topic, [(b"key", b"%d" % n) for n in range(10)])
    partition = partition_of(b"key", topic.partitions)
    assert [r.value for r in read_from(bus, topic, 10)] == [b"%d" % n for n in range(10)]
    again = read_from(bus, topic, 4, start={partition: 6})
    assert [(r.offset, r.value) for r in again] == [(n, b"%d" % n) for n in range(6, 10)]


def test_seeking_moves_one_partition(bus: Bus, topic: Topic, producer: Producer) -> None:
    send_all(producer, topic, [(b"key", b"%d" % n) for n in range(10)])
    partition = partition_of(b"key", topic.partitions)
    with closing(bus.consumer(topic.name, {})) as consumer:
        consumer.seek(partition, 8)
        assert [r.offset for r in read(consumer, 2)] == [8, 9]
        consumer.seek(partition, 3)
        assert [r.offset for r in read(consumer, 7)] == [3, 4, 5, 6, 7, 8, 9]


def test_a_poll_returns_no_more_than_asked_and_reaches_every_partition(
    bus: Bus, topic: Topic, producer: Producer
) -> None:
    send_all(producer, topic, numbered(300, keys=30))
    seen: set[int] = set()
    total = 0
    with closing(bus.consumer(topic.name, {})) as consumer:
        while total < 300:
            records = consumer.poll(PATIENCE_SECONDS, 17)
            assert 0 < len(records) <= 17
            total += len(records)
            seen |= {r.partition for r in records}
    assert total == 300
    assert seen == {0, 1, 2}


def test_an_empty_poll_waits_and_returns_nothing(bus: Bus, topic: Topic) -> None:
    with closing(bus.consumer(topic.name, {})) as consumer:
        assert consumer.poll(0.1, 10) == []
        started = time.monotonic()
        assert consumer.poll(0.3, 10) == []
        assert 0.25 < time.monotonic() - started < 2.0


def test_a_waiting_reader_wakes_when_a_record_arrives(bus: Bus, topic: Topic, producer: Producer) -> None:
    waits: list[float] = []
    with closing(bus.consumer(topic.name, {})) as consumer:
        consumer.poll(0.7, 10)
        for _ in range(5):
            sender = threading.Timer(0.1, lambda: producer.send(topic, b"key", repr(time.monotonic()).encode()))
            sender.start()
            (record,) = read(consumer, 1)
            waits.append(time.monotonic() - float(record.value or b"nan"))
            sender.join()
    LOG.info("idle wake-up in ms: %s", [round(wait * 1000, 1) for wait in waits])
    assert max(waits) < 0.5


def test_two_producers_at_once_leave_no_gap_and_no_reader_skips_ahead(bus: Bus, topic: Topic) -> None:
    def produce(name: bytes) -> None:
        with closing(bus.producer()) as producer:
            for n in range(400):
                acknowledgement = producer.send(topic, b"key-%d" % (n % 7), name + b"-%d" % n)
                if n % 20 == 0:
                    acknowledgement.result(PATIENCE_SECONDS)
            producer.flush(PATIENCE_SECONDS)

    with closing(bus.consumer(topic.name, {})) as consumer:
        threads = [threading.Thread(target=produce, args=(name,)) for name in (b"one", b"two")]
        for thread in threads:
            thread.start()
        received = read(consumer, 800)
        for thread in threads:
            thread.join()
    assert len({r.value for r in received}) == 800
    for offsets in offsets_by_partition(received).values():
        assert offsets == list(range(len(offsets)))
    ends = {partition: len(offsets) for partition, offsets in offsets_by_partition(received).items()}
    assert bus.end_offsets(topic.name) == dict.fromkeys(range(topic.partitions), 0) | ends


def test_what_was_acknowledged_is_there_to_read(bus: Bus, topic: Topic, producer: Producer) -> None:
    for n in range(5):
        producer.send(topic, b"key", b"%d" % n).result(PATIENCE_SECONDS)
        assert bus.end_offsets(topic.name)[partition_of(b"key", topic.partitions)] == n + 1
        assert len(read_from(bus, topic, n + 1)) == n + 1


def test_after_a_flush_every_acknowledgement_is_settled(topic: Topic, producer: Producer) -> None:
    acknowledgements = [producer.send(topic, key, value) for key, value in numbered(1_000)]
    producer.flush(PATIENCE_SECONDS)
    assert all(acknowledgement.done() for acknowledgement in acknowledgements)


def test_closing_sends_what_was_queued(bus: Bus, topic: Topic) -> None:
    producer = bus.producer()
    for key, value in numbered(100):
        producer.send(topic, key, value)
    producer.close()
    producer.close()
    assert len(read_from(bus, topic, 100)) == 100
    with pytest.raises(BusTrouble):
        producer.send(topic, b"key", b"too late")


def test_a_restart_loses_nothing_and_clients_go_on(installation: Installation, bus: Bus, topic: Topic) -> None:
    with closing(bus.consumer(topic.name, {})) as consumer:
        with closing(bus.producer()) as producer:
            send_all(producer, topic, numbered(100))
            assert len(read(consumer, 100)) == 100
            installation.restart()
            send_until_acknowledged(bus, producer, topic, b"key-0", b"afterwards")
        received = read(consumer, 1)
    assert {r.value for r in received} == {b"afterwards"}
    # A send whose answer was lost may have been repeated, so there may be one more.
    assert len(read_from(bus, topic, 101)) >= 101


def send_until_acknowledged(bus: Bus, producer: Producer, topic: Topic, key: bytes, value: bytes) -> None:
    """Send, with a new producer after each that failed, as a relay does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return producer.send(topic, key, value).result(PATIENCE_SECONDS)
        except BusTrouble:
            if time.monotonic() > deadline:
                raise
        with suppress(BusTrouble), closing(bus.producer()) as another:
            return another.send(topic, key, value).result(PATIENCE_SECONDS)


def test_a_crash_under_load_loses_nothing_that_was_acknowledged_and_leaves_no_hole(
    installation: Installation, bus: Bus, topic: Topic
) -> None:
    sent: list[tuple[bytes, Acknowledgement]] = []
    over = threading.Event()

    def load(producer: Producer) -> None:
        while not over.is_set():
            value = b"%d" % len(sent)
            with suppress(BusTrouble):
                sent.append((value, producer.send(topic, b"key-" + value[-1:], value)))
            time.sleep(0.002)

    with closing(bus.producer()) as producer:
        sender = threading.Thread(target=load, args=(producer,))
        sender.start()
        time.sleep(0.5)
        installation.crash()
        time.sleep(0.5)
        over.set()
        sender.join()
        acknowledged = {value for value, acknowledgement in sent if is_durable(acknowledgement)}
        send_until_acknowledged(bus, producer, topic, b"key-0", b"afterwards")
    received = read_from(bus, topic, sum(bus.end_offsets(topic.name).values()))
    LOG.info("%s sent, %s acknowledged, %s kept", len(sent), len(acknowledged), len(received))
    assert acknowledged <= {r.value for r in received}
    for partition in range(topic.partitions):
        kept = [r.value for r in received if r.partition == partition and r.value != b"afterwards"]
        wanted = [value for value, _ in sent if partition_of(b"key-" + value[-1:], topic.partitions) == partition]
        assert kept == wanted[: len(kept)]


def is_durable(acknowledgement: Acknowledgement) -> bool:
    try:
        acknowledgement.result(PATIENCE_SECONDS)
    except BusTrouble:
        return False
    return True


def test_a_compacted_topic_keeps_the_last_entry_of_every_key(bus: Bus) -> None:
    directory = Topic(f"contract.{uuid.uuid4().hex[:16]}.v1", 1, compacted=True)
    bus.ensure_topics([directory])
    with closing(bus.producer()) as producer:
        for round_number in range(4):
            send_all(producer, directory, [(b"node-%d" % n, b"%d:%d" % (n, round_number)) for n in range(5)] * 2)
    with closing(bus.consumer(directory.name, {})) as consumer:
        received: list[Record] = []
        while not received or received[-1].offset < 39:
            received += consumer.poll(PATIENCE_SECONDS, 7)
    entries = {r.key: r.value for r in received}
    assert entries == {b"node-%d" % n: b"%d:3" % n for n in range(5)}


def test_a_topic_is_created_once_and_keeps_its_partition_count(bus: Bus, topic: Topic) -> None:
    bus.ensure_topics([topic])
    assert bus.end_offsets(topic.name) == {0: 0, 1: 0, 2: 0}
    with pytest.raises(ValueError, match="exists with"):
        bus.ensure_topics([topic._replace(partitions=4)])


def test_a_topic_that_does_not_exist_is_trouble(bus: Bus, topic: Topic) -> None:
    with closing(bus.consumer(topic.name + ".missing", {})) as consumer, pytest.raises(BusTrouble):
        consumer.poll(1.0, 10)
    with pytest.raises(BusTrouble):
        bus.end_offsets(topic.name + ".missing")
