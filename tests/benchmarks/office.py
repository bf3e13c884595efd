"""The office: from the bus into all views, and all views rebuilt from the inbox.

`kafka_to_views.throughput` reads a filled events topic of a real broker into every view. Its peers do the same events:
the library's ProjectionRunner folding them into the same tables one by one, and a bare consumer that only reads.
`rebuild.throughput` folds the inbox into new views and compares them with the live ones; its peer reads the same rows.
"""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.kit.bus import Bus, Record, events_topic, open_bus
from services.kit.bus.broker import KafkaBroker
from services.kit.database import connect
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.law import law_in_force
from services.office import store
from services.office.files import INBOX_COLUMNS
from services.office.ingest import Ingest, follow
from services.office.rebuild import rebuild
from tests.benchmarks.library_projection import projection_rate
from tests.benchmarks.measure import line
from tests.support.histories import records

PETITIONS = 20_000
GOAL_INGEST = 50_000.0
GOAL_REBUILD = 100_000.0


def measure(postgres: EmbeddedPostgres, broker: KafkaBroker, petitions: int = PETITIONS) -> list[dict[str, Any]]:
    """Measure ingest and rebuild on the same seeded records; return their lines."""
    facts = records(petitions)
    with open_bus(broker.url) as bus, _quiet_collector():
        bus.ensure_topics([events_topic()])
        _fill(bus, facts)
        bare = _consume(bus, len(facts))
        dsn = postgres.dsn("bench_office")
        ingested = _ingest(bus, dsn, len(facts))
    library = projection_rate(postgres.dsn("bench_library"), facts[: len(facts) // 20])
    raw, rebuilt = _read(dsn, len(facts)), _rebuild(dsn, len(facts))
    return [
        line(
            "kafka_to_views.throughput",
            ingested,
            "events/s",
            {"eventsourcing ProjectionRunner": library, "bare consumer": bare},
            GOAL_INGEST,
        ),
        line("rebuild.throughput", rebuilt, "events/s", {"raw read of the same rows": raw}, GOAL_REBUILD),
    ]


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Collect garbage as rarely as the office's own process does."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _fill(bus: Bus, facts: list[Record]) -> None:
    producer = bus.producer()
    sent = [producer.send(events_topic(), fact.key or b"", fact.value or b"") for fact in facts]
    for acknowledgement in sent:
        acknowledgement.result(120)
    producer.close()


def _consume(bus: Bus, total: int) -> float:
    consumer = bus.consumer(events_topic().name, {})
    began, seen = time.perf_counter(), 0
    while seen < total:
        seen += len(consumer.poll(1.0, 5_000))
    consumer.close()
    return total / (time.perf_counter() - began)


def _ingest(bus: Bus, dsn: str, total: int) -> float:
    law = law_in_force()
    store.prepare(dsn, law.version)
    stop = threading.Event()
    with store.open_views(dsn) as connection, connect(dsn) as looking:
        worker = threading.Thread(target=follow, args=(Ingest(connection, law), bus, stop))
        began = time.perf_counter()
        worker.start()
        while _count(looking) < total:
            time.sleep(0.05)
        taken = time.perf_counter() - began
        stop.set()
        worker.join()
    return total / taken


def _count(looking: Any) -> int:
    return int(looking.execute("SELECT sequence FROM office.inbox_head").fetchone()[0])


def _read(dsn: str, total: int) -> float:
    with connect(dsn) as connection, connection.transaction(), connection.cursor("raw", binary=True) as cursor:
        cursor.itersize = 5_000
        began = time.perf_counter()
        cursor.execute(f"SELECT {INBOX_COLUMNS} FROM office.inbox ORDER BY petition_id, sequence")
        seen = sum(1 for _ in cursor)
        assert seen == total
        return total / (time.perf_counter() - began)


def _rebuild(dsn: str, total: int) -> float:
    began = time.perf_counter()
    result = rebuild(dsn, law_in_force())
    assert result.equal
    assert result.facts == total
    return total / (time.perf_counter() - began)
