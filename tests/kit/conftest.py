"""The real PostgreSQL that the kit's tests share."""

from tests.support.nodes import city
from tests.support.servers import postgres_server

__all__ = ["city", "postgres_server"]
