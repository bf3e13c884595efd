"""`lianxi.agency.v1.CaseService`: who is calling, for which agency, and which function answers.

A caller acts only as an agency that its certificate names, and only where this node speaks for that agency. Every
command goes the same road (`handle.py`); only opening sealed materials and giving the petitioner's codes answer with
more than a receipt.
"""

import threading
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import grpc
from google.protobuf.message import Message

from domain.event import Refusal
from lianxi.agency.v1 import case_service_pb2 as pb
from services.agency.commands import COMMANDS, Order
from services.agency.directory import DirectoryService
from services.agency.handle import codes_of, handle, open_materials
from services.agency.queries import Queries
from services.kit.clock import system_clock
from services.kit.identity import acting_agency
from services.kit.node import Node
from services.kit.one_core import stay_on_one_core
from services.kit.rpc.errors import Refused
from services.kit.rpc.server import Method, RpcServer, Service
from services.kit.settings import ServedAgency
from services.kit.spoken_codes import CodePurpose

REOPENED_WITHIN = timedelta(minutes=5)
"""How long a repeated request opens the materials again: its answer may have been lost on the way."""

_OPENED_BEFORE = Refusal(
    "OPENED_BEFORE",
    "this opening is long on record: to open the materials again is an act of its own",
    "该次调阅早已记录在案,再次调阅须另行登记",
    field="header.request_id",
    remedy="use a new request id, and the new opening is put on record",
)
_NOT_SERVED = Refusal(
    "AGENCY_NOT_SERVED",
    "this node does not speak for the agency",
    "本节点不服务该机关",
    remedy="call the node that serves it; ListAgencies names it",
)


class CaseService:
    """The methods of one node's CaseService."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._queries = Queries(node)

    def service(self) -> Service:
        """Return the methods by name."""
        commands = {rpc: self._command(rpc) for rpc in COMMANDS}
        queries = {
            "GetCase": self._query(self._queries.get_case),
            "ListCases": self._query(self._queries.list_cases),
            "ListDuties": self._query(self._queries.list_duties),
            "ExplainDuty": self._query(self._queries.explain_duty),
            "ListAgencies": self._list_agencies,
        }
        answers = commands | queries
        answers |= {"UnsealMaterials": self._unseal_materials, "IssueQueryCode": self._issue_query_code}
        return Service(pb.DESCRIPTOR.services_by_name["CaseService"], answers)

    def close(self) -> None:
        """Let go of the connections."""
        self._queries.close()

    def _command(self, rpc: str) -> Method:
        def answer(request: Any, context: grpc.ServicerContext) -> pb.CommandReceipt:
            return handle(self._node, Order.read(rpc, request, self._acting(context, request.header.agency)))

        return answer

    def _unseal_materials(
        self, request: pb.UnsealMaterialsRequest, context: grpc.ServicerContext
    ) -> pb.UnsealMaterialsResponse:
        # That somebody opens the materials is on record before anything is opened.
        agency = self._acting(context, request.header.agency)
        order = Order.read("UnsealMaterials", request, agency)
        receipt = handle(self._node, order)
        if receipt.replayed and system_clock() - receipt.recorded_time.ToDatetime(UTC) > REOPENED_WITHIN:
            raise Refused(_OPENED_BEFORE)
        opened = open_materials(self._node, order)
        return pb.UnsealMaterialsResponse(receipt=receipt, erased=opened.erased, **opened.texts)

    def _issue_query_code(
        self, request: pb.IssueQueryCodeRequest, context: grpc.ServicerContext
    ) -> pb.IssueQueryCodeResponse:
        order = Order.read("IssueQueryCode", request, self._acting(context, request.header.agency))
        receipt = handle(self._node, order)
        codes = codes_of(self._node, order)
        return pb.IssueQueryCodeResponse(
            receipt=receipt, query_code=codes[CodePurpose.QUERY], rating_token=codes[CodePurpose.RATING]
        )

    def _query(self, query: Callable[[Any, str], Message]) -> Method:
        def answer(request: Any, context: grpc.ServicerContext) -> Message:
            return query(request, self._acting(context, request.agency).agency)

        return answer

    def _list_agencies(self, request: pb.ListAgenciesRequest, context: grpc.ServicerContext) -> pb.ListAgenciesResponse:
        # The directory is the same for everybody who has a certificate, whichever agency it names.
        return self._queries.list_agencies(request)

    def _acting(self, context: grpc.ServicerContext, claimed: str) -> ServedAgency:
        """Return the agency as which the caller acts; raise `WrongIdentity`, or `Refused` if it is not served here."""
        agency = self._node.served(acting_agency(context, claimed or None, self._node.settings.plaintext))
        if agency is None:
            raise Refused(_NOT_SERVED)
        return agency


def serve(node: Node, stop: threading.Event) -> None:
    """Answer calls at the node's address until `stop`; this binds the process to one core, see `one_core`."""
    settings = node.settings
    cases = CaseService(node)
    services = [cases.service(), DirectoryService(node).service()]
    server = RpcServer(services, settings.listen, settings.server_tls, plaintext=settings.plaintext)
    server.start()
    try:
        # Only now: gRPC's own threads are there by now, and stay free.
        stay_on_one_core(settings.node)
        stop.wait()
    finally:
        server.stop()
        cases.close()
