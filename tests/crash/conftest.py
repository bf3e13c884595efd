"""The real servers that the crash tests run against."""

from tests.support.servers import kafka_broker, postgres_server, pytest_configure

__all__ = ["kafka_broker", "postgres_server", "pytest_configure"]
