"""The server around the service: health, reflection, deadlines, a clean end, and silence about what callers wrote."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.rpc.server import RpcServer, Service
from tests.agency.conftest import Site
from tests.agency.desk import Desk, no
from tests.support.logs import as_owner

SERVICE = pb.DESCRIPTOR.services_by_name["CaseService"]


@pytest.mark.postgres
def test_health_is_told_for_the_whole_and_for_the_service(housing: Desk) -> None:
    stub: Any = health_pb2_grpc.HealthStub(housing.channel)
    for name in ("", "lianxi.agency.v1.CaseService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.postgres
def test_reflection_shows_the_service_as_the_proto_has_it(housing: Desk) -> None:
    database = ProtoReflectionDescriptorDatabase(housing.channel)
    assert "lianxi.agency.v1.CaseService" in database.get_services()
    shown = DescriptorPool(database).FindServiceByName("lianxi.agency.v1.CaseService")
    assert [method.name for method in shown.methods] == [method.name for method in SERVICE.methods]
    file = FileDescriptorProto()
    shown.file.CopyToProto(file)
    assert file.package == "lianxi.agency.v1"


# --- without a node -------------------------------------------------------------------------------------------------

SECRET = "赵某 13800000000"


def _fails(_request: Any, _context: grpc.ServicerContext) -> Any:
    raise RuntimeError(f"could not seal {SECRET}")


def _sleeps(_request: Any, _context: grpc.ServicerContext) -> Any:
    time.sleep(0.3)
    return pb.CommandReceipt(version=1)


@pytest.fixture
def server() -> Iterator[RpcServer]:
    """A server whose methods fail, but for one, which takes its time."""
    methods = dict.fromkeys((method.name for method in SERVICE.methods), _fails) | {"NotifyReceipt": _sleeps}
    served = RpcServer([Service(SERVICE, methods)], "127.0.0.1:0", None, plaintext=True)
    served.start()
    yield served
    served.stop()


def test_a_bug_is_told_by_its_place_and_never_by_its_message(
    server: RpcServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel, caplog.at_level(logging.DEBUG):
        refused = no(lambda: CaseServiceStub(channel).GetCase(pb.GetCaseRequest(), timeout=5))
    assert (refused.status, refused.reason) == (grpc.StatusCode.INTERNAL, "FAULT")
    assert "RuntimeError" in caplog.text
    assert "_fails" in caplog.text
    assert SECRET not in f"{refused} {caplog.text} {capfd.readouterr()}"


def test_a_call_whose_time_is_over_is_not_begun() -> None:
    begun: list[Any] = []

    def takes_its_time(request: Any, context: grpc.ServicerContext) -> Any:
        begun.append(request)
        return _sleeps(request, context)

    methods = dict.fromkeys((method.name for method in SERVICE.methods), takes_its_time)
    served = RpcServer([Service(SERVICE, methods)], "127.0.0.1:0", None, plaintext=True, threads=1)
    served.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{served.port}") as channel:
            stub = CaseServiceStub(channel)
            first = stub.NotifyReceipt.future(pb.NotifyReceiptRequest(), timeout=10)
            time.sleep(0.1)
            late = no(lambda: stub.NotifyReceipt(pb.NotifyReceiptRequest(), timeout=0.05))
            assert late.status is grpc.StatusCode.DEADLINE_EXCEEDED
            assert first.result().version == 1
    finally:
        served.stop()
    assert len(begun) == 1


def test_a_server_that_stops_lets_calls_under_way_finish(server: RpcServer) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = CaseServiceStub(channel)
        under_way = stub.NotifyReceipt.future(pb.NotifyReceiptRequest(), timeout=5)
        time.sleep(0.1)
        server.stop()
        assert under_way.result().version == 1
        assert no(lambda: stub.NotifyReceipt(pb.NotifyReceiptRequest(), timeout=1)).status in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )


def test_a_service_that_lacks_a_method_does_not_start() -> None:
    with pytest.raises(ValueError, match="HandOff"):
        RpcServer(
            [Service(SERVICE, {method.name: _fails for method in SERVICE.methods if method.name != "HandOff"})],
            "127.0.0.1:0",
            None,
            plaintext=True,
        )


# --- I10: no personal data in clear ---------------------------------------------------------------------------------

PETITIONER, CONTENT, FACTS = "MARK-PETITIONER-7f3a 钱某", "MARK-CONTENT-9c1e 拆迁补偿未到位", "MARK-FACTS-55d2 经查属实"


@pytest.mark.postgres
def test_what_petitioners_wrote_is_nowhere_in_clear(
    site: Site,
    housing: Desk,
    postgres_server: EmbeddedPostgres,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        case_id = housing.registered(petitioner=PETITIONER, content=CONTENT)
        housing.act("ClassifyPetition", case_id)
        housing.act("AcceptPetition", case_id)
        housing.act("IssueOpinion", case_id, facts=FACTS, opinion=FACTS)
        housing.refused("IssueOpinion", case_id, facts=FACTS, opinion=FACTS, outcome=0)
        housing.refused("RegisterPetition", petitioner=PETITIONER, content=CONTENT * 2000)
        position = housing.act("UnsealMaterials", case_id).receipt.position
        housing.ask("ListDuties", pb.ListDutiesRequest(min_position=position))
    words = [text.encode() for whole in (PETITIONER, CONTENT, FACTS) for text in whole.split()]
    assert not [word for word in words if word in f"{caplog.text} {capfd.readouterr()}".encode()]
    for dsn in (site.node.settings.log_dsn, site.node.settings.keys_dsn):
        as_owner(dsn, "checkpoint")
    assert _files_with(postgres_server.directory, words) == []
    assert _files_with(site.node.settings.state_dir, words) == []


def _files_with(folder: Path, words: list[bytes]) -> list[tuple[Path, bytes]]:
    """Search every byte that the database wrote: tables, indexes, its write-ahead log and its own log."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [(path, word) for word in words if word in content]
    return found
