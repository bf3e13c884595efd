"""A producer fails once and for good: nothing that was sent after a lost record may stand before its repetition.

Office and inbox drop what comes twice by its position, so a record that arrived ahead of a lost one would hide it.
"""

import os
from contextlib import closing

import pytest

from services.kit.bus import Bus, BusTrouble, Topic, open_bus
from services.kit.bus.broker import KafkaBroker
from services.kit.bus.kafka_client import client_settings, open_admin
from services.kit.embedded_postgres import EmbeddedPostgres

PATIENCE_SECONDS = 30.0
GOOD = Topic("contract.failing.good.v1", 1)
BAD = Topic("contract.failing.bad.v1", 1)
TOO_LARGE = os.urandom(100_000)


@pytest.mark.postgres
def test_nothing_follows_a_lost_record_on_the_embedded_bus(postgres_server: EmbeddedPostgres) -> None:
    with open_bus(postgres_server.dsn("bus")) as bus:
        bus.ensure_topics([GOOD])
        nothing_follows_a_lost_record(bus)


@pytest.mark.kafka
def test_nothing_follows_a_lost_record_on_kafka(kafka_broker: KafkaBroker) -> None:
    with open_bus(kafka_broker.url) as bus:
        bus.ensure_topics([GOOD])
        with closing(open_admin(client_settings([kafka_broker.url.removeprefix("kafka://")], None))) as admin:
            narrow = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "1000"}}
            admin.create_topics({BAD.name: narrow}, wait_for_metadata=True)
        nothing_follows_a_lost_record(bus)


def nothing_follows_a_lost_record(bus: Bus) -> None:
    """The embedded bus has no topic BAD, and Kafka's takes no large record: whatever is sent there is lost."""
    with closing(bus.producer()) as producer:
        producer.send(GOOD, b"key", b"before").result(PATIENCE_SECONDS)
        with pytest.raises(BusTrouble):
            producer.send(BAD, b"key", TOO_LARGE).result(PATIENCE_SECONDS)
        with pytest.raises(BusTrouble):
            producer.send(GOOD, b"key", b"behind").result(PATIENCE_SECONDS)
    with closing(bus.producer()) as another:
        another.send(GOOD, b"key", b"again").result(PATIENCE_SECONDS)
    with closing(bus.consumer(GOOD.name, {})) as consumer:
        assert [record.value for record in consumer.poll(PATIENCE_SECONDS, 10)] == [b"before", b"again"]
