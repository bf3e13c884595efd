"""The real PostgreSQL that the kit's tests share."""

from tests.support.nodes import bureau, city, housing
from tests.support.servers import postgres_server

__all__ = ["bureau", "city", "housing", "postgres_server"]
