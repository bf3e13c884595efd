"""`lianxi.office.v1.OfficeService`: who may ask, and which function answers.

Only a certificate that names an agency of this node whose kind is the Joint Meeting Office may call: what the office
sees across all agencies is for nobody else. Everything is answered from the views (`queries.py`, `overview.py`); the
one command is a decision on a parked record (`decisions.py`).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message

from domain.duty_table import rule_row
from domain.event import Refusal
from domain.explanation import steps_of
from domain.vocabulary import AgencyKind
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.type.v1 import duty_pb2
from services.kit.identity import WrongIdentity, acting_agency, caller_agencies
from services.kit.node import Node
from services.kit.rpc.errors import Refused
from services.kit.rpc.messages import message_of
from services.kit.rpc.server import Method, RpcServer, Service
from services.office.decisions import Decisions
from services.office.gaps import Gaps
from services.office.overview import overview
from services.office.petitioner import PetitionerService
from services.office.queries import Queries, duty_message
from services.office.ratings import ratings
from services.office.reading import Reader

_DUTY_UNKNOWN = Refusal(
    "DUTY_UNKNOWN",
    "the office knows no such duty",
    "没有该责任事项",
    field="duty_id",
    remedy="look it up with ListDuties",
)


class OfficeService:
    """The methods of the office node's OfficeService."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reader = Reader(node)
        self._queries = Queries(node, self._reader)
        self._gaps = Gaps(node, self._reader)
        self._decisions = Decisions(node, self._reader)

    def service(self) -> Service:
        """Return the methods by name."""
        queries = self._queries
        answers: Mapping[str, Callable[[Any], Message]] = {
            "GetPetition": queries.get_petition,
            "ListPetitions": queries.list_petitions,
            "ListDuties": queries.list_duties,
            "ExplainDuty": self._explain_duty,
            "ListHandoffs": queries.list_handoffs,
            "ListCustody": queries.list_custody,
            "ListTimeline": queries.list_timeline,
            "ListGaps": self._gaps.list_gaps,
            "ListDocket": self._gaps.list_docket,
            "GetOverview": lambda _: overview(self._node, self._reader),
            "GetRatings": lambda _: ratings(self._reader),
            "ListParked": self._decisions.list_parked,
        }
        methods: dict[str, Method] = {name: self._read(answer) for name, answer in answers.items()}
        methods["ResolveParked"] = self._resolve_parked
        return Service(pb.DESCRIPTOR.services_by_name["OfficeService"], methods)

    def close(self) -> None:
        """Let go of the connections."""
        self._reader.close()

    def _read(self, answer: Callable[[Any], Message]) -> Method:
        def method(request: Any, context: grpc.ServicerContext) -> Message:
            self._acting_office(context)
            return answer(request)

        return method

    def _resolve_parked(
        self, request: pb.ResolveParkedRequest, context: grpc.ServicerContext
    ) -> pb.ResolveParkedResponse:
        return self._decisions.resolve(request, self._acting_office(context))

    def _explain_duty(self, request: pb.ExplainDutyRequest) -> duty_pb2.DueExplanation:
        found = self._queries.one_duty(request.duty_id)
        if found is None:
            raise Refused(_DUTY_UNKNOWN)
        status, duty = found
        rule = rule_row(duty.rule_id, duty.rule_version)
        steps = steps_of(duty, self._node.law)
        return message_of(
            duty_pb2.DueExplanation,
            rule,
            duty=duty_message((status, *duty)),
            steps=[step.en for step in steps],
            steps_zh=[step.zh for step in steps],
        )

    def _acting_office(self, context: grpc.ServicerContext) -> str:
        """Return the office as which the caller acts; raise `WrongIdentity` for anybody else."""
        settings = self._node.settings
        agencies = caller_agencies(context, plaintext=settings.plaintext)
        for served in settings.agencies:
            if served.kind is AgencyKind.JOINT_MEETING_OFFICE and served.agency in agencies:
                return served.agency
        if not agencies:
            # This says how a caller names itself, which differs between certificates and plain text.
            acting_agency(context, None, settings.plaintext)
        offices = [served.agency for served in settings.agencies if served.kind is AgencyKind.JOINT_MEETING_OFFICE]
        remedy = (
            f"only the Joint Meeting Office may ask here: use a certificate that names {', '.join(offices) or 'it'}"
        )
        raise WrongIdentity("CALLER_NOT_THE_OFFICE", remedy)


def serve(node: Node, stop: threading.Event, beside: Sequence[Service] = ()) -> None:
    """Answer calls at the node's address until `stop`, petitioners' too; `beside` are other services on that port."""
    settings = node.settings
    office, petitioner = OfficeService(node), PetitionerService(node)
    try:
        services = [office.service(), petitioner.service(), *beside]
        RpcServer(services, settings.listen, settings.server_tls, plaintext=settings.plaintext).serve(stop)
    finally:
        petitioner.close()
        office.close()
