"""A county's agencies that negotiate, help, dispute and flag, with the post between them: any order that a bus allows.

Every agency has its own log and its own clock; the labour bureau is merged into the housing bureau on the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.case import (
    ADDRESSED,
    AcceptPetition,
    AgreeJointHandling,
    AnswerJointHandling,
    Arrival,
    Case,
    ClassifyPetition,
    FlagUrgent,
    HandOff,
    Moment,
    ProposeJointHandling,
    RaiseObjection,
    RegisterPetition,
    ReportAssistance,
    ReportUrgent,
    RequestAssistance,
    RuleOnObjection,
    WithdrawAssistance,
    case_id_of,
    decide,
    evolve,
    receive,
)
from domain.event import Command, Event, Happening, Refusal
from domain.jurisdiction import Agencies, Agency
from domain.petition import Changes, PetitionFile
from domain.vocabulary import Category, Channel, HandoffKind, ObjectionReason, Route, Urgency, UrgentRecipient
from services.kit.law import law_in_force
from tests.domain.facts import HOUSING, LABOUR, OFFICE, PETITION, PETITIONS, RECEIVED, sealed
from tests.domain.facts_joint import COUNTY, COUNTY_AGENCIES, GOVERNMENT

LAW = law_in_force()
MERGED = Agency(LABOUR, COUNTY_AGENCIES[2].kind, COUNTY, GOVERNMENT, abolished=date(2023, 3, 3), successors=(HOUSING,))
AGENCIES = Agencies((*(one for one in COUNTY_AGENCIES if one.agency != LABOUR), MERGED))
KINDS = {one.agency: one.kind for one in COUNTY_AGENCIES}
_KINDS = (HandoffKind.TRANSFER, HandoffKind.REFERRAL, HandoffKind.SUCCESSION)
Letter = tuple[str, Any]


@dataclass
class Desk:
    """One agency: its case, its log, how much of it went out, and how far its clock is off."""

    name: str
    clock_error: timedelta
    case: Case | None = None
    log: list[Event] = field(default_factory=list)
    relayed: int = 0


class JointBoard:
    """One petition, registered and classified by the petition department, among five agencies."""

    def __init__(self, clock_errors: tuple[timedelta, ...]) -> None:
        self.desks = {name: Desk(name, error) for name, error in zip(KINDS, clock_errors, strict=True)}
        self.now = RECEIVED
        self.post: dict[tuple[str, str], list[Letter]] = {}
        self.delivered: list[tuple[str, Letter]] = []
        self.office = PetitionFile(PETITION)
        kind = KINDS[PETITIONS]
        opening = RegisterPetition(petition_id=PETITION, agency=PETITIONS, agency_kind=kind, channel=Channel.LETTER)
        for command in (opening, ClassifyPetition(category=Category.APPEAL)):
            self.now += timedelta(minutes=10)
            assert self.give(PETITIONS, command) is None

    def give(self, name: str, command: Command) -> Refusal | None:
        """Give a command to an agency; a refusal is an answer like any other."""
        decision = self._decided(self.desks[name], command)
        if isinstance(decision, Refusal):
            return decision
        self._record(self.desks[name], decision)
        return None

    def possible(self, kinds: tuple[type[Command], ...]) -> list[tuple[str, Command]]:
        """Every command of these kinds that some agency could carry out now."""
        return [
            (desk.name, command)
            for desk in self.desks.values()
            if desk.case is not None
            for command in self._commands(desk, desk.case)
            if isinstance(command, kinds) and not isinstance(self._decided(desk, command), Refusal)
        ]

    def _commands(self, desk: Desk, case: Case) -> Iterator[Command]:
        made = UUID(int=(len(desk.log) << 8) + list(self.desks).index(desk.name))
        others = [name for name in self.desks if name != desk.name]
        for other in others:
            for kind in _KINDS:
                yield HandOff(handoff_id=made, kind=kind, to_agency=other)
            yield ProposeJointHandling(joint_id=made, lead=other, assisting=(desk.name,))
            yield RequestAssistance(assistance_id=made, to_agency=other, request=sealed("request"))
            for party in others:
                yield HandOff(handoff_id=made, kind=HandoffKind.DISPUTE, to_agency=other, disputing=(party,))
        yield ProposeJointHandling(joint_id=made, lead=desk.name, assisting=tuple(others))
        yield AgreeJointHandling()
        for joint in case.consultations:
            yield AnswerJointHandling(joint_id=joint.joint_id, agreed=True)
            yield AnswerJointHandling(joint_id=joint.joint_id, agreed=False)
        for owed in case.assistances:
            yield ReportAssistance(assistance_id=owed.assistance_id, report=sealed("report"))
        for asked in case.assistants:
            yield WithdrawAssistance(assistance_id=asked.assistance_id, reason=sealed("reason"))
        yield RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=sealed())
        yield RuleOnObjection(uphold=True)
        yield RuleOnObjection(uphold=False)
        yield AcceptPetition(route=Route.PETITION_PROCEDURE)
        yield FlagUrgent(level=Urgency.MAJOR, to_agency=OFFICE, measures=sealed("measures"))
        for recipient in UrgentRecipient:
            yield ReportUrgent(recipient=recipient)

    def _decided(self, desk: Desk, command: Command) -> tuple[Event, ...] | Refusal:
        return decide(desk.case, command, Moment(self._clock(desk), LAW, agencies=AGENCIES))

    def _clock(self, desk: Desk) -> datetime:
        return self.now + desk.clock_error

    def relay(self, name: str) -> bool:
        """Bring the agency's next record to the bus, and then into the post; tell whether there was one."""
        desk = self.desks[name]
        if desk.relayed == len(desk.log):
            return False
        event: Any = desk.log[desk.relayed]
        desk.relayed += 1
        happening = Happening(event, case_id_of(PETITION, name), desk.relayed, name, desk.relayed, self.now)
        self.office.apply(happening, LAW, Changes())
        if type(event) in ADDRESSED:
            self.post.setdefault((name, event.to_agency), []).append((f"{name}:{desk.relayed}", event))
        return True

    def waiting(self) -> list[tuple[str, str]]:
        """The pairs of agencies with post between them."""
        return [pair for pair, letters in self.post.items() if letters]

    def deliver(self, pair: tuple[str, str]) -> None:
        letter = self.post[pair].pop(0)
        assert self._arrive(pair[1], letter), "a fact that arrives for the first time is kept"
        self.delivered.append((pair[1], letter))

    def redeliver(self, number: int) -> None:
        """Deliver a letter once more that was delivered before."""
        name, letter = self.delivered[number % len(self.delivered)]
        assert not self._arrive(name, letter), "a fact that arrives again changes nothing"

    def _arrive(self, name: str, letter: Letter) -> bool:
        cause, sent = letter
        desk = self.desks[name]
        decision = receive(desk.case, sent, Arrival(cause, name, KINDS[name], self._clock(desk), agencies=AGENCIES))
        assert not isinstance(decision, Refusal), f"{decision.code}: what agencies rightly send is never refused"
        self._record(desk, decision)
        return bool(decision)

    def _record(self, desk: Desk, events: tuple[Event, ...]) -> None:
        for event in events:
            desk.case = evolve(desk.case, event)
            desk.log.append(event)

    def settle(self) -> None:
        """Relay and deliver until nothing is on its way."""
        moving = True
        while moving:
            relayed = [self.relay(name) for name in self.desks]
            pairs = self.waiting()
            for pair in pairs:
                self.deliver(pair)
            moving = any(relayed) or bool(pairs)
