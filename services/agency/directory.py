"""`lianxi.agency.v1.DirectoryService`: who is competent, who stands above whom, and who took over, on a given day.

Every method asks the node's directory, by which its own decisions and deliveries go too, and changes nothing. Whoever
has a certificate may ask: what is answered is no more than what ListAgencies shows.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import grpc

from domain.calendar import civil_date
from domain.event import Refusal
from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import directory_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2 import Agency
from services.kit.divisions import is_valid, name_of
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.messages import fields_of, message_of
from services.kit.rpc.server import Method, Service

PARTIES_MAX = 50

_KINDS = {kind.value: kind for kind in AgencyKind}


class DirectoryService:
    """The methods of one node's DirectoryService."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def service(self) -> Service:
        """Return the methods by name."""
        answers: dict[str, Method] = {
            "ResolveJurisdiction": self._resolve_jurisdiction,
            "GetStanding": self._get_standing,
            "ResolveDispute": self._resolve_dispute,
        }
        return Service(pb.DESCRIPTOR.services_by_name["DirectoryService"], answers)

    def _resolve_jurisdiction(
        self, request: pb.ResolveJurisdictionRequest, context: grpc.ServicerContext
    ) -> pb.ResolveJurisdictionResponse:
        asked = fields_of(request)
        on = self._day(asked)
        violations = []
        if not is_valid(request.division, on):
            violations.append(Violation("division", "six digits of GB/T 2260 that stand for a division on that day"))
        if "kind" not in asked:
            violations.append(Violation("kind", "the kind of agency that is looked for"))
        if violations:
            raise Malformed(violations)
        found = self._node.directory.register().competent(request.division, _KINDS[asked["kind"]], on)
        entries = map(self._node.directory.find, found)
        return pb.ResolveJurisdictionResponse(
            agencies=[message_of(Agency, entry) for entry in entries if entry is not None],
            division_name_zh=name_of(request.division, on) or "",
        )

    def _get_standing(self, request: pb.GetStandingRequest, context: grpc.ServicerContext) -> pb.Standing:
        on = self._day(fields_of(request))
        agencies, entry = self._node.directory.register(), self._node.directory.find(request.agency)
        known = agencies.find(request.agency)
        if known is None or entry is None:
            raise Refused(_unknown("agency"))
        return pb.Standing(
            agency=message_of(Agency, entry),
            stands=known.stands(on),
            next_higher=agencies.next_higher(known.agency, on) or "",
            successors=agencies.successor(known.agency, on),
            office=agencies.office_of(known.agency, on) or "",
        )

    def _resolve_dispute(
        self, request: pb.ResolveDisputeRequest, context: grpc.ServicerContext
    ) -> pb.ResolveDisputeResponse:
        on = self._day(fields_of(request))
        agencies, parties = self._node.directory.register(), frozenset(request.agencies)
        if not 1 < len(parties) <= PARTIES_MAX:
            raise Malformed([Violation("agencies", f"two agencies at least, and at most {PARTIES_MAX}")])
        if not all(map(agencies.find, parties)):
            raise Refused(_unknown("agencies"))
        return pb.ResolveDisputeResponse(
            common_superior=agencies.common_superior(parties, on) or "",
            common_office=agencies.common_office(parties, on) or "",
        )

    def _day(self, asked: Mapping[str, Any]) -> date:
        day: date = asked.get("date") or civil_date(self._node.clock())
        return day


def _unknown(field: str) -> Refusal:
    return Refusal(
        "AGENCY_UNKNOWN",
        "the directory lists no such agency",
        "名录中没有该机关",
        field=field,
        remedy="look it up with ListAgencies",
    )
