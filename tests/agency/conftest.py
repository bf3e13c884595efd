"""One real node for all tests of the agency service: PostgreSQL, mutual TLS, its gRPC server and its views."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.vocabulary import AgencyKind
from services.agency import views
from services.agency.directory import DirectoryService
from services.agency.service import CaseService
from services.kit.authority import create_authority, issue
from services.kit.directory import Claim, NodeEntry
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.identity import ClientTls
from services.kit.node import Node, prepare
from services.kit.rpc.server import RpcServer
from services.kit.sealing import NodeKeys
from services.kit.settings import NodeSettings, ServedAgency
from tests.agency.desk import Desk
from tests.support.servers import postgres_server

__all__ = ["postgres_server"]

SERVED = (
    ServedAgency(agency="housing", kind=AgencyKind.AGENCY, name_zh="住房局", name="Housing"),
    ServedAgency(agency="water", kind=AgencyKind.AGENCY, name_zh="水务局", name="Water"),
    ServedAgency(agency="bureau", kind=AgencyKind.PETITION_DEPARTMENT, name_zh="信访局", name="Petition bureau"),
)
ELSEWHERE = ServedAgency(agency="police", kind=AgencyKind.AGENCY, name_zh="公安局", name="Police")


@dataclass(frozen=True)
class Site:
    """The running node, and a desk for whoever has a certificate of its authority."""

    node: Node
    port: int
    certificates: Path
    desk: Callable[[str], Desk]


@pytest.fixture(scope="session")
def site(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("agency")
    certificates = folder / "certificates"
    _issue_certificates(certificates)
    settings = NodeSettings(
        node="north",
        agencies=SERVED,
        log_dsn=postgres_server.dsn("agency_log"),
        keys_dsn=postgres_server.dsn("agency_keys"),
        bus_url=postgres_server.dsn("agency_bus"),
        state_dir=folder / "state",
        listen="127.0.0.1:0",
        tls_dir=certificates,
    )
    prepare(settings)
    views.prepare(settings.log_dsn)
    with ExitStack() as opened:
        node = opened.enter_context(Node.open(settings))
        for entry in (node.entry(), _entry_of_another_node()):
            node.directory.learn(entry)
        service = CaseService(node)
        opened.callback(service.close)
        server = RpcServer([service.service(), DirectoryService(node).service()], settings.listen, settings.server_tls)
        opened.enter_context(_following(node))
        server.start()
        opened.callback(server.stop)

        def desk(name: str) -> Desk:
            return opened.enter_context(Desk(server.port, ClientTls.issued(certificates, name)))

        desks = {name: desk(name) for name in ("housing", "water", "bureau", "both", "police", "north")}
        yield Site(node, server.port, certificates, desks.__getitem__)


class _following:  # noqa: N801 - it is used like a function
    """The views follow the log for as long as the block runs."""

    def __init__(self, node: Node) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=views.follow, args=(node, self._stop))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _issue_certificates(folder: Path) -> None:
    create_authority(folder)
    issue(folder, "north", agencies=(), node=True)
    for agency in ("housing", "water", "bureau", "police"):
        issue(folder, agency, agencies=(agency,), node=False)
    issue(folder, "both", agencies=("housing", "water"), node=False)


def _entry_of_another_node() -> NodeEntry:
    public = NodeKeys.generate().public_record()
    claim = Claim.model_validate(ELSEWHERE.model_dump())
    return NodeEntry(
        node="south", public_key=public["delivery_key"], signing_key=public["signing_key"], agencies=(claim,)
    )


@pytest.fixture
def housing(site: Site) -> Desk:
    """The desk of an agency that the node serves."""
    return site.desk("housing")


@pytest.fixture
def water(site: Site) -> Desk:
    """The desk of another one."""
    return site.desk("water")
