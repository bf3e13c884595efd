"""Preparing the office's database beside an office that is at work."""

import threading
from uuid import uuid4

import psycopg
import pytest

from services.kit.embedded_postgres import EmbeddedPostgres
from services.office.store import open_views, prepare
from tests.support.nodes import eventually

pytestmark = pytest.mark.postgres


def test_preparing_waits_for_a_batch_under_way_and_does_not_block_it(postgres_server: EmbeddedPostgres) -> None:
    dsn = postgres_server.dsn(f"office_{uuid4().hex}")
    prepare(dsn, "cn-2024")
    preparing = threading.Thread(target=prepare, args=(dsn, "cn-2024"))
    with open_views(dsn) as ingest, psycopg.connect(dsn, autocommit=True) as watcher:
        with ingest.transaction():
            ingest.execute("SELECT FROM office.inbox_head FOR UPDATE")
            preparing.start()
            eventually(lambda: watcher.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())
            ingest.execute("INSERT INTO office.read_offset VALUES (0, 1)")
            ingest.execute("LOCK TABLE office.inbox IN ROW EXCLUSIVE MODE")
        preparing.join(20)
        assert not preparing.is_alive()
        assert watcher.execute("SELECT next_offset FROM office.read_offset").fetchall() == [(1,)]
