"""What agencies want: mostly what the state of a case suggests, sometimes what no honest and careful system would send.

What is sensible is what `tests.domain.player` thinks of and the domain would allow on the state as it stands in the
logs; so the traffic draws from the whole law. Requests are the public protos, so that reading them is part of the
simulation. Every choice comes from the seed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from domain.case import COMMANDS as COMMAND_KINDS
from domain.case import Case, Moment, Phase, RequestReview, decide
from domain.event import Command, Refusal, Sealed
from domain.vocabulary import Category, Channel, HandoffKind, Route
from lianxi.agency.v1.case_service_pb2 import CommandHeader
from services.agency.commands import COMMANDS
from services.kit.rpc.messages import message_of
from tests.domain.chapters import NOTES
from tests.domain.player import COLLEAGUE, MOVES, Seat, W, commands_of
from tests.simulation.callers import Intent
from tests.simulation.city import City
from tests.simulation.mirror import Mirror

Fields = dict[str, Any]
NOBODY = "no-such-agency"
CASES_IN_HAND_MAX = 4
KINDS = tuple(sorted(MOVES, key=lambda kind: kind.__name__))
assert set(KINDS) < COMMAND_KINDS


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
        if self._chance.random() < 0.25 and (request := self._review_request()):
            return request
        if not cases or (len(waiting) < CASES_IN_HAND_MAX and self._chance.random() < 0.05):
            return self._register(agency)
        if self._chance.random() < 0.12:
            return self._hostile(agency, cases)
        case = self._chance.choice(waiting if waiting and self._chance.random() < 0.9 else cases)
        return self._sensible(agency, case) or self._hostile(agency, cases)

    # --- what is sensible -------------------------------------------------------------------------------------------

    def _sensible(self, agency: str, case: Case) -> Intent | None:
        """A command that the state of the case allows, the likelier the more the matter depends on it."""
        moves: dict[type[Command], list[Command]] = {}
        for command in self._allowed(self._seat(agency, case), case, KINDS):
            moves.setdefault(type(command), []).append(command)
        if not moves:
            return None
        weights = [_WEIGHTS.get(kind, _OF_A_NOTE if kind in NOTES else _OF_A_STEP) for kind in moves]
        [kind] = self._chance.choices(list(moves), weights)
        command = self._chance.choice(moves[kind])
        return self._intent(agency, kind.__name__, case, _fields(command), officer=COLLEAGUE if case.recused else None)

    def _review_request(self) -> Intent | None:
        """What the petitioner asks of the next agency above one that served an opinion."""
        served = [case for case in self._mirror.cases.values() if case.phase in (Phase.SERVED, Phase.REVIEW_SERVED)]
        above = [(case, self._city.superiors.get(case.agency)) for case in served]
        asked = [(case, superior) for case, superior in above if superior in self._city.kinds]
        if not asked:
            return None
        case, agency = self._chance.choice(asked)
        assert agency is not None
        own = next((one for one in self._mirror.cases_of(agency) if one.petition_id == case.petition_id), None)
        seat = self._seat(agency, own, case)
        moves = list(self._allowed(seat, own, (RequestReview,)))
        if not moves:
            return None
        fields = _fields(self._chance.choice(moves)) | {"petition_id": str(case.petition_id)}
        return self._intent(agency, "RequestReview", None, fields)

    def _allowed(self, seat: Seat, case: Case | None, kinds: Iterable[type[Command]]) -> Iterable[Command]:
        moment = Moment(seat.now, self._city.newest, agencies=self._city.agencies)
        return (
            command for command in commands_of(seat, kinds) if not isinstance(decide(case, command, moment), Refusal)
        )

    def _seat(self, agency: str, case: Case | None, reviewed: Case | None = None) -> Seat:
        others = tuple(one for one in self._city.kinds if one != agency)
        now = self._city.now(self._city.node_of[agency])
        first = reviewed or case
        return Seat(
            agency=agency,
            kind=self._city.kinds[agency],
            known=case,
            others=tuple(self._chance.sample(others, 3)),
            involved=(reviewed.agency,) if reviewed else (),
            accusable=tuple(self._chance.sample(others, 2)),
            first_received_time=first.first_received_time if first else now,
            now=now,
            fresh=UUID(int=self._chance.getrandbits(128), version=4),
            each=_each,
        )

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

    # --- what is not ------------------------------------------------------------------------------------------------

    def _hostile(self, agency: str, cases: list[Case]) -> Intent:
        """Think of something that should be refused, or at least be survived."""
        case = self._chance.choice(cases)
        rpc = self._chance.choice(KINDS).__name__
        fields = self._any_fields(rpc, case)
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
            fields = self._any_fields(rpc, case) | wrong(case)
        elif trick == "twice":
            fields = {"petition_id": str(case.petition_id), "channel": Channel.VISIT, "content": "再次反映"}
            return self._intent(agency, "RegisterPetition", None, fields)
        return self._intent(agency, rpc, case, fields, **header)

    def _any_fields(self, rpc: str, case: Case) -> Fields:
        """What somebody may say with a command, whether or not the case is there for it."""
        moves = list(MOVES[COMMANDS[rpc].command](self._seat(case.agency, case)))
        return _fields(self._chance.choice(moves)) if moves else {}

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


def _fields(command: Command) -> Fields:
    """The command as its request asks it: texts in clear, and nothing that the node says itself."""
    fields = {name: getattr(command, name) for name in type(command).model_fields}
    return {name: "已核实" if isinstance(value, Sealed) else value for name, value in fields.items()}


def _each(kind: type[W], /) -> Iterable[W]:
    # Most matters are appeals on the petition procedure, Art. 31(6): only these lead on to opinions and reviews.
    return [one for one in kind for _ in range(12 if one in (Category.APPEAL, Route.PETITION_PROCEDURE) else 1)]


def _owes_a_report(case: Case) -> bool:
    offer = case.incoming
    is_done = case.phase in (Phase.SERVED, Phase.NOT_ACCEPTED, Phase.HANDED_OFF)
    return is_done and offer is not None and offer.kind is HandoffKind.ASSIGNMENT and not offer.reported


def _waits_for_its_agency(case: Case) -> bool:
    """Whether the next sensible act on the case is its own agency's."""
    is_asked = case.outgoing is not None and case.outgoing.objection_open
    return case.phase in _AT_WORK or is_asked or bool(case.consultations or case.assistances) or _owes_a_report(case)


_AT_WORK = frozenset(
    {
        Phase.OPEN,
        Phase.ACCEPTED,
        Phase.DIVERTED,
        Phase.OPINION_ISSUED,
        Phase.REVIEWING,
        Phase.REVIEW_ISSUED,
    }
)

_OF_A_STEP, _OF_A_NOTE = 4.0, 0.12
_WEIGHTS: Mapping[type[Command], float] = {
    COMMANDS[name].command: weight
    for name, weight in {
        "ClassifyPetition": 3,
        "HandOff": 14,
        "RaiseObjection": 10,
        "RuleOnObjection": 20,
        "ReportBack": 10,
        "AcceptPetition": 9,
        "DeclinePetition": 0.2,
        "ProposeJointHandling": 0.7,
        "RequestAssistance": 0.7,
        "DivertToProcedure": 0.3,
        "OpenHearing": 1.5,
        "BeginMediation": 1.5,
        "IssueOpinion": 10,
        "ServeOpinion": 12,
        "IssueReviewOpinion": 10,
        "ServeReviewOpinion": 15,
    }.items()
}
"""How often an agency does what it may do; any other step of handling counts `_OF_A_STEP`, a note `_OF_A_NOTE`."""

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
