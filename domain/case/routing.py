"""Routing: a petition changes hands. Transfer, assignment, referral; receipt, objection, ruling; the report back.

Arts. 22(1)-(2), 23 and 24(2). Custody is offered and arrives; what is disputed stands in `objection`.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from domain.calendar import civil_date
from domain.case.chapter import (
    NOT_CLASSIFIED,
    REACHES_ACCUSED,
    Arrival,
    Chapter,
    Decider,
    Moment,
    Reception,
    before,
    frame,
    reaches_accused,
)
from domain.case.offers import incoming, outgoing
from domain.case.state import FINISHED, Case, Materials, Offer, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed
from domain.vocabulary import AgencyKind, Category, HandoffKind

# --- events -----------------------------------------------------------------------------------------------------------


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


# --- evolve -----------------------------------------------------------------------------------------------------------


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
        earlier=case.holdings if case else (),
    )


# --- commands ---------------------------------------------------------------------------------------------------------


class HandOff(Command):
    """Offer custody to another agency; an assignment names the day by which it must report back."""

    handoff_id: UUID
    kind: HandoffKind
    to_agency: AgencyId
    report_due_date: date | None = None


class ReportBack(Command):
    """Report the result of an assignment to the agency that made it, Art. 22(1)(3)."""

    report: Sealed


# --- decide -----------------------------------------------------------------------------------------------------------


def _hand_off(case: Case, command: HandOff, time: datetime, moment: Moment) -> Decision:
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
    if reaches_accused(case, command.to_agency, moment.agencies):
        return REACHES_ACCUSED
    if problem := _report_date_problem(command, time):
        return problem
    return (
        HandedOff(
            **frame(case, command, time),
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
        return before("report_due_date", "the assignment", "交办之日")
    return None


def _report(case: Case, command: ReportBack, time: datetime, moment: Moment) -> Decision:
    # Who passed an assignment on, or got it twice, still owes its report: the newest unreported one is meant.
    offers = [held.incoming for held in reversed(case.holdings)]
    assigned = [offer for offer in offers if offer and offer.kind is HandoffKind.ASSIGNMENT]
    if not assigned:
        return Refusal(
            "NOT_ASSIGNED", "only an assignment is reported back", "仅交办事项需要反馈办理结果", "Art. 22(1)(3)"
        )
    offer = next((offer for offer in assigned if not offer.reported), None)
    if offer is None:
        return Refusal("ALREADY_REPORTED", "the result is already reported", "办理结果已反馈", "Art. 22(1)(3)")
    if reaches_accused(case, offer.other_agency, moment.agencies):
        return REACHES_ACCUSED
    return (
        ReportedBack(
            **frame(case, command, time),
            handoff_id=offer.handoff_id,
            to_agency=offer.other_agency,
            report=command.report,
        ),
    )


# --- receive ----------------------------------------------------------------------------------------------------------


def _take_over(sent: HandedOff, frame: dict[str, Any], arrival: Arrival, _case: Case | None) -> Event:
    return HandoffReceived(
        **frame,
        handoff_id=sent.handoff_id,
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


CHAPTER = Chapter(
    begin={HandoffReceived: _received},
    evolve={
        HandedOff: lambda _, e: {
            "phase": Phase.HANDED_OFF,
            "outgoing": Offer(e.handoff_id, e.kind, e.to_agency, e.report_due_date),
        },
        HandoffConfirmed: lambda *_: {},
        ReportedBack: incoming(reported=True),
        ReportReceived: outgoing(reported=True),
    },
    decide={
        HandOff: Decider(frozenset({Phase.OPEN}), _hand_off),
        ReportBack: Decider(FINISHED | {Phase.HANDED_OFF}, _report),
    },
    receive={
        HandedOff: Reception(_take_over, opens=True),
        HandoffReceived: Reception(
            lambda sent, frame, *_: HandoffConfirmed(
                **frame, handoff_id=sent.handoff_id, received_time=sent.occurred_time
            )
        ),
        ReportedBack: Reception(
            lambda sent, frame, *_: ReportReceived(
                **frame, handoff_id=sent.handoff_id, from_agency=sent.agency, report=sent.report
            )
        ),
    },
)
