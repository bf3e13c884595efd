"""From an acknowledged command to the office's view, over a real broker, at 200 commands a second.

Node, relay, broker, ingest and databases are processes of their own. A command counts as visible when a reader of the
office's database sees its fact folded. The peer is the same road with an ingest that takes one record a transaction.

`python -m tests.benchmarks.visible ingest DSN BUS RECORDS_MAX` is the ingest process, until its input ends.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc

from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1 import case_service_pb2_grpc as pb_grpc
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit import node as nodes
from services.kit.bus import events_topic, open_bus
from services.kit.bus.broker import KafkaBroker, free_port
from services.kit.database import connect
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.identity import CLAIM_KEY, channel
from services.kit.law import law_in_force
from services.kit.settings import NodeSettings, ServedAgency
from services.office import store
from services.office.ingest import BATCH_RECORDS_MAX, Ingest, follow
from tests.benchmarks.command_clients import TEXT
from tests.benchmarks.measure import line, percentile

AGENCY = "bench-bureau"
PER_SECOND = 200.0
SECONDS = 15.0
WARM_UP_SECONDS = 2.0
START_SECONDS_MAX = 60
GOALS_MS = {"visible.p50": (0.50, 15.0), "visible.p99": (0.99, 50.0)}


def measure(
    postgres: EmbeddedPostgres, broker: KafkaBroker, directory: Path, seconds: float = SECONDS
) -> list[dict[str, Any]]:
    """Measure the road with batches and without; return the lines of `GOALS_MS`."""
    batched = _lags(postgres, broker, directory, "batched", BATCH_RECORDS_MAX, seconds)
    single = _lags(postgres, broker, directory, "single", 1, seconds)
    return [
        line(
            name,
            percentile(batched, share),
            "ms",
            {"one record a transaction": percentile(single, share)},
            goal,
            at_most=True,
        )
        for name, (share, goal) in GOALS_MS.items()
    ]


def _lags(
    postgres: EmbeddedPostgres, broker: KafkaBroker, directory: Path, name: str, records_max: int, seconds: float
) -> list[float]:
    """Return, for each command after the warm-up, the milliseconds from its acknowledgement to its visibility."""
    settings = _settings(postgres, broker, directory, name)
    nodes.prepare(settings)
    office = postgres.dsn(f"office_{name}")
    store.prepare(office, law_in_force().version)
    with ExitStack() as running:
        lianxi = (str(Path(sys.executable).with_name("lianxi")), "node", "run", "--roles", "api,relay")
        running.enter_context(_process(lianxi, settings.to_env()))
        ingest = (sys.executable, "-m", "tests.benchmarks.visible", "ingest", office, broker.url, str(records_max))
        running.enter_context(_process(ingest, {}))
        acknowledged: dict[int, float] = {}
        seen: dict[int, float] = {}
        finished = threading.Event()
        watcher = threading.Thread(target=_watch, args=(office, settings.node, seen, finished))
        watcher.start()
        _drive(settings.listen, acknowledged, seconds)
        _until_seen(acknowledged, seen)
        finished.set()
        watcher.join()
    first = min(acknowledged.values()) + WARM_UP_SECONDS * (seconds > 2 * WARM_UP_SECONDS)
    return [1000 * max(0.0, seen[at] - when) for at, when in acknowledged.items() if when >= first]


def _settings(postgres: EmbeddedPostgres, broker: KafkaBroker, directory: Path, name: str) -> NodeSettings:
    return NodeSettings(
        node=f"bench-{name}",
        agencies=(ServedAgency(agency=AGENCY, kind=AgencyKind.AGENCY, name_zh="测试局", name="Bench Bureau"),),
        log_dsn=postgres.dsn(f"node_{name}"),
        keys_dsn=postgres.dsn(f"keys_{name}"),
        bus_url=broker.url,
        state_dir=directory / name,
        listen=f"127.0.0.1:{free_port()}",
        plaintext=True,
    )


@contextmanager
def _process(arguments: tuple[str, ...], environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, env={**os.environ, **environment}) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _drive(address: str, acknowledged: dict[int, float], seconds: float) -> None:
    """Register petitions at a steady pace, whatever each call takes; note when each was acknowledged."""
    with channel(address, None, plaintext=True) as connection:
        grpc.channel_ready_future(connection).result(START_SECONDS_MAX)
        stub = pb_grpc.CaseServiceStub(connection)
        calls = []
        began = time.perf_counter()
        for number in range(int(seconds * PER_SECOND)):
            time.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            request = pb.RegisterPetitionRequest(
                header=pb.CommandHeader(request_id=str(uuid4()), agency=AGENCY),
                channel=words.CHANNEL_LETTER,
                petitioner="-",
                content=TEXT,
            )
            call = stub.RegisterPetition.future(request, timeout=10, metadata=((CLAIM_KEY, AGENCY),))
            call.add_done_callback(lambda done: acknowledged.__setitem__(done.result().position, time.perf_counter()))
            calls.append(call)
        for call in calls:
            call.result()
    while len(acknowledged) < len(calls):
        time.sleep(0.01)


def _watch(office: str, node: str, seen: dict[int, float], finished: threading.Event) -> None:
    """Ask the office's database again and again which facts of the node are new."""
    last = 0
    with connect(office) as looking:
        while not finished.is_set():
            rows = looking.execute(
                "SELECT position FROM office.inbox WHERE node = %s AND position > %s ORDER BY position", [node, last]
            ).fetchall()
            now = time.perf_counter()
            for (position,) in rows:
                seen.setdefault(position, now)
            # Partitions are read side by side, so a lower position may still come: go on after the last unbroken one.
            while last + 1 in seen:
                last += 1
            time.sleep(0.003)


def _until_seen(acknowledged: dict[int, float], seen: dict[int, float]) -> None:
    deadline = time.monotonic() + 60
    while not acknowledged.keys() <= seen.keys():
        if time.monotonic() > deadline:
            raise TimeoutError("the office never saw some of the facts")
        time.sleep(0.05)


def _ingest(dsn: str, bus_url: str, records_max: int) -> None:
    stop = threading.Event()
    store.spare_the_collector()
    with open_bus(bus_url) as bus, store.open_views(dsn) as connection:
        bus.ensure_topics([events_topic()])
        worker = threading.Thread(
            target=follow, args=(Ingest(connection, law_in_force()), bus, stop, records_max), daemon=True
        )
        worker.start()
        sys.stdin.read()
        stop.set()
        worker.join(10)


if __name__ == "__main__":
    _ingest(sys.argv[2], sys.argv[3], int(sys.argv[4]))
