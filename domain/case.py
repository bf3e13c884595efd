"""The `Case` (办理件): one agency's file on one petition, the unit of responsibility, the aggregate of the main line.

From receipt over hand-off, objection, acceptance and extension to the written opinion, its service and the report back.
Pure functions over frozen values: `decide` answers a command with facts or a refusal, `receive` does the same for a
fact that another agency addressed to this one, `evolve` folds one fact into the state. Time and the calendar are
arguments. It never sees personal data in clear: such fields arrive sealed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field, StringConstraints

from domain.calendar import WorkCalendar, civil_date
from domain.event import (
    AgencyId,
    Command,
    Decision,
    Event,
    LegalBases,
    Reference,
    Refusal,
    Sealed,
    Value,
)
from domain.rules import EXTENSION_DAYS_MAX, IN_FORCE_2005, due_of, rule_in_force
from domain.vocabulary import (
    AgencyKind,
    Category,
    Channel,
    HandoffKind,
    ObjectionReason,
    Outcome,
    Provenance,
    Purpose,
    RefusalReason,
    Route,
    ServiceMethod,
)

CASE_NAMESPACE = UUID("6e1f4c5e-2d0b-5a55-9d2c-7f0d3c1b9a10")
CLOCK_SKEW_MAX = timedelta(minutes=5)

TopicCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,20}$")]
RecordId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}:[1-9][0-9]*$")]


def case_id_of(petition_id: UUID, agency: str) -> UUID:
    """The id of the agency's case on the petition: the same wherever it is worked out."""
    return uuid5(CASE_NAMESPACE, f"{petition_id}/{agency}")


# --- events ---------------------------------------------------------------------------------------------------------


class Materials(Value):
    """What a hand-off carries: who petitions and what about, each sealed with the petition's key."""

    petitioner: Sealed | None = None
    content: Sealed | None = None


NO_MATERIALS = Materials()


class Registered(Event):
    """A petition was taken in and entered, Art. 22(1) or 23(1); `received_time`, its first receipt, never changes."""

    type_name: ClassVar[str] = "lianxi.case.v1.Registered"
    agency_kind: AgencyKind
    channel: Channel
    received_time: AwareDatetime
    reply_address_known: bool = True
    external_reference: Reference | None = None
    materials: Materials = Materials()


class Classified(Event):
    """The matter was given its category, Arts. 29-31, and perhaps a topic; an accusation names the accused units."""

    type_name: ClassVar[str] = "lianxi.case.v1.Classified"
    category: Category
    topic_code: TopicCode | None = None
    accused_agencies: tuple[AgencyId, ...] = ()


class HandedOff(Event):
    """Custody was offered to another agency, with the materials, Arts. 22(1)-(2), 23(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.HandedOff"
    handoff_id: UUID
    kind: HandoffKind
    to_agency: AgencyId
    first_received_time: AwareDatetime
    category: Category
    accused_agencies: tuple[AgencyId, ...] = ()
    report_due_date: date | None = None
    materials: Materials = Materials()


class HandoffReceived(Event):
    """The offered petition arrived at this agency; receipt is the arrival in the system, not the first opening."""

    type_name: ClassVar[str] = "lianxi.case.v1.HandoffReceived"
    handoff_id: UUID
    kind: HandoffKind
    from_agency: AgencyId
    to_agency: AgencyId
    agency_kind: AgencyKind
    first_received_time: AwareDatetime
    category: Category
    accused_agencies: tuple[AgencyId, ...] = ()
    report_due_date: date | None = None
    materials: Materials = Materials()
    cause: RecordId


class HandoffConfirmed(Event):
    """The sender learnt that its hand-off arrived."""

    type_name: ClassVar[str] = "lianxi.case.v1.HandoffConfirmed"
    handoff_id: UUID
    received_time: AwareDatetime
    cause: RecordId


class ObjectionRaised(Event):
    """The receiver says that the matter is not within its powers, with a typed reason, Art. 23(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionRaised"
    handoff_id: UUID
    to_agency: AgencyId
    reason: ObjectionReason
    explanation: Sealed
    due_date: date | None
    late: bool


class ObjectionReceived(Event):
    """The objection arrived at the sender, who now has to verify and rule on it."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionReceived"
    handoff_id: UUID
    from_agency: AgencyId
    reason: ObjectionReason
    explanation: Sealed
    late: bool
    cause: RecordId


class ObjectionUpheld(Event):
    """The sender verified and agreed; the materials are handed back and custody returns to it, Art. 23(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionUpheld"
    handoff_id: UUID
    to_agency: AgencyId
    explanation: Sealed | None = None


class ObjectionRejected(Event):
    """The sender did not agree; the petition stays with the receiver."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionRejected"
    handoff_id: UUID
    to_agency: AgencyId
    explanation: Sealed | None = None


class ObjectionAnswered(Event):
    """The sender's ruling arrived at the objector."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionAnswered"
    handoff_id: UUID
    upheld: bool
    ruled_time: AwareDatetime
    explanation: Sealed | None = None
    cause: RecordId


class ReceiptNotified(Event):
    """The petitioner was told in writing of receipt, path and procedure, Art. 23(2)-(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReceiptNotified"
    method: ServiceMethod


class Accepted(Event):
    """The matter was accepted (受理); an appeal names its route of Art. 31."""

    type_name: ClassVar[str] = "lianxi.case.v1.Accepted"
    category: Category
    route: Route | None = None


class NotAccepted(Event):
    """The matter was not accepted, and the petitioner was told in writing why."""

    type_name: ClassVar[str] = "lianxi.case.v1.NotAccepted"
    reason: RefusalReason
    explanation: Sealed


class Extended(Event):
    """The sixty days were extended once, by at most thirty: the head approved, the petitioner was told, Art. 34."""

    type_name: ClassVar[str] = "lianxi.case.v1.Extended"
    days: Annotated[int, Field(ge=1, le=EXTENSION_DAYS_MAX)]
    approver: Reference
    notified_time: AwareDatetime
    due_date: date
    reason: Sealed


class OpinionIssued(Event):
    """The written handling opinion (信访处理意见书) with claim, facts, opinion and legal basis, Art. 32."""

    type_name: ClassVar[str] = "lianxi.case.v1.OpinionIssued"
    outcome: Outcome
    legal_bases: LegalBases
    facts: Sealed
    opinion: Sealed


class OpinionServed(Event):
    """The opinion reached the petitioner, with proof; from here the petitioner's thirty days run, Art. 35."""

    type_name: ClassVar[str] = "lianxi.case.v1.OpinionServed"
    method: ServiceMethod
    proof: Reference


class ReportedBack(Event):
    """The result and the completion report (办结报告) went to the agency that assigned the matter, Art. 22(1)(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReportedBack"
    handoff_id: UUID
    to_agency: AgencyId
    report: Sealed


class ReportReceived(Event):
    """The completion report arrived at the agency that had assigned the matter."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReportReceived"
    handoff_id: UUID
    from_agency: AgencyId
    report: Sealed
    cause: RecordId


class MaterialsUnsealed(Event):
    """An official of the agency opened sealed material, for a stated purpose."""

    type_name: ClassVar[str] = "lianxi.case.v1.MaterialsUnsealed"
    official: Reference
    purpose: Purpose


# --- state ----------------------------------------------------------------------------------------------------------


class Phase(StrEnum):
    """Where the case stands, as its own agency sees it."""

    OPEN = "open"
    HANDED_OFF = "handed_off"
    OBJECTED = "objected"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    OPINION_ISSUED = "opinion_issued"
    SERVED = "served"


@dataclass(frozen=True, slots=True)
class Offer:
    """A hand-off as one side of it knows it."""

    handoff_id: UUID
    kind: HandoffKind
    other_agency: str
    report_due_date: date | None = None
    objection_open: bool = False
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """How the agency held a petition that it handed on and that came round to it again; it may still come back here."""

    phase: Phase
    received_time: datetime
    incoming: Offer | None
    outgoing: Offer | None


@dataclass(frozen=True, slots=True)
class Case:
    """The folded state of one case; `earlier` are the agency's former holdings that are not settled, oldest first."""

    petition_id: UUID
    agency: str
    agency_kind: AgencyKind
    first_received_time: datetime
    received_time: datetime
    phase: Phase = Phase.OPEN
    category: Category | None = None
    route: Route | None = None
    accused_agencies: tuple[str, ...] = ()
    materials: Materials = NO_MATERIALS
    incoming: Offer | None = None
    outgoing: Offer | None = None
    accepted_time: datetime | None = None
    extended_days: int = 0
    outcome: Outcome | None = None
    opinion_time: datetime | None = None
    served_time: datetime | None = None
    earlier: tuple[Holding, ...] = ()
    causes: frozenset[str] = frozenset()
    version: int = 0

    @property
    def case_id(self) -> UUID:
        """The id of this case."""
        return case_id_of(self.petition_id, self.agency)


def evolve(case: Case | None, event: Event) -> Case:
    """Fold one fact into the state; the first fact of a case is `Registered` or `HandoffReceived`."""
    if isinstance(event, Registered):
        case = Case(
            event.petition_id,
            event.agency,
            event.agency_kind,
            first_received_time=event.received_time,
            received_time=event.received_time,
            materials=event.materials,
        )
    elif isinstance(event, HandoffReceived):
        case = _received(case, event)
    elif case is None:
        raise ValueError(f"a case cannot begin with {event.type_name}")
    else:
        case = replace(case, **_EVOLVE[type(event)](case, event))
    cause = getattr(event, "cause", None)
    causes = case.causes | {cause} if cause else case.causes
    return replace(case, version=case.version + 1, causes=causes)


def _received(case: Case | None, event: HandoffReceived) -> Case:
    return Case(
        event.petition_id,
        event.agency,
        event.agency_kind,
        first_received_time=event.first_received_time,
        received_time=event.occurred_time,
        category=event.category,
        accused_agencies=event.accused_agencies,
        materials=event.materials,
        incoming=Offer(event.handoff_id, event.kind, event.from_agency, event.report_due_date),
        earlier=_holdings(case) if case else (),
        causes=case.causes if case else frozenset(),
        version=case.version if case else 0,
    )


def _holdings(case: Case) -> tuple[Holding, ...]:
    """All unsettled holdings, the present one last; one that was returned to its sender is over."""
    if case.phase is Phase.RETURNED:
        return case.earlier
    return (*case.earlier, Holding(case.phase, case.received_time, case.incoming, case.outgoing))


def _answered(case: Case, event: Any) -> dict[str, Any]:
    if case.incoming is None or case.incoming.handoff_id != event.handoff_id:
        # The petition came round again before the answer did: what was given back is over, the present holding stays.
        return {"earlier": _without(case.earlier, event.handoff_id)} if event.upheld else {}
    if case.phase is not Phase.OBJECTED:
        return {}
    if not event.upheld:
        return {"phase": Phase.OPEN}
    if not case.earlier:
        return {"phase": Phase.RETURNED}
    *earlier, last = case.earlier
    return {
        "earlier": tuple(earlier),
        "phase": last.phase,
        "received_time": last.received_time,
        "incoming": last.incoming,
        "outgoing": last.outgoing,
    }


def _without(holdings: tuple[Holding, ...], handoff_id: UUID) -> tuple[Holding, ...]:
    return tuple(held for held in holdings if held.incoming is None or held.incoming.handoff_id != handoff_id)


def _incoming(**changes: Any) -> Callable[[Case, Any], dict[str, Any]]:
    return lambda case, event: _on_offer(case, "incoming", event.handoff_id, changes)


def _outgoing(**changes: Any) -> Callable[[Case, Any], dict[str, Any]]:
    return lambda case, event: _on_offer(case, "outgoing", event.handoff_id, changes)


def _on_offer(case: Case, side: str, handoff_id: UUID, changes: dict[str, Any]) -> dict[str, Any]:
    """Change the one hand-off of that id, in the present holding or in an earlier one."""

    def changed(holding: Any) -> dict[str, Any]:
        offer: Offer | None = getattr(holding, side)
        return {side: replace(offer, **changes)} if offer and offer.handoff_id == handoff_id else {}

    return {**changed(case), "earlier": tuple(replace(held, **changed(held)) for held in case.earlier)}


_EVOLVE: dict[type[Event], Callable[[Case, Any], dict[str, Any]]] = {
    Classified: lambda _, e: {"category": e.category, "accused_agencies": e.accused_agencies},
    HandedOff: lambda _, e: {
        "phase": Phase.HANDED_OFF,
        "outgoing": Offer(e.handoff_id, e.kind, e.to_agency, e.report_due_date),
    },
    HandoffConfirmed: lambda *_: {},
    ObjectionRaised: lambda *_: {"phase": Phase.OBJECTED},
    ObjectionReceived: _outgoing(objection_open=True),
    ObjectionUpheld: lambda *_: {"phase": Phase.OPEN, "outgoing": None},
    ObjectionRejected: _outgoing(objection_open=False),
    ObjectionAnswered: _answered,
    ReceiptNotified: lambda *_: {},
    Accepted: lambda _, e: {"phase": Phase.ACCEPTED, "route": e.route, "accepted_time": e.occurred_time},
    NotAccepted: lambda *_: {"phase": Phase.NOT_ACCEPTED},
    Extended: lambda _, e: {"extended_days": e.days},
    OpinionIssued: lambda _, e: {
        "phase": Phase.OPINION_ISSUED,
        "outcome": e.outcome,
        "opinion_time": e.occurred_time,
    },
    OpinionServed: lambda _, e: {"phase": Phase.SERVED, "served_time": e.occurred_time},
    ReportedBack: _incoming(reported=True),
    ReportReceived: _outgoing(reported=True),
    MaterialsUnsealed: lambda *_: {},
}


# --- commands -------------------------------------------------------------------------------------------------------


class RegisterPetition(Command):
    """Take a petition in. `agency_kind` comes from the directory, never from the caller."""

    petition_id: UUID
    agency: AgencyId
    agency_kind: AgencyKind
    channel: Channel
    received_time: AwareDatetime | None = None
    reply_address_known: bool = True
    external_reference: Reference | None = None
    materials: Materials = Materials()


class ClassifyPetition(Command):
    """Give the matter its category, Arts. 29-31."""

    category: Category
    topic_code: TopicCode | None = None
    accused_agencies: tuple[AgencyId, ...] = ()


class HandOff(Command):
    """Offer custody to another agency; an assignment names the day by which it must report back."""

    handoff_id: UUID
    kind: HandoffKind
    to_agency: AgencyId
    report_due_date: date | None = None


class RaiseObjection(Command):
    """Object to a hand-off: the matter is not within this agency's powers, Art. 23(3)."""

    reason: ObjectionReason
    explanation: Sealed


class RuleOnObjection(Command):
    """Rule on the pending objection: uphold it and take the petition back, or reject it."""

    uphold: bool
    explanation: Sealed | None = None


class NotifyReceipt(Command):
    """Record the written notice of receipt, path and procedure, Art. 23(2)-(3)."""

    method: ServiceMethod


class AcceptPetition(Command):
    """Accept the matter; for an appeal the route of Art. 31 is required."""

    route: Route | None = None


class DeclinePetition(Command):
    """Do not accept the matter, with the reason that the petitioner is told."""

    reason: RefusalReason
    explanation: Sealed


class ExtendHandling(Command):
    """Extend the sixty days once, Art. 34: approver, reason and the time of the notice are required."""

    days: int
    approver: Reference
    notified_time: AwareDatetime
    reason: Sealed


class IssueOpinion(Command):
    """Issue the written handling opinion, Art. 32."""

    outcome: Outcome
    legal_bases: LegalBases = ()
    facts: Sealed
    opinion: Sealed


class ServeOpinion(Command):
    """Record that the opinion was served, how, and where the proof is kept."""

    method: ServiceMethod
    proof: Reference


class ReportBack(Command):
    """Report the result of an assignment to the agency that made it, Art. 22(1)(3)."""

    report: Sealed


class UnsealMaterials(Command):
    """Open the sealed materials, for a purpose that is put on record."""

    official: Reference
    purpose: Purpose


# --- decide ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision needs besides the state: the time now, and the calendar."""

    now: datetime
    calendar: WorkCalendar
    history_before: datetime | None = None
    """The instant at which the agency joined; only what happened before may be entered from older records."""


def decide(case: Case | None, command: Command, moment: Moment) -> Decision:
    """Answer a command with the facts to record, or with a refusal that names article, field and remedy."""
    time = command.occurred_time or moment.now
    if time > moment.now + CLOCK_SKEW_MAX:
        return _in_future("occurred_time")
    if command.provenance is not Provenance.RECORDED and not _is_history(time, moment.history_before):
        return HISTORY_CLOSED
    if isinstance(command, RegisterPetition):
        return _register(case, command, time, moment)
    if case is None:
        return CASE_UNKNOWN
    if time < case.received_time:
        return _before("occurred_time", "receipt", "收到之日")
    phases, decider = _DECIDE[type(command)]
    if case.phase not in phases:
        return _wrong_phase(case, phases)
    return decider(case, command, time, moment)


def _is_history(time: datetime, history_before: datetime | None) -> bool:
    return history_before is not None and time < history_before


def _fact(case: Case, command: Command, time: datetime) -> dict[str, Any]:
    return {
        "petition_id": case.petition_id,
        "agency": case.agency,
        "occurred_time": time,
        "provenance": command.provenance,
    }


def _register(case: Case | None, command: RegisterPetition, time: datetime, _moment: Moment) -> Decision:
    if case is not None:
        return Refusal(
            "ALREADY_REGISTERED",
            "this petition is already on file at this agency",
            "本机关已登记该信访事项",
            "Art. 22(1)",
            "petition_id",
            "use a new petition id for a new matter",
        )
    received_time = command.received_time or time
    if received_time > time:
        return _before("occurred_time", "receipt", "收到之日")
    if civil_date(received_time) < IN_FORCE_2005:
        return Refusal(
            "RECEIVED_BEFORE_RULES",
            f"the duty table begins on {IN_FORCE_2005}: what was received before has no rule here",
            f"责任规则表自{IN_FORCE_2005}起适用,此前收到的事项不在其内",
            "2005 Regulations Art. 51",
            "received_time",
            "leave it out: no duty on it could be stated",
        )
    fields = command.model_dump(exclude={"occurred_time", "received_time", "materials"})
    return (Registered(**fields, occurred_time=time, received_time=received_time, materials=command.materials),)


def _classify(case: Case, command: ClassifyPetition, time: datetime, _moment: Moment) -> Decision:
    if command.accused_agencies and command.category is not Category.ACCUSATION:
        return Refusal(
            "ACCUSED_WITHOUT_ACCUSATION",
            "only an accusation names accused agencies",
            "仅检举控告类事项可列明被检举单位",
            "Art. 30(1)",
            "accused_agencies",
        )
    if case.agency in command.accused_agencies:
        return _REACHES_ACCUSED
    if case.incoming and not set(case.accused_agencies) <= set(command.accused_agencies):
        return Refusal(
            "ACCUSED_REMOVED",
            "whoever was handed an accusation may name further accused agencies, but strike none out",
            "接收检举控告类事项的机关不得删减被检举单位",
            "Art. 30(3)",
            "accused_agencies",
            "object to the hand-off if the sender named the wrong agency",
        )
    fields = command.model_dump(exclude={"occurred_time", "provenance"})
    return (Classified(**_fact(case, command, time), **fields),)


def _hand_off(case: Case, command: HandOff, time: datetime, _moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if command.to_agency == case.agency:
        return Refusal(
            "HANDOFF_TO_ONESELF",
            "an agency cannot hand a petition to itself",
            "不得转送、交办给本机关",
            "Art. 22(1)",
            "to_agency",
            "name the agency that has the power to act",
        )
    if command.to_agency in case.accused_agencies:
        return _REACHES_ACCUSED
    if problem := _report_date_problem(command, time):
        return problem
    return (
        HandedOff(
            **_fact(case, command, time),
            handoff_id=command.handoff_id,
            kind=command.kind,
            to_agency=command.to_agency,
            first_received_time=case.first_received_time,
            category=case.category,
            accused_agencies=case.accused_agencies,
            report_due_date=command.report_due_date,
            materials=case.materials,
        ),
    )


def _report_date_problem(command: HandOff, time: datetime) -> Refusal | None:
    assigned = command.kind is HandoffKind.ASSIGNMENT
    if assigned and command.report_due_date is None:
        return Refusal(
            "REPORT_DATE_MISSING",
            "an assignment names the period in which the result is reported back",
            "交办应当指定办理期限",
            "Art. 22(1)(3)",
            "report_due_date",
            "name a report date, or transfer instead of assigning",
        )
    if not assigned and command.report_due_date is not None:
        return Refusal(
            "REPORT_DATE_WITHOUT_ASSIGNMENT",
            "only an assignment has a report date",
            "仅交办事项指定办理期限",
            "Art. 22(1)(3)",
            "report_due_date",
        )
    if command.report_due_date is not None and command.report_due_date < civil_date(time):
        return _before("report_due_date", "the assignment", "交办之日")
    return None


def _object(case: Case, command: RaiseObjection, time: datetime, moment: Moment) -> Decision:
    if case.incoming is None:
        return Refusal(
            "NOTHING_TO_OBJECT_TO",
            "only a petition that was handed to this agency can be objected to",
            "仅对转送、交办的信访事项可以提出异议",
            "Art. 23(3)",
        )
    if case.incoming.other_agency in case.accused_agencies:
        return _REACHES_ACCUSED
    rule = rule_in_force("D5", case.first_received_time)
    due = due_of(rule, case.received_time, moment.calendar) if rule else None
    return (
        ObjectionRaised(
            **_fact(case, command, time),
            handoff_id=case.incoming.handoff_id,
            to_agency=case.incoming.other_agency,
            reason=command.reason,
            explanation=command.explanation,
            due_date=due.due_date if due else None,
            late=due is not None and time >= due.due_time,
        ),
    )


def _rule(case: Case, command: RuleOnObjection, time: datetime, _moment: Moment) -> Decision:
    if case.outgoing is None or not case.outgoing.objection_open:
        return Refusal(
            "NO_OBJECTION_PENDING",
            "no objection to a hand-off of this case waits for a ruling",
            "没有待核实的异议",
            "Art. 23(3)",
        )
    ruling = ObjectionUpheld if command.uphold else ObjectionRejected
    return (
        ruling(
            **_fact(case, command, time),
            handoff_id=case.outgoing.handoff_id,
            to_agency=case.outgoing.other_agency,
            explanation=command.explanation,
        ),
    )


def _notify(case: Case, command: NotifyReceipt, time: datetime, _moment: Moment) -> Decision:
    return (ReceiptNotified(**_fact(case, command, time), method=command.method),)


def _accept(case: Case, command: AcceptPetition, time: datetime, _moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if (case.category is Category.APPEAL) != (command.route is not None):
        return Refusal(
            "ROUTE_MISMATCH",
            "an accepted appeal names its route of Art. 31, and only an appeal does",
            "受理申诉求决类事项应当区分办理途径,其他类别不适用",
            "Art. 31",
            "route",
        )
    return (Accepted(**_fact(case, command, time), category=case.category, route=command.route),)


def _decline(case: Case, command: DeclinePetition, time: datetime, _moment: Moment) -> Decision:
    return (NotAccepted(**_fact(case, command, time), reason=command.reason, explanation=command.explanation),)


def _extend(case: Case, command: ExtendHandling, time: datetime, moment: Moment) -> Decision:
    rule = rule_in_force("D10", case.first_received_time)
    assert rule is not None
    assert case.accepted_time is not None
    if not any(start.holds(case) for start in rule.starts):
        return Refusal(
            "NOTHING_TO_EXTEND",
            "the sixty days do not run for this matter: the procedure that it follows has its own periods",
            "该事项不适用六十日办理期限,依照相应程序的期限办理",
            rule.article,
        )
    if time < case.accepted_time:
        return _before("occurred_time", "acceptance", "受理之日")
    if case.extended_days:
        return Refusal("ALREADY_EXTENDED", "handling is extended once only", "办理期限只能延长一次", rule.article)
    if not 1 <= command.days <= rule.extension_days_max:
        return Refusal(
            "EXTENSION_TOO_LONG",
            f"an extension is at least 1 and at most {rule.extension_days_max} days",
            f"延长期限不得超过{rule.extension_days_max}日",
            rule.article,
            "days",
        )
    if time >= due_of(rule, case.accepted_time, moment.calendar).due_time:
        return Refusal(
            "EXTENSION_AFTER_DUE",
            "a period that is over cannot be extended",
            "办理期限届满后不得延长",
            rule.article,
            "occurred_time",
        )
    if command.notified_time > moment.now + CLOCK_SKEW_MAX:
        return _in_future("notified_time")
    if command.notified_time < case.accepted_time:
        return _before("notified_time", "acceptance", "受理之日")
    due = due_of(rule, case.accepted_time, moment.calendar, extension_days=command.days)
    fields = command.model_dump(include={"days", "approver", "notified_time"})
    return (Extended(**_fact(case, command, time), **fields, reason=command.reason, due_date=due.due_date),)


def _issue(case: Case, command: IssueOpinion, time: datetime, _moment: Moment) -> Decision:
    if case.accepted_time and time < case.accepted_time:
        return _before("occurred_time", "acceptance", "受理之日")
    if not command.legal_bases:
        return Refusal(
            "OPINION_WITHOUT_BASIS",
            "a handling opinion states its legal basis",
            "信访处理意见书应当载明法律法规依据",
            "Art. 32(1)",
            "legal_bases",
            "name at least one law, regulation or rule",
        )
    return (
        OpinionIssued(
            **_fact(case, command, time),
            outcome=command.outcome,
            legal_bases=command.legal_bases,
            facts=command.facts,
            opinion=command.opinion,
        ),
    )


def _serve(case: Case, command: ServeOpinion, time: datetime, _moment: Moment) -> Decision:
    if case.opinion_time and time < case.opinion_time:
        return _before("occurred_time", "the opinion", "出具意见之日")
    return (OpinionServed(**_fact(case, command, time), method=command.method, proof=command.proof),)


def _report(case: Case, command: ReportBack, time: datetime, _moment: Moment) -> Decision:
    # Who passed an assignment on, or got it twice, still owes its report: the newest unreported one is meant.
    offers = [held.incoming for held in reversed(_holdings(case))]
    assigned = [offer for offer in offers if offer and offer.kind is HandoffKind.ASSIGNMENT]
    if not assigned:
        return Refusal(
            "NOT_ASSIGNED", "only an assignment is reported back", "仅交办事项需要反馈办理结果", "Art. 22(1)(3)"
        )
    offer = next((offer for offer in assigned if not offer.reported), None)
    if offer is None:
        return Refusal("ALREADY_REPORTED", "the result is already reported", "办理结果已反馈", "Art. 22(1)(3)")
    if offer.other_agency in case.accused_agencies:
        return _REACHES_ACCUSED
    return (
        ReportedBack(
            **_fact(case, command, time),
            handoff_id=offer.handoff_id,
            to_agency=offer.other_agency,
            report=command.report,
        ),
    )


def _unseal(case: Case, command: UnsealMaterials, time: datetime, _moment: Moment) -> Decision:
    return (MaterialsUnsealed(**_fact(case, command, time), official=command.official, purpose=command.purpose),)


_HOLDING = frozenset({Phase.OPEN, Phase.OBJECTED, Phase.ACCEPTED, Phase.OPINION_ISSUED, Phase.SERVED})
_FINISHED = frozenset({Phase.SERVED, Phase.NOT_ACCEPTED})

_DECIDE: dict[type[Command], tuple[frozenset[Phase], Callable[[Case, Any, datetime, Moment], Decision]]] = {
    ClassifyPetition: (frozenset({Phase.OPEN}), _classify),
    HandOff: (frozenset({Phase.OPEN}), _hand_off),
    RaiseObjection: (frozenset({Phase.OPEN}), _object),
    RuleOnObjection: (frozenset({Phase.HANDED_OFF}), _rule),
    NotifyReceipt: (_HOLDING | {Phase.HANDED_OFF}, _notify),
    AcceptPetition: (frozenset({Phase.OPEN}), _accept),
    DeclinePetition: (frozenset({Phase.OPEN}), _decline),
    ExtendHandling: (frozenset({Phase.ACCEPTED}), _extend),
    IssueOpinion: (frozenset({Phase.ACCEPTED}), _issue),
    ServeOpinion: (frozenset({Phase.OPINION_ISSUED}), _serve),
    ReportBack: (_FINISHED | {Phase.HANDED_OFF}, _report),
    UnsealMaterials: (_HOLDING | {Phase.HANDED_OFF}, _unseal),
}


# --- what other agencies send ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a fact reached this agency: the record that brought it, the receiver, and the time of arrival."""

    cause: str
    agency: str
    agency_kind: AgencyKind
    now: datetime
    history_before: datetime | None = None


def receive(case: Case | None, sent: Event, arrival: Arrival) -> Decision:
    """Turn a fact that another agency addressed to this one into its own fact, once whatever is redelivered."""
    if type(sent) not in _RECEIVE or getattr(sent, "to_agency", None) != arrival.agency:
        return NOT_ADDRESSED
    if case is not None and (case.petition_id, case.agency) != (sent.petition_id, arrival.agency):
        return WRONG_CASE
    if case is not None and arrival.cause in case.causes:
        return ()
    if isinstance(sent, HandedOff) and arrival.agency in sent.accused_agencies:
        return _REACHES_ACCUSED
    if case is None and not isinstance(sent, HandedOff):
        return CASE_UNKNOWN
    if case is not None and not _stands_behind(case, sent):
        return HANDOFF_UNKNOWN
    # A fact from older records arrived when it was sent: the system was not there to receive it.
    historic = sent.provenance is not Provenance.RECORDED and _is_history(sent.occurred_time, arrival.history_before)
    frame = {
        "petition_id": sent.petition_id,
        "agency": arrival.agency,
        "occurred_time": sent.occurred_time if historic else arrival.now,
        "provenance": Provenance.SYNTHETIC if historic else Provenance.RECORDED,
        "handoff_id": getattr(sent, "handoff_id"),  # noqa: B009 - every addressed fact has one
        "cause": arrival.cause,
    }
    return (_RECEIVE[type(sent)](sent, frame, arrival),)


def _stands_behind(case: Case, sent: Event) -> bool:
    """Tell whether an objection or its answer comes from the other side of a hand-off that this case still knows."""
    if isinstance(sent, ObjectionRaised):
        offers = [held.outgoing for held in _holdings(case)]
    elif isinstance(sent, ObjectionUpheld | ObjectionRejected):
        offers = [held.incoming for held in _holdings(case)]
    else:
        return True
    return any(offer and (offer.handoff_id, offer.other_agency) == (sent.handoff_id, sent.agency) for offer in offers)


def _receive_handoff(sent: HandedOff, frame: dict[str, Any], arrival: Arrival) -> Event:
    return HandoffReceived(
        **frame,
        kind=sent.kind,
        from_agency=sent.agency,
        to_agency=sent.agency,
        agency_kind=arrival.agency_kind,
        first_received_time=sent.first_received_time,
        category=sent.category,
        accused_agencies=sent.accused_agencies,
        report_due_date=sent.report_due_date,
        materials=sent.materials,
    )


_RECEIVE: dict[type[Event], Callable[[Any, dict[str, Any], Arrival], Event]] = {
    HandedOff: _receive_handoff,
    HandoffReceived: lambda sent, frame, _: HandoffConfirmed(**frame, received_time=sent.occurred_time),
    ObjectionRaised: lambda sent, frame, _: ObjectionReceived(
        **frame, from_agency=sent.agency, reason=sent.reason, explanation=sent.explanation, late=sent.late
    ),
    ObjectionUpheld: lambda sent, frame, _: ObjectionAnswered(
        **frame, upheld=True, ruled_time=sent.occurred_time, explanation=sent.explanation
    ),
    ObjectionRejected: lambda sent, frame, _: ObjectionAnswered(
        **frame, upheld=False, ruled_time=sent.occurred_time, explanation=sent.explanation
    ),
    ReportedBack: lambda sent, frame, _: ReportReceived(**frame, from_agency=sent.agency, report=sent.report),
}

ADDRESSED: frozenset[type[Event]] = frozenset(_RECEIVE)
"""The events that go to the inbox of the agency named in `to_agency`, besides the log that all events go to."""


# --- refusals -------------------------------------------------------------------------------------------------------

CASE_UNKNOWN = Refusal(
    "CASE_UNKNOWN", "this agency has no such case", "本机关没有该办理件", field="case_id", remedy="check the case id"
)
NOT_ADDRESSED = Refusal(
    "NOT_ADDRESSED",
    "this fact is not addressed to this agency",
    "该记录并非发往本机关",
    field="to_agency",
    remedy="deliver it to the agency that it names",
)
WRONG_CASE = Refusal(
    "WRONG_CASE",
    "this fact belongs to another petition or another agency's case",
    "该记录属于其他信访事项或其他机关的办理件",
    field="petition_id",
    remedy="load the case of this petition at the addressed agency",
)
HANDOFF_UNKNOWN = Refusal(
    "HANDOFF_UNKNOWN",
    "no hand-off between these two agencies with this id is open on the case",
    "本办理件没有与该机关之间的此项转送、交办",
    "Art. 23(3)",
    "handoff_id",
)
NOT_CLASSIFIED = Refusal(
    "NOT_CLASSIFIED",
    "the matter has no category yet",
    "该事项尚未分类",
    "Arts. 29-31",
    "category",
    "classify the petition first",
)
_REACHES_ACCUSED = Refusal(
    "ACCUSATION_REACHES_ACCUSED",
    "an accusation and what belongs to it is never passed to the accused",
    "不得将检举、揭发材料及有关情况透露或者转给被检举、揭发的人员或者单位",
    "Art. 30(3)",
    "to_agency",
    "send it to the discipline organ or to the accused unit's superior",
)


HISTORY_CLOSED = Refusal(
    "HISTORY_CLOSED",
    "only facts from before the agency joined may be entered from older records",
    "仅接入前的事实可以作为历史记录导入",
    field="provenance",
    remedy="record the fact as it happens, or open the node for history with LIANXI_HISTORY_BEFORE",
)


def agency_unknown(agency: str, field: str = "to_agency") -> Refusal:
    """The refusal for an agency that the directory does not list."""
    return Refusal(
        "AGENCY_UNKNOWN",
        f"the directory lists no agency {agency}",
        f"名录中没有机关 {agency}",
        field=field,
        remedy="look the id up with ListAgencies",
    )


def _in_future(field: str) -> Refusal:
    return Refusal(
        "TIME_IN_FUTURE", f"{field} lies in the future", f"{field} 晚于当前时间", field=field, remedy="check the clock"
    )


def _before(field: str, what: str, what_zh: str) -> Refusal:
    return Refusal(f"TIME_BEFORE_{_CODES[what]}", f"{field} lies before {what}", f"{field} 早于{what_zh}", field=field)


_CODES = {
    "receipt": "RECEIPT",
    "acceptance": "ACCEPTANCE",
    "the opinion": "OPINION",
    "the assignment": "ASSIGNMENT",
}


def _wrong_phase(case: Case, allowed: frozenset[Phase]) -> Refusal:
    return Refusal(
        "WRONG_PHASE",
        f"the case is {case.phase}; this needs one of: {', '.join(sorted(allowed))}",
        f"办理件当前状态为 {case.phase},不能进行此操作",
        "Ch. III-IV",
        remedy="read the case and act on its present state",
    )
