"""Routing: a petition changes hands. Transfer, assignment, referral; receipt, objection, ruling; the report back.

Arts. 22(1)-(2), 23 and 24(2). Custody is offered and arrives; what is disputed stands in `objection`.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from domain.case.chapter import (
    REACHES_ACCUSED,
    Arrival,
    Chapter,
    Decider,
    Moment,
    Reception,
    frame,
    reaches_accused,
)
from domain.case.destination import ANY_TIME, HandOff, handoff_problem, is_ruling
from domain.case.offers import incoming, outgoing
from domain.case.state import FINISHED, LASTING, REVIEWS, Case, Materials, Offer, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed
from domain.vocabulary import AgencyKind, Category, HandoffKind

# --- events -----------------------------------------------------------------------------------------------------------


class HandedOff(Event):
    """Custody was offered to another agency, with the materials, Arts. 22(1)-(2), 23(1), 24.

    `is_ruling`: by it the common superior or Joint Meeting Office decides who handles a disputed matter.
    """

    type_name: ClassVar[str] = "lianxi.case.v1.HandedOff"
    handoff_id: UUID
    kind: HandoffKind
    to_agency: AgencyId
    first_received_time: AwareDatetime
    category: Category
    accused_agencies: tuple[AgencyId, ...] = ()
    report_due_date: date | None = None
    disputing: tuple[AgencyId, ...] = ()
    is_ruling: bool = False
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
    disputing: tuple[AgencyId, ...] = ()
    is_ruling: bool = False
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
    offer = Offer(event.handoff_id, event.kind, event.from_agency, event.report_due_date, is_ruling=event.is_ruling)
    known = case.accused_agencies if case else ()
    begun = Case(
        event.petition_id,
        event.agency,
        event.agency_kind,
        first_received_time=event.first_received_time,
        received_time=event.occurred_time,
        category=event.category,
        accused_agencies=tuple(dict.fromkeys((*event.accused_agencies, *known))),
        materials=event.materials,
        incoming=offer,
        earlier=case.holdings if case else (),
    )
    return replace(begun, **{name: getattr(case, name) for name in LASTING}) if case else begun


# --- commands ---------------------------------------------------------------------------------------------------------


class ReportBack(Command):
    """Report the result of an assignment to the agency that made it, Art. 22(1)(3)."""

    report: Sealed


# --- decide -----------------------------------------------------------------------------------------------------------


def _hand_off(case: Case, command: HandOff, time: datetime, moment: Moment) -> Decision:
    if problem := handoff_problem(case, command, time, moment):
        return problem
    assert case.category is not None
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
            disputing=command.disputing,
            is_ruling=is_ruling(case, command.kind),
            materials=case.materials,
        ),
    )


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
        disputing=sent.disputing,
        is_ruling=sent.is_ruling,
        materials=sent.materials,
    )


_HANDLED = FINISHED - {Phase.NOT_ACCEPTED} | {Phase.ACCEPTED, Phase.DIVERTED, Phase.OPINION_ISSUED}
ALREADY_HANDLED_HERE = Refusal(
    "ALREADY_HANDLED_HERE",
    "this agency has accepted the petition and holds it: nobody else can hand it over",
    "本机关已受理该信访事项,其他机关不得再行转送、交办",
    "Art. 24(1)",
    "petition_id",
    "link a repeated petition to this one, Art. 19(3)",
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
        HandOff: Decider(ANY_TIME, _hand_off),
        # What was led into another procedure, Art. 31(1)-(5), is reported so: the assigned period does not wait for it.
        ReportBack: Decider(FINISHED | REVIEWS | {Phase.HANDED_OFF, Phase.DIVERTED}, _report),
    },
    receive={
        HandedOff: Reception(
            _take_over, opens=True, stands=lambda case, _: case.phase not in _HANDLED, otherwise=ALREADY_HANDLED_HERE
        ),
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
