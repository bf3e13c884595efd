"""The relay: from a node's log to a real broker, acknowledged, beside a bare producer that sends the same bytes.

The log holds the mix of a real one, so the relay also sends a copy of every third fact or so to an inbox; the bare
producer sends each record once.
"""

import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from services.kit import node as nodes
from services.kit import relay
from services.kit.bus import Record, events_topic, open_bus
from services.kit.bus.broker import KafkaBroker
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.envelope import decode
from services.kit.log.command import Append
from services.kit.node import Node
from services.kit.settings import NodeSettings, ServedAgency
from tests.benchmarks.measure import line
from tests.support.histories import KINDS, records

PETITIONS = 8_000
GOAL = 15_000.0


def measure(
    postgres: EmbeddedPostgres, broker: KafkaBroker, directory: Path, petitions: int = PETITIONS
) -> list[dict[str, Any]]:
    """Fill a log, let its relay carry it to the broker, and send the same bytes without one."""
    facts = records(petitions, seed=2)
    settings = NodeSettings(
        node="bench-relay",
        agencies=tuple(
            ServedAgency(agency=agency, kind=kind, name_zh="测试机关", name="Bench Agency")
            for agency, kind in KINDS.items()
        ),
        log_dsn=postgres.dsn("node_bench_relay"),
        keys_dsn=postgres.dsn("keys_bench_relay"),
        bus_url=broker.url,
        state_dir=directory / "bench-relay",
        plaintext=True,
    )
    nodes.prepare(settings)
    with Node.open(settings) as node:
        node.bus.ensure_topics(nodes.topics(settings))
        bare = _bare(broker, facts)
        _fill(node, facts)
        _learn_directory(node)
        return [line("relay.throughput", _carry(node), "events/s", {"bare KafkaProducer": bare}, GOAL)]


def _fill(node: Node, facts: list[Record]) -> None:
    """Append every fact as the first of a stream of its own: the relay does not look at streams."""
    envelopes = [decode(fact.value) for fact in facts]
    stored = [StoredEvent(uuid4(), 1, one.type, bytes(one.data)) for one in envelopes]
    for start in range(0, len(stored), 500):
        node.log.recorder.append(Append(stored[start : start + 500]))


def _learn_directory(node: Node) -> None:
    """Let the node know where to send what is addressed to somebody: to itself."""
    stop = threading.Event()
    learning = threading.Thread(target=node.follow_directory, args=(stop,))
    learning.start()
    node.directory.wait_for(KINDS, 30)
    stop.set()
    learning.join()


def _carry(node: Node) -> float:
    head, _ = node.log.head()
    stop = threading.Event()
    with open_bus(node.settings.bus_url) as bus:
        before = sum(bus.end_offsets(events_topic().name).values())
        worker = threading.Thread(target=relay.run, args=(node, stop))
        began = time.perf_counter()
        worker.start()
        while sum(bus.end_offsets(events_topic().name).values()) - before < head:
            time.sleep(0.05)
        taken = time.perf_counter() - began
    stop.set()
    worker.join()
    return head / taken


def _bare(broker: KafkaBroker, facts: list[Record]) -> float:
    with open_bus(broker.url) as bus:
        bus.ensure_topics([events_topic()])
        producer = bus.producer()
        began = time.perf_counter()
        sent = [producer.send(events_topic(), fact.key or b"", fact.value or b"") for fact in facts]
        for acknowledgement in sent:
            acknowledgement.result(120)
        taken = time.perf_counter() - began
        producer.close()
    return len(facts) / taken
