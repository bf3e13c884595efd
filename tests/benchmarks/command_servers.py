"""The servers that `commands.py` measures, each in a process of its own, all behind the same gRPC server.

`python -m tests.benchmarks.command_servers KIND` reads the node's settings from the environment, prints its port, and
serves until its input ends. KIND is `node` (ours), `node_with_views` (the same, with the views folded beside it, in the
same process), `library` (our node over the library's own recorder) or `echo` (gRPC alone).
"""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from eventsourcing.persistence import IntegrityError
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict

from lianxi.agency.v1 import case_service_pb2 as pb
from services.agency import views
from services.agency.service import CaseService
from services.kit.directory import Directory
from services.kit.log import Appended, Fact, Log, Outcome, Request, StoredAnswer
from services.kit.node import Node
from services.kit.one_core import stay_on_one_core
from services.kit.rpc.server import Method, RpcServer, Service
from services.kit.settings import NodeSettings

SERVICE = pb.DESCRIPTOR.services_by_name["CaseService"]


class LibraryLog(Log):
    """The same log over the PostgreSQL recorder that `eventsourcing` brings, as it is set up by default.

    It keeps no answers to requests and no leaf hashes, so it does less for each command than ours.
    """

    def construct_factory(self, env: Environment) -> Any:
        database = conninfo_to_dict(self._conninfo)
        given = {f"POSTGRES_{name.upper()}": str(database[name]) for name in ("dbname", "host", "port", "user")}
        return PostgresFactory(Environment(self.name, given | {"POSTGRES_PASSWORD": "not asked for"}))

    def record_facts(self, facts: Sequence[Fact], *, request: Request | None = None) -> Appended:
        try:
            positions = self.recorder.insert_events([self.mapper.to_stored_event(fact) for fact in facts])
        except IntegrityError:
            self._forget(facts[0].originator_id)
            return Appended(Outcome.CONFLICT, None, None, None, None, None)
        assert positions
        self._advance(facts[0].originator_id, facts)
        return Appended(Outcome.APPENDED, positions[0], positions[-1], datetime.now(UTC), None, None)

    def find_request(self, agency: str, request_id: UUID) -> StoredAnswer | None:
        return None

    def close(self) -> None:
        self.factory.close()


def node_methods(node: Node) -> Service:
    """Our service as it is."""
    return CaseService(node).service()


def library_methods(node: Node) -> Service:
    """Our service over the library's recorder."""
    node.log.close()
    return CaseService(replace(node, log=LibraryLog(node.settings.log_dsn))).service()


def echo_methods(_node: Node) -> Service:
    """Methods that answer at once."""

    def echo(request: Any, _context: grpc.ServicerContext) -> pb.CommandReceipt:
        return pb.CommandReceipt(case_id=request.header.case_id, petition_id=request.header.request_id, version=1)

    methods: dict[str, Method] = dict.fromkeys((method.name for method in SERVICE.methods), echo)
    return Service(SERVICE, methods)


SERVICES: dict[str, Callable[[Node], Service]] = {
    "node": node_methods,
    "node_with_views": node_methods,
    "library": library_methods,
    "echo": echo_methods,
}


def main() -> None:
    kind = sys.argv[1]
    with ExitStack() as opened:
        node = opened.enter_context(Node.open(NodeSettings.from_env(os.environ)))
        node.directory = Directory([node.entry()])
        server = RpcServer([SERVICES[kind](node)], node.settings.listen, None, plaintext=True)
        server.start()
        stay_on_one_core(node.settings.node)
        opened.callback(server.stop)
        if kind == "node_with_views":
            threading.Thread(target=views.follow, args=(node, threading.Event()), daemon=True).start()
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
