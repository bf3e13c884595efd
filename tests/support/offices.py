"""Whole offices for tests: the node with its log, its server with mutual TLS, and its loops on the embedded bus."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from domain.vocabulary import AgencyKind
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.kit.authority import create_authority, issue
from services.kit.bus.port import Record, events_topic
from services.kit.clock import AcceleratedClock
from services.kit.database import Rows
from services.kit.identity import ClientTls, channel
from services.kit.node import Node, topics
from services.kit.rpc.server import RpcServer
from services.kit.settings import ServedAgency
from services.office import run, store
from services.office.petitioner import PetitionerService
from services.office.service import OfficeService
from tests.support.nodes import City, running

OFFICE = ServedAgency(
    agency="joint-meeting", kind=AgencyKind.JOINT_MEETING_OFFICE, name_zh="联席办", name="Joint Meeting"
)
SERVED_BESIDE = ServedAgency(agency="archive", kind=AgencyKind.AGENCY, name_zh="档案局", name="Archive")
NOW = datetime(2023, 3, 6, 4, 0, tzinfo=UTC)
CALLERS = {
    "office-caller": "joint-meeting",
    "archive-caller": "archive",
    "portal": "petitions",
    "stranger": "housing-bureau",
}


@dataclass(frozen=True)
class LivingOffice:
    """An office that answers calls; its time stands still at `NOW`."""

    node: Node
    port: int
    certificates: Path

    @contextmanager
    def called_by(self, caller: str = "office-caller") -> Iterator[OfficeServiceStub]:
        """The service as the holder of a certificate reaches it."""
        with channel(f"127.0.0.1:{self.port}", ClientTls.issued(self.certificates, caller)) as to_office:
            yield OfficeServiceStub(to_office)

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        with store.open_views(self.node.settings.log_dsn) as connection:
            yield connection

    def publish(self, records: Iterable[Record]) -> None:
        """Put records on the events topic, whoever's they are."""
        producer = self.node.bus.producer()
        try:
            sent = [producer.send(events_topic(), record.key or b"", record.value or b"") for record in records]
            for one in sent:
                one.result(60)
        finally:
            producer.close()

    @contextmanager
    def at_work(self, *roles: str) -> Iterator[None]:
        """Let the office run these roles beside the test."""
        with running(self.node, **{role: run.ROLES[role] for role in roles}):
            yield


@contextmanager
def living_office(city: City, folder: Path) -> Iterator[LivingOffice]:
    """Found an office, with certificates for its own caller, for an agency beside it, and for a stranger."""
    certificates = folder / "certificates"
    create_authority(certificates)
    issue(certificates, "office", agencies=(), node=True)
    for caller, agency in CALLERS.items():
        issue(certificates, caller, agencies=(agency,), node=False)
    issue(certificates, "nobody", agencies=(), node=True)
    settings = replace(
        city.settings("office", OFFICE.agency),
        agencies=(OFFICE, SERVED_BESIDE),
        plaintext=False,
        tls_dir=certificates,
        clock_spec=AcceleratedClock(NOW, datetime.now(UTC), 1e-6),
    )
    with Node.open(settings) as node:
        node.bus.ensure_topics(topics(settings))
        run.prepare(node)
        service, petitioner = OfficeService(node), PetitionerService(node)
        server = RpcServer([service.service(), petitioner.service()], "127.0.0.1:0", settings.server_tls)
        server.start()
        try:
            yield LivingOffice(node, server.port, certificates)
        finally:
            server.stop()
            petitioner.close()
            service.close()
