"""Contracts run once for each implementation, against real servers."""

import uuid
from collections.abc import Iterator
from typing import Protocol

import psycopg
import pytest

from services.kit.bus import Bus, Topic, open_bus
from services.kit.bus.broker import KafkaBroker
from services.kit.embedded_postgres import EmbeddedPostgres
from tests.support.servers import kafka_broker, postgres_server, pytest_configure

__all__ = ["bus", "installation", "kafka_broker", "postgres_server", "pytest_configure", "topic"]


class Installation(Protocol):
    """One of the two buses as an operator sees it."""

    @property
    def url(self) -> str: ...

    def restart(self) -> None:
        """Stop it in good order, and start it again with what it had."""
        ...

    def crash(self) -> None:
        """Break every connection without warning; it comes back with what it had acknowledged."""
        ...


class KafkaInstallation:
    def __init__(self, broker: KafkaBroker) -> None:
        self.url = broker.url
        self._broker = broker

    def restart(self) -> None:
        self._broker.stop()
        self._broker.start()

    def crash(self) -> None:
        self._broker.kill()
        self._broker.start()


class EmbeddedInstallation:
    def __init__(self, url: str) -> None:
        self.url = url

    def restart(self) -> None:
        self.crash()

    def crash(self) -> None:
        # The server stays up, for other tests share it; to a client the loss of its session looks the same.
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.postgres),
        pytest.param("kafka", marks=pytest.mark.kafka),
    ]
)
def installation(request: pytest.FixtureRequest) -> Installation:
    if request.param == "kafka":
        return KafkaInstallation(request.getfixturevalue("kafka_broker"))
    server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
    return EmbeddedInstallation(server.dsn("bus"))


@pytest.fixture
def bus(installation: Installation) -> Iterator[Bus]:
    with open_bus(installation.url) as opened:
        yield opened


@pytest.fixture
def topic(bus: Bus) -> Topic:
    """A topic of three partitions that no other test knows."""
    created = Topic(f"contract.{uuid.uuid4().hex[:16]}.v1", 3)
    bus.ensure_topics([created])
    return created
