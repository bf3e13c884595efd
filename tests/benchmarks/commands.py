"""Durable commands through gRPC: how many a second from 16 callers, and how long one waits, beside two peers.

Callers, server and PostgreSQL are three processes on the same machine; every command goes through the real rules,
and is on the disk when it is answered. The peers, in the same run: the same service over the recorder that the
library brings, and the same gRPC server answering at once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.vocabulary import AgencyKind
from services.agency import views
from services.kit import node
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.settings import NodeSettings, ServedAgency
from tests.benchmarks.command_clients import AGENCY, OTHER_AGENCY
from tests.benchmarks.measure import line

CLIENTS = 16
SECONDS = 6.0
GOAL_PER_SECOND = 2000.0
GOAL_P99_MS = 25.0


def measure(seconds: float = SECONDS) -> list[dict[str, Any]]:
    """Measure all servers one after the other, each on a database of its own; return the rows for `bench.json`."""
    with TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory) / "postgres") as postgres:
        found = {
            kind: measure_server(postgres, Path(directory), kind, seconds)
            for kind in ("echo", "library", "node_with_views", "node")
        }
    rate = {kind: result["commands_per_second"] for kind, result in found.items()}
    p99 = {kind: result["p99_ms"] for kind, result in found.items()}
    return [
        line("commands.throughput", rate.pop("node"), "commands/s", _named(rate), GOAL_PER_SECOND),
        line("commands.p99", p99.pop("node"), "ms", _named(p99), GOAL_P99_MS, at_most=True),
    ]


def _named(values: dict[str, float]) -> dict[str, float]:
    return {
        "eventsourcing's own recorder": values["library"],
        "bare gRPC echo": values["echo"],
        "ours with views folded in the same process": values["node_with_views"],
    }


def measure_server(postgres: EmbeddedPostgres, directory: Path, kind: str, seconds: float) -> dict[str, float]:
    """Start one server on new databases, let the callers at it, and return what they counted."""
    settings = _settings(postgres, directory / kind, kind.replace("_", "-"))
    node.prepare(settings)
    views.prepare(settings.log_dsn)
    with _running("tests.benchmarks.command_servers", kind, settings.to_env()) as port:
        arguments = ("tests.benchmarks.command_clients", str(port), str(CLIENTS), str(seconds))
        found: dict[str, float] = json.loads(subprocess.check_output([sys.executable, "-m", *arguments]))
    return found


@contextmanager
def _running(module: str, kind: str, environment: dict[str, str]) -> Iterator[int]:
    arguments: Sequence[str] = (sys.executable, "-m", module, kind)
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environment}
    ) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(30)


def _settings(postgres: EmbeddedPostgres, state_dir: Path, name: str) -> NodeSettings:
    return NodeSettings(
        node=name,
        agencies=(
            ServedAgency(agency=AGENCY, kind=AgencyKind.AGENCY, name_zh="住房局", name="Housing"),
            ServedAgency(agency=OTHER_AGENCY, kind=AgencyKind.AGENCY, name_zh="水务局", name="Water"),
        ),
        log_dsn=postgres.dsn(f"node_{name}"),
        keys_dsn=postgres.dsn(f"keys_{name}"),
        bus_url=postgres.dsn("bus"),
        state_dir=state_dir,
        listen="127.0.0.1:0",
        plaintext=True,
    )


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2, ensure_ascii=False))
