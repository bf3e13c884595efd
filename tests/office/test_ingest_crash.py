"""Ingest is killed under load, again and again: no fact is lost, none is folded twice."""

import subprocess
import sys
import threading
import time
from functools import partial
from uuid import uuid4

import pytest

from services.kit.bus import open_bus
from services.kit.bus.port import events_topic
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.law import law_in_force
from services.office.rebuild import rebuild
from tests.support.desk import Desk, expected
from tests.support.histories import records
from tests.support.nodes import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

ROUNDS = 5
HISTORY = records(120, seed=13, interleaved=40)
CHUNK_RECORDS = 10


def head(desk: Desk) -> int:
    [(sequence,)] = desk.select("SELECT sequence FROM office.inbox_head")
    return int(sequence)


def has_grown(desk: Desk, before: int) -> bool:
    return head(desk) > before


def publish(bus_url: str, portions: threading.Semaphore) -> None:
    """Send the history in small pieces, one portion a round, so that every round is killed amid records."""
    with open_bus(bus_url) as bus:
        producer = bus.producer()
        for start in range(0, len(HISTORY), CHUNK_RECORDS):
            if start % (len(HISTORY) // (ROUNDS + 1)) < CHUNK_RECORDS:
                portions.acquire()
            for record in HISTORY[start : start + CHUNK_RECORDS]:
                producer.send(events_topic(), record.key or b"", record.value or b"")
            time.sleep(0.02)
        producer.flush(60)
        producer.close()


def test_killed_five_times_under_load_nothing_is_lost_or_doubled(desk: Desk, postgres_server: EmbeddedPostgres) -> None:
    bus_url = postgres_server.dsn(f"bus_{uuid4().hex[:12]}")
    with open_bus(bus_url) as bus:
        bus.ensure_topics([events_topic()])
    portions = threading.Semaphore(0)
    load = threading.Thread(target=publish, args=(bus_url, portions))
    load.start()
    command = [sys.executable, "-m", "tests.support.ingest_process", desk.dsn, bus_url]
    for number in range(ROUNDS):
        before = head(desk)
        portions.release()
        with subprocess.Popen(command) as ingest:
            eventually(partial(has_grown, desk, before), seconds=60)
            time.sleep(0.013 * number)
            ingest.kill()
        assert ingest.returncode == -9
    portions.release(len(HISTORY))
    with subprocess.Popen(command) as ingest:
        eventually(lambda: head(desk) == len(HISTORY), seconds=60)
        ingest.kill()
    load.join()
    assert desk.views() == expected(HISTORY)
    assert desk.missing() == {"node-one": 0, "node-two": 0}
    assert rebuild(desk.dsn, law_in_force()).equal
