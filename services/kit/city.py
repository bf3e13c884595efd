"""A whole system on one machine, from nothing: databases, bus, certificates, and a process for each node.

For trying things out, for demonstrations, imports and tests: what is real in production is real here too (PostgreSQL,
mutual TLS, processes of their own), only everything is on one machine and made in a moment. It stops what it started,
and nothing else; what it made in its directory stays there.
"""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from grpc_health.v1 import health, health_pb2

from domain.vocabulary import AgencyKind
from lianxi.agency.v1.case_service_pb2 import ListAgenciesRequest
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from services.kit import child
from services.kit.authority import create_authority, issue
from services.kit.clock import AcceleratedClock
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.node import prepare
from services.kit.rpc.client import Caller, Credentials, Denied, NotReached, call
from services.kit.secret_files import make_secret_directory
from services.kit.settings import NodeSettings, ServedAgency

AGENCIES_PER_CERTIFICATE = 40
"""A certificate travels in one TLS record; with some hundreds of names it would not fit."""

START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 40.0
LOOK_SECONDS = 0.05
OFFICE_WORDS, NODE_WORDS = ("office", "run"), ("node", "run")


class CityFailed(RuntimeError):
    """A part of the system does not start or has ended; the message holds its last words."""


class EmbeddedCity:
    """Nodes with their agencies on an embedded PostgreSQL, running for as long as the `with` block.

    The node that serves a joint meeting office runs as an office, every other as an agency's node. `bus_url` is another
    bus than the embedded one.
    """

    def __init__(
        self,
        directory: Path,
        nodes: Mapping[str, Sequence[ServedAgency]],
        *,
        bus_url: str | None = None,
        history_before: datetime | None = None,
        clock_spec: AcceleratedClock | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.tls_dir = self.directory / "tls"
        self.nodes = {node: tuple(agencies) for node, agencies in nodes.items()}
        self.settings: dict[str, NodeSettings] = {}
        self._settings = partial(NodeSettings, history_before=history_before, clock_spec=clock_spec)
        self._bus_url = bus_url
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._opened = ExitStack()

    # --- what others need to know -----------------------------------------------------------------------------------

    @property
    def addresses(self) -> dict[str, str]:
        """Where each node is called, by its id."""
        return {node: settings.listen for node, settings in self.settings.items()}

    @property
    def office(self) -> str | None:
        """The node of the joint meeting office, if there is one."""
        return next((node for node in self.nodes if self._is_office(node)), None)

    @property
    def office_agency(self) -> str | None:
        """The agency as which one calls the office."""
        return self.nodes[self.office][0].agency if self.office else None

    @property
    def credentials(self) -> Credentials:
        """The certificates by which one may call as each agency of the city."""
        return Credentials.of(self.tls_dir)

    def log_of(self, node: str) -> Path:
        """The file that holds what a node's process says."""
        return self.directory / f"{node}.log"

    # --- from start to end ------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._opened = opened
            self._found(opened)
            opened.callback(self._stop_all)
            for node in self.nodes:
                self.start(node)
            self._await_ready()
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opened.close()

    def start(self, node: str) -> None:
        """Start a node's process; for one that was killed, again at the same address."""
        words = OFFICE_WORDS if self._is_office(node) else NODE_WORDS
        self._processes[node] = child.start(words, self.settings[node].to_env(), self.log_of(node))

    def kill(self, node: str) -> None:
        """End a node's process without a word, as a crash would."""
        process = self._processes[node]
        process.kill()
        process.wait()
        _let_go(process)

    def check(self) -> None:
        """Raise `CityFailed` if a process has ended by itself."""
        for node, process in self._processes.items():
            if process.poll() is not None:
                raise CityFailed(f"node {node} has ended with {process.returncode}: {_last_words(self.log_of(node))}")

    def _found(self, opened: ExitStack) -> None:
        """Create what the nodes need: databases, keys, certificates."""
        make_secret_directory(self.directory)
        cluster = opened.enter_context(EmbeddedPostgres(self.directory / "postgres"))
        bus_url = self._bus_url or cluster.dsn("bus")
        if not (self.tls_dir / "ca.pem").exists():
            self._issue_certificates()
        for (node, agencies), port in zip(self.nodes.items(), _free_ports(len(self.nodes)), strict=True):
            self.settings[node] = self._settings(
                node=node,
                agencies=agencies,
                log_dsn=cluster.dsn(f"node_{node}"),
                keys_dsn=cluster.dsn(f"keys_{node}"),
                bus_url=bus_url,
                state_dir=self.directory / node,
                listen=f"127.0.0.1:{port}",
                tls_dir=self.tls_dir,
            )
            prepare(self.settings[node])

    def _issue_certificates(self) -> None:
        create_authority(self.tls_dir)
        for node, agencies in self.nodes.items():
            issue(self.tls_dir, node, agencies=(), node=True)
            names = [served.agency for served in agencies]
            for first in range(0, len(names), AGENCIES_PER_CERTIFICATE):
                group = names[first : first + AGENCIES_PER_CERTIFICATE]
                issue(self.tls_dir, f"{node[:30]}-caller-{first}", agencies=group, node=False)

    def _is_office(self, node: str) -> bool:
        return any(served.kind is AgencyKind.JOINT_MEETING_OFFICE for served in self.nodes[node])

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        everybody = {served.agency for agencies in self.nodes.values() for served in agencies}
        credentials = self.credentials
        for node, agencies in self.nodes.items():
            caller = credentials.of_agency(agencies[0].agency)
            while not self._is_ready(node, caller, everybody):
                self.check()
                if time.monotonic() > deadline:
                    said = _last_words(self.log_of(node))
                    raise CityFailed(f"node {node} is not ready after {START_SECONDS_MAX:.0f} s: {said}")
                time.sleep(LOOK_SECONDS)

    def _is_ready(self, node: str, caller: Caller, everybody: set[str]) -> bool:
        """Ask a node whether it serves, and, of an agency's node, whether it knows everybody."""
        with caller.connect(self.addresses[node]) as channel:
            check = channel.unary_unary(
                f"/{health.SERVICE_NAME}/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                answer = call(check, health_pb2.HealthCheckRequest(), caller, timeout_seconds=5)
                if answer.status != health_pb2.HealthCheckResponse.SERVING:
                    return False
                return self._is_office(node) or everybody <= set(_known(CaseServiceStub(channel), caller))
            except (Denied, NotReached):
                return False

    def _stop_all(self) -> None:
        """Stop every process: all are asked first, and who does not go is made to."""
        running = [process for process in self._processes.values() if process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for process in self._processes.values():
            _let_go(process)


def _known(stub: CaseServiceStub, caller: Caller) -> Iterator[str]:
    request = ListAgenciesRequest(page_size=500)
    while True:
        answer = call(stub.ListAgencies, request, caller, timeout_seconds=5)
        yield from (agency.agency for agency in answer.agencies)
        if not answer.next_page_token:
            return
        request = ListAgenciesRequest(page_size=500, page_token=answer.next_page_token)


def _free_ports(count: int) -> list[int]:
    # All are held at once, so that none is given twice, and let go together.
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:].strip() if log.exists() else "it said nothing"
