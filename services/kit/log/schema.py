"""Installing the log's schema into a node's database; see `schema.sql`, which is the whole of it."""

from importlib.resources import files

import psycopg


def install_schema(conninfo: str) -> None:
    """Create or complete the log's tables, functions and roles.

    The user must be a superuser, or may create roles and owns the database.  Safe to run at every start, and by
    several processes at once.
    """
    statements = files("services.kit.log").joinpath("schema.sql").read_bytes()
    with psycopg.connect(conninfo) as connection:
        connection.execute(statements)
