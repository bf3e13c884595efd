"""A whole city on one machine: an office and agency nodes, each in a process of its own, with mutual TLS between them.

It is what `lianxi demo` and the stand-alone import run on: one embedded PostgreSQL with two databases a node, the bus
in it or a Kafka broker of its own, certificates of a development authority, and one child process a node, running what
an operator runs (`lianxi node run`, `lianxi office run`). Nothing of a node runs in this process, and everything lies
in one folder, which the caller may keep or throw away.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from grpc_health.v1 import health, health_pb2

from lianxi.agency.v1.case_service_pb2 import ListAgenciesRequest
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from services.kit import child
from services.kit.authority import create_authority, issue
from services.kit.bus import TOPICS, inbox_topic, open_bus
from services.kit.bus.broker import KafkaBroker, free_port
from services.kit.clock import AcceleratedClock
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.identity import ClientTls, channel
from services.kit.node import prepare
from services.kit.secret_files import make_secret_directory
from services.kit.settings import NodeSettings, ServedAgency

HEALTHY_SECONDS_MAX = 90.0
STOP_SECONDS_MAX, STOP_SECONDS_MAX_UNKEPT = 5.0, 0.7
CALL_SECONDS_MAX = 2.0
LOOK_SECONDS = 0.1
LOG_LINES_SHOWN = 8
AT_ONCE = 4
"""So many nodes are prepared at the same time; they wait for the disk more than for a processor."""

Progress = Callable[[str, int, int], None]
"""Is told the phase, how much of it is done, and how much there is; from any thread."""

PHASES: tuple[str, ...] = ("database", "nodes", "healthy")


class CityTrouble(RuntimeError):
    """A part of the city did not start, or ended by itself; the message ends with its last words."""


@dataclass(frozen=True)
class Site:
    """One node of the city: its id, whom it serves, and whether it is the office's."""

    node: str
    agencies: tuple[ServedAgency, ...]
    is_office: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `lianxi` that run it."""
        return ("office", "run") if self.is_office else ("node", "run")


@dataclass
class EmbeddedCity:
    """The nodes of `sites`, all of their files in `directory`; they run for as long as the `with` block."""

    directory: Path
    sites: Sequence[Site]
    kafka: bool = False
    clock: AcceleratedClock | None = None
    history_before: datetime | None = None
    durable: bool = True
    """Without it the database does not wait for the disk: for a city whose folder goes when it stops."""
    progress: Progress = lambda *_: None
    agencies_per_caller: int = 1
    """How many agencies share a certificate for calling, and so a connection; it names at most some hundreds."""
    settings: dict[str, NodeSettings] = field(default_factory=dict, init=False)
    """The settings of each node by its id, once the city runs."""
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)
    _opened: ExitStack = field(default_factory=ExitStack, init=False)
    _healthy: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            make_secret_directory(self.directory)
            self._start(opened)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opened.close()

    # --- what a caller needs ------------------------------------------------------------------------------------

    @property
    def certificates(self) -> Path:
        """The folder with `ca.pem`, and for each node and each caller NAME.pem and NAME-key.pem."""
        return self.directory / "certificates"

    def address(self, agency: str) -> str:
        """Where the node listens that serves the agency."""
        return self.settings[self.node_of(agency)].listen

    def node_of(self, agency: str) -> str:
        """The node that serves the agency; raises `KeyError`."""
        return self._nodes_by_agency[agency]

    def caller_tls(self, agency: str) -> ClientTls:
        """The certificate by which the agency's own system calls."""
        return ClientTls.issued(self.certificates, caller_name(agency))

    @cached_property
    def _nodes_by_agency(self) -> dict[str, str]:
        return {served.agency: site.node for site in self.sites for served in site.agencies}

    def ended(self) -> dict[str, str]:
        """The nodes that ended by themselves, with their last words."""
        return {node: self._last_words(node) for node, process in self._children.items() if process.poll() is not None}

    def pids(self) -> dict[str, int]:
        """The process of each node."""
        return {node: process.pid for node, process in self._children.items()}

    def run(self, node: str, *command: str, timeout_seconds: float = 120.0) -> "subprocess.CompletedProcess[str]":
        """Run `lianxi` with the settings of a node until it ends, as an operator would beside it."""
        return subprocess.run(
            lianxi(*command),
            env=self._environment(node),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_seconds,
        )

    # --- starting -----------------------------------------------------------------------------------------------

    def _start(self, opened: ExitStack) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="city") as pool:
            self.progress("database", 0, 1)
            certificates = pool.submit(self._issue)
            broker = KafkaBroker(self.directory / "kafka") if self.kafka else None
            if broker:
                # A clean end takes a broker seconds, to write down what nobody will read: a city starts only once.
                opened.callback(broker.kill)
            broker_started = pool.submit(broker.start) if broker else None
            cluster = opened.enter_context(self._cluster())
            if broker_started:
                broker_started.result()
            bus_url = self._prepared_bus(broker.url if broker else cluster.dsn("bus"))
            certificates.result()
            self.progress("database", 1, 1)
            opened.callback(self._stop_children)
            ports = _free_ports(len(self.sites))
            started = [
                pool.submit(self._start_node, site, cluster, bus_url, port)
                for site, port in zip(self.sites, ports, strict=True)
            ]
            for number, one in enumerate(started, 1):
                one.result()
                self.progress("nodes", number, len(started))
        self.progress("healthy", 0, len(self.sites))
        with ThreadPoolExecutor(len(self.sites), thread_name_prefix="health") as pool:
            list(pool.map(self._await_healthy, self.sites))

    def _cluster(self) -> EmbeddedPostgres:
        settings = {} if self.durable else {"fsync": "off", "full_page_writes": "off"}
        return EmbeddedPostgres(self.directory / "postgres", settings)

    def _prepared_bus(self, url: str) -> str:
        # Here and once: of many nodes that start together, all but one would wait for it.
        with open_bus(url) as bus:
            bus.ensure_topics((*TOPICS, *(inbox_topic(site.node) for site in self.sites)))
        return url

    def _issue(self) -> None:
        create_authority(self.certificates)
        for site in self.sites:
            agencies = [served.agency for served in site.agencies]
            issue(self.certificates, site.node, agencies=(), node=True)
            for first in range(0, len(agencies), self.agencies_per_caller):
                shared = agencies[first : first + self.agencies_per_caller]
                issue(self.certificates, caller_name(shared[0]), agencies=shared, node=False)

    def _start_node(self, site: Site, cluster: EmbeddedPostgres, bus_url: str, port: int) -> None:
        settings = NodeSettings(
            node=site.node,
            agencies=site.agencies,
            log_dsn=cluster.dsn(f"node_{site.node}"),
            keys_dsn=cluster.dsn(f"keys_{site.node}"),
            bus_url=bus_url,
            state_dir=self.directory / "nodes" / site.node,
            listen=f"127.0.0.1:{port}",
            tls_dir=self.certificates,
            history_before=self.history_before,
            clock_spec=self.clock,
        )
        prepare(settings)
        self.settings[site.node] = settings
        log = self._log_file(site.node)
        self._children[site.node] = child.start(site.command, self._environment(site.node), log)

    def _environment(self, node: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIANXI_")}
        return {**inherited, **self.settings[node].to_env()}

    def _await_healthy(self, site: Site) -> None:
        """Wait until a node serves, and until it knows every agency, so that it can hand petitions to each."""
        settings = self.settings[site.node]
        deadline = time.monotonic() + HEALTHY_SECONDS_MAX
        tls = self.caller_tls(site.agencies[0].agency)
        while time.monotonic() < deadline:
            if self._children[site.node].poll() is not None:
                raise CityTrouble(f"node {site.node} ended while it started; it said:\n{self._last_words(site.node)}")
            if _listens(settings.listen) and self._is_ready(site, tls):
                with self._lock:
                    self._healthy += 1
                    self.progress("healthy", self._healthy, len(self.sites))
                return
            time.sleep(LOOK_SECONDS)
        raise CityTrouble(f"node {site.node} does not answer; it said:\n{self._last_words(site.node)}")

    def _is_ready(self, site: Site, tls: ClientTls) -> bool:
        with channel(self.settings[site.node].listen, tls) as to_node:
            try:
                return _is_serving(to_node) and self._nodes_by_agency.keys() <= set(_known(to_node))
            except grpc.RpcError:
                return False

    # --- stopping -----------------------------------------------------------------------------------------------

    def _stop_children(self) -> None:
        for process in self._children.values():
            process.terminate()
        deadline = time.monotonic() + (STOP_SECONDS_MAX if self.durable else STOP_SECONDS_MAX_UNKEPT)
        for process in self._children.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # Nothing is lost by it: what a node has answered for is on disk.
                process.kill()
                process.wait()
            child.let_go(process)

    def _log_file(self, node: str) -> Path:
        return self.directory / f"{node}.log"

    def _last_words(self, node: str) -> str:
        lines = self._log_file(node).read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:]) or "(nothing)"


def caller_name(agency: str) -> str:
    """The name of the certificate by which an agency's own system calls; the bare id may be a node's."""
    return f"{agency[:33]}-caller"


def lianxi(*words: str) -> list[str]:
    """The command line of `lianxi` as it is installed beside this interpreter."""
    return [str(Path(sys.executable).with_name("lianxi")), *words]


def _free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return sorted(ports)


def _listens(address: str) -> bool:
    # A gRPC channel to a port that nobody listens on waits longer and longer before it tries again.
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _is_serving(to_node: grpc.Channel) -> bool:
    check = to_node.unary_unary(
        f"/{health.SERVICE_NAME}/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS_MAX, wait_for_ready=True)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _known(to_node: grpc.Channel) -> Iterator[str]:
    stub, request = CaseServiceStub(to_node), ListAgenciesRequest(page_size=500)
    while True:
        answer = stub.ListAgencies(request, timeout=CALL_SECONDS_MAX)
        yield from (agency.agency for agency in answer.agencies)
        if not answer.next_page_token:
            return
        request = ListAgenciesRequest(page_size=500, page_token=answer.next_page_token)
