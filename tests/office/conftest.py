"""What the office's tests share: a real PostgreSQL, and a desk in it."""

from tests.support.desk import desk
from tests.support.nodes import city
from tests.support.servers import postgres_server

__all__ = ["city", "desk", "postgres_server"]
