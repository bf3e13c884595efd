"""The real servers that tests run against, one of each for a whole run: PostgreSQL from a wheel, Kafka from its jars.

A `conftest.py` that imports what is here hands it to its folder.  The fixtures start what they need, fail loudly when
they cannot, and stop what they started.
"""

from collections.abc import Iterator

import pytest

from services.kit.bus.broker import KafkaBroker
from services.kit.embedded_postgres import EmbeddedPostgres


def pytest_configure(config: pytest.Config) -> None:
    """Let kafka-python 3.0.12 leave it to the garbage collector to close a socket that found no broker.

    Such a socket has a peer no longer or never had one; an open connection that is forgotten still fails the test.
    """
    config.addinivalue_line(
        "filterwarnings", r"ignore:unclosed <socket\.socket [^>]*laddr=\('0.0.0.0', \d+\)>:ResourceWarning"
    )


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A cluster for this run; `dsn(name)` creates a database in it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker for this run, on free ports; an error when Java is missing, for a skipped contract is no contract."""
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
