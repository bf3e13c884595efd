"""What only the embedded bus can be asked: how an append that is not yet committed looks to others."""

import time
from contextlib import closing

import psycopg
import pytest

from services.kit.bus import Topic, open_bus
from services.kit.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.postgres

TOPIC = Topic("contract.uncommitted.v1", 1)


def append(connection: psycopg.Connection, value: bytes) -> None:
    connection.execute("SELECT bus_append(%s, %s, %s, %s)", [[TOPIC.name], [0], [b"key"], [value]])


def test_a_reader_sees_nothing_before_the_commit_and_never_skips_what_commits_late(
    postgres_server: EmbeddedPostgres,
) -> None:
    url = postgres_server.dsn("bus")
    with open_bus(url) as bus:
        bus.ensure_topics([TOPIC])
        with (
            psycopg.connect(url) as slow,
            closing(bus.producer()) as quick,
            closing(bus.consumer(TOPIC.name, {})) as consumer,
        ):
            append(slow, b"first")
            waiting = quick.send(TOPIC, b"key", b"second")
            assert consumer.poll(0.3, 10) == []
            assert not waiting.done()
            slow.commit()
            waiting.result(10)
            assert [(r.offset, r.value) for r in consumer.poll(1, 10)] == [(0, b"first"), (1, b"second")]


def test_a_batch_that_rolls_back_leaves_no_gap(postgres_server: EmbeddedPostgres) -> None:
    url = postgres_server.dsn("bus")
    topic = TOPIC._replace(name="contract.rollback.v1")
    with open_bus(url) as bus:
        bus.ensure_topics([topic])
        with psycopg.connect(url) as connection, closing(bus.producer()) as producer:
            connection.execute("SELECT bus_append(%s, %s, %s, %s)", [[topic.name], [0], [b"key"], [b"lost"]])
            connection.rollback()
            producer.send(topic, b"key", b"kept").result(10)
        with closing(bus.consumer(topic.name, {})) as consumer:
            assert [(r.offset, r.value) for r in consumer.poll(1, 10)] == [(0, b"kept")]


def test_a_reader_that_slept_long_wakes_within_milliseconds(postgres_server: EmbeddedPostgres) -> None:
    topic = TOPIC._replace(name="contract.wake.v1")
    with open_bus(postgres_server.dsn("bus")) as bus:
        bus.ensure_topics([topic])
        with closing(bus.producer()) as producer, closing(bus.consumer(topic.name, {})) as consumer:
            assert consumer.poll(1.2, 10) == []
            producer.send(topic, b"key", b"wake").result(10)
            started = time.monotonic()
            assert len(consumer.poll(5, 10)) == 1
            assert time.monotonic() - started < 0.1
