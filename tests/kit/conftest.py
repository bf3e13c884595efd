"""The real PostgreSQL that the kit's tests share."""

from tests.support.servers import postgres_server

__all__ = ["postgres_server"]
