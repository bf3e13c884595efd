"""What agencies want: mostly what the state of a case suggests, sometimes what no honest and careful system would send.

Requests are the public protos, so that reading them is part of the simulation. Every choice comes from the seed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from domain.calendar import civil_date
from domain.case import Case, Phase
from domain.vocabulary import (
    Category,
    Channel,
    HandoffKind,
    ObjectionReason,
    Outcome,
    Purpose,
    RefusalReason,
    Route,
    ServiceMethod,
)
from lianxi.agency.v1.case_service_pb2 import CommandHeader
from services.agency.commands import COMMANDS
from services.kit.rpc.messages import message_of
from tests.simulation.callers import Intent
from tests.simulation.city import City
from tests.simulation.mirror import Mirror

Fields = dict[str, Any]
NOBODY = "no-such-agency"
CASES_IN_HAND_MAX = 6


class Traffic:
    """The generator of what agencies intend."""

    def __init__(self, city: City, mirror: Mirror) -> None:
        self._city, self._mirror = city, mirror
        self._chance: Random = city.chance

    def next(self) -> Intent:
        """Think of the next act of some agency."""
        agency = self._chance.choice(list(self._city.kinds))
        cases = self._mirror.cases_of(agency)
        waiting = [case for case in cases if _waits_for_its_agency(case)]
        if not cases or (len(waiting) < CASES_IN_HAND_MAX and self._chance.random() < 0.08):
            return self._register(agency)
        if self._chance.random() < 0.12:
            return self._hostile(agency, cases)
        case = self._chance.choice(waiting if waiting and self._chance.random() < 0.9 else cases)
        rpc = self._sensible(case)
        return self._intent(agency, rpc, case, self._fields(rpc, case))

    # --- what is sensible -------------------------------------------------------------------------------------------

    def _sensible(self, case: Case) -> str:
        """The name of a command that the state of the case suggests."""
        rpcs = dict(_SENSIBLE[case.phase])
        if case.phase is Phase.OPEN and case.category is None:
            rpcs = {"ClassifyPetition": 6, "NotifyReceipt": 1, "DeclinePetition": 1}
        if case.phase is Phase.OPEN and case.incoming:
            rpcs["RaiseObjection"] = 8
        if case.outgoing and case.outgoing.objection_open:
            rpcs["RuleOnObjection"] = 20
        if _owes_a_report(case):
            rpcs["ReportBack"] = 10
        return self._chance.choices(list(rpcs), list(rpcs.values()))[0]

    def _fields(self, rpc: str, case: Case) -> Fields:
        return _MAKERS[rpc](self, case)

    def _register(self, agency: str) -> Intent:
        now = self._city.now(self._city.node_of[agency])
        fields: Fields = {
            "channel": self._chance.choice(list(Channel)),
            "reply_address_unknown": self._chance.random() < 0.2,
            "petitioner": "张三",
            "content": "楼上漏水",
        }
        if self._chance.random() < 0.5:
            fields["received_time"] = now - timedelta(hours=self._chance.randint(1, 60))
        return self._intent(agency, "RegisterPetition", None, fields)

    def classify(self, case: Case) -> Fields:
        category = self._chance.choice(list(Category))
        others = [agency for agency in self._city.kinds if agency != case.agency]
        accused = self._chance.sample(others, self._chance.randint(1, 2)) if category is Category.ACCUSATION else []
        return {"category": category, "accused_agencies": sorted({*accused, *case.accused_agencies})}

    def hand_off(self, case: Case) -> Fields:
        kind = self._chance.choice(list(HandoffKind))
        others = [agency for agency in self._city.kinds if agency not in (case.agency, *case.accused_agencies)]
        if case.incoming and case.incoming.other_agency in others and self._chance.random() < 0.3:
            others = [case.incoming.other_agency]  # Ping-pong.
        if case.accused_agencies and self._chance.random() < 0.2:
            others = list(case.accused_agencies)  # To the very unit that is accused, Art. 30(3).
        fields: Fields = {"kind": kind, "to_agency": self._chance.choice(others)}
        if kind is HandoffKind.ASSIGNMENT:
            fields["report_due_date"] = civil_date(self._city.time) + timedelta(days=self._chance.randint(1, 90))
        return fields

    def object(self, case: Case) -> Fields:
        return {"reason": self._chance.choice(list(ObjectionReason)), "explanation": "不属于我局职权"}

    def rule(self, case: Case) -> Fields:
        return {"uphold": self._chance.random() < 0.6, "explanation": "已核实"}

    def notify(self, case: Case) -> Fields:
        return {"method": self._chance.choice(list(ServiceMethod))}

    def accept(self, case: Case) -> Fields:
        if case.category is not Category.APPEAL:
            return {}
        likely = [Route.PETITION_PROCEDURE] * 4
        return {"route": self._chance.choice([*likely, *Route])}

    def decline(self, case: Case) -> Fields:
        return {"reason": self._chance.choice(list(RefusalReason)), "explanation": "不予受理"}

    def extend(self, case: Case) -> Fields:
        now = self._city.now(self._city.node_of[case.agency])
        return {
            "days": self._chance.randint(1, 30),
            "approver": "head:1",
            "notified_time": now - timedelta(minutes=1),
            "reason": "情况复杂",
        }

    def issue(self, case: Case) -> Fields:
        outcome = self._chance.choice(list(Outcome))
        return {"outcome": outcome, "legal_bases": ["《物业管理条例》第三十五条"], "facts": "属实", "opinion": "支持"}

    def serve(self, case: Case) -> Fields:
        return {"method": self._chance.choice(list(ServiceMethod)), "proof": "post:RR1"}

    def report(self, case: Case) -> Fields:
        return {"report": "已办结"}

    def unseal(self, case: Case) -> Fields:
        return {"official": "post:7", "purpose": self._chance.choice(list(Purpose))}

    # --- what is not ------------------------------------------------------------------------------------------------

    def _hostile(self, agency: str, cases: list[Case]) -> Intent:
        """Think of something that should be refused, or at least be survived."""
        case = self._chance.choice(cases)
        rpc = self._chance.choice(list(_MAKERS))
        fields = self._fields(rpc, case)
        header: Fields = {}
        trick = self._chance.choice(("phase", "stale", "stranger", "future", "early", "field", "twice"))
        if trick == "stale":
            header["expected_version"] = case.version + self._chance.choice((-1, 1))
        elif trick == "stranger":
            case = self._chance.choice(list(self._mirror.cases.values()))
        elif trick == "future":
            header["occurred_time"] = self._city.time + timedelta(hours=self._chance.randint(1, 5000))
        elif trick == "early":
            header["occurred_time"] = self._city.time - timedelta(hours=self._chance.randint(1, 5000))
        elif trick == "field":
            rpc, wrong = self._chance.choice(_WRONG)
            fields = self._fields(rpc, case) | wrong(case)
        elif trick == "twice":
            fields = {"petition_id": str(case.petition_id), "channel": Channel.VISIT, "content": "再次反映"}
            return self._intent(agency, "RegisterPetition", None, fields)
        return self._intent(agency, rpc, case, fields, **header)

    def _intent(self, agency: str, rpc: str, case: Case | None, fields: Fields, **header: Any) -> Intent:
        request_id = UUID(int=self._chance.getrandbits(128), version=4)
        given = {"request_id": str(request_id), "agency": agency, **header}
        if case is not None:
            given["case_id"] = str(case.case_id)
            if "expected_version" not in header and self._chance.random() < 0.3:
                given["expected_version"] = case.version
        if case is not None and "occurred_time" not in header and self._chance.random() < 0.15:
            given["occurred_time"] = self._shortly_before(self._city.now(self._city.node_of[agency]))
        header_message = message_of(CommandHeader, None, **given)
        request: Message = message_of(COMMANDS[rpc].request, SimpleNamespace(**fields), header=header_message)
        return Intent(agency, self._city.node_of[agency], rpc, request)

    def _shortly_before(self, now: datetime) -> datetime:
        return (now - timedelta(minutes=self._chance.randint(0, 3000))).astimezone(UTC)


def _owes_a_report(case: Case) -> bool:
    offer = case.incoming
    is_done = case.phase in (Phase.SERVED, Phase.NOT_ACCEPTED, Phase.HANDED_OFF)
    return is_done and offer is not None and offer.kind is HandoffKind.ASSIGNMENT and not offer.reported


def _waits_for_its_agency(case: Case) -> bool:
    """Whether the next sensible act on the case is its own agency's."""
    is_asked = case.outgoing is not None and case.outgoing.objection_open
    return case.phase in (Phase.OPEN, Phase.ACCEPTED, Phase.OPINION_ISSUED) or is_asked or _owes_a_report(case)


_MAKERS: Mapping[str, Callable[[Traffic, Case], Fields]] = {
    "ClassifyPetition": Traffic.classify,
    "HandOff": Traffic.hand_off,
    "RaiseObjection": Traffic.object,
    "RuleOnObjection": Traffic.rule,
    "NotifyReceipt": Traffic.notify,
    "AcceptPetition": Traffic.accept,
    "DeclinePetition": Traffic.decline,
    "ExtendHandling": Traffic.extend,
    "IssueOpinion": Traffic.issue,
    "ServeOpinion": Traffic.serve,
    "ReportBack": Traffic.report,
    "UnsealMaterials": Traffic.unseal,
}

_SENSIBLE: Mapping[Phase, Mapping[str, int]] = {
    Phase.OPEN: {"HandOff": 11, "AcceptPetition": 5, "NotifyReceipt": 2, "DeclinePetition": 1, "ClassifyPetition": 1},
    Phase.HANDED_OFF: {"NotifyReceipt": 1, "UnsealMaterials": 1},
    Phase.OBJECTED: {"NotifyReceipt": 1, "UnsealMaterials": 1},
    Phase.RETURNED: {"NotifyReceipt": 1},
    Phase.ACCEPTED: {"IssueOpinion": 4, "ExtendHandling": 3, "NotifyReceipt": 1},
    Phase.NOT_ACCEPTED: {"UnsealMaterials": 1},
    Phase.OPINION_ISSUED: {"ServeOpinion": 5, "NotifyReceipt": 1},
    Phase.SERVED: {"UnsealMaterials": 1},
}
"""What an agency does in each phase, and how often."""

_WRONG: tuple[tuple[str, Callable[[Case], Fields]], ...] = (
    ("HandOff", lambda case: {"to_agency": case.agency}),
    ("HandOff", lambda _: {"to_agency": NOBODY}),
    ("HandOff", lambda case: {"to_agency": (*case.accused_agencies, case.agency)[0]}),
    ("HandOff", lambda _: {"kind": HandoffKind.ASSIGNMENT, "report_due_date": None}),
    ("ClassifyPetition", lambda case: {"category": Category.ACCUSATION, "accused_agencies": [case.agency]}),
    ("ClassifyPetition", lambda _: {"category": Category.ACCUSATION, "accused_agencies": []}),
    ("ClassifyPetition", lambda _: {"category": Category.APPEAL, "accused_agencies": [NOBODY]}),
    ("ExtendHandling", lambda _: {"days": 99}),
    ("IssueOpinion", lambda _: {"legal_bases": []}),
    ("ServeOpinion", lambda _: {"proof": "not a reference!"}),
    ("AcceptPetition", lambda case: {"route": None if case.category is Category.APPEAL else Route.ARBITRATION}),
)
"""A field that does not fit."""
