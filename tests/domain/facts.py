"""Facts for stories: one petition, some agencies of a made-up city, and a builder for each event with plain defaults.

The petition is received on Wednesday 1 March 2023 at nine in the morning, in a month without holidays.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.calendar import SHANGHAI
from domain.case import (
    Accepted,
    Classified,
    Extended,
    HandedOff,
    HandoffConfirmed,
    HandoffReceived,
    ObjectionAnswered,
    ObjectionRaised,
    ObjectionReceived,
    ObjectionRejected,
    ObjectionUpheld,
    OpinionIssued,
    OpinionServed,
    ReceiptNotified,
    Registered,
    ReportedBack,
    ReportReceived,
)
from domain.event import Event, Sealed
from domain.vocabulary import (
    AgencyKind,
    Category,
    Channel,
    HandoffKind,
    ObjectionReason,
    Outcome,
    Route,
    ServiceMethod,
)

PETITIONS, HOUSING, LABOUR, OFFICE = "petitions", "housing", "labour", "joint-meeting"
CITY_HOUSING, PROVINCE_HOUSING = "city-housing", "province-housing"
KINDS = {
    PETITIONS: AgencyKind.PETITION_DEPARTMENT,
    HOUSING: AgencyKind.AGENCY,
    LABOUR: AgencyKind.AGENCY,
    OFFICE: AgencyKind.JOINT_MEETING_OFFICE,
    CITY_HOUSING: AgencyKind.AGENCY,
    PROVINCE_HOUSING: AgencyKind.AGENCY,
}
PETITION = UUID(int=1)
FIRST, SECOND, THIRD = UUID(int=101), UUID(int=102), UUID(int=103)
"""Ids of hand-offs."""


def on(day: str, time: str = "09:00") -> datetime:
    """The instant of a civil date and a time of day in Asia/Shanghai."""
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=SHANGHAI).astimezone(UTC)


RECEIVED = on("2023-03-01")
NOW = on("2023-03-03")
JUST_BEFORE = timedelta(microseconds=-1)


def sealed(field: str = "explanation") -> Sealed:
    """A sealed text; nobody here can open it."""
    return Sealed(origin=UUID(int=9), field=field, text="v1.c2VhbGVk")


def _build(event: type[Any], agency: str, time: datetime, fields: dict[str, Any], changes: dict[str, Any]) -> Any:
    frame = {"petition_id": PETITION, "agency": agency, "occurred_time": time}
    return event(**(frame | fields | changes))


def registered(agency: str = PETITIONS, time: datetime = RECEIVED, **changes: Any) -> Registered:
    fields = {"agency_kind": KINDS[agency], "channel": Channel.NETWORK, "received_time": time}
    event: Registered = _build(Registered, agency, time, fields, changes)
    return event


def classified(agency: str = PETITIONS, category: Category = Category.APPEAL, **changes: Any) -> Classified:
    event: Classified = _build(Classified, agency, RECEIVED, {"category": category}, changes)
    return event


def handed_off(
    agency: str = PETITIONS, to_agency: str = HOUSING, handoff_id: UUID = FIRST, time: datetime = NOW, **changes: Any
) -> HandedOff:
    fields = {
        "handoff_id": handoff_id,
        "kind": HandoffKind.TRANSFER,
        "to_agency": to_agency,
        "first_received_time": RECEIVED,
        "category": Category.APPEAL,
    }
    event: HandedOff = _build(HandedOff, agency, time, fields, changes)
    return event


def handoff_received(
    agency: str = HOUSING,
    from_agency: str = PETITIONS,
    handoff_id: UUID = FIRST,
    time: datetime = RECEIVED,
    **changes: Any,
) -> HandoffReceived:
    fields = {
        "handoff_id": handoff_id,
        "kind": HandoffKind.TRANSFER,
        "from_agency": from_agency,
        "to_agency": from_agency,
        "agency_kind": KINDS[agency],
        "first_received_time": RECEIVED,
        "category": Category.APPEAL,
        "cause": "petitions:3",
    }
    event: HandoffReceived = _build(HandoffReceived, agency, time, fields, changes)
    return event


def handoff_confirmed(time: datetime = NOW, **changes: Any) -> HandoffConfirmed:
    fields = {"handoff_id": FIRST, "received_time": time, "cause": "housing:1"}
    event: HandoffConfirmed = _build(HandoffConfirmed, PETITIONS, time, fields, changes)
    return event


def objection_raised(time: datetime = NOW, **changes: Any) -> ObjectionRaised:
    fields = {
        "handoff_id": FIRST,
        "to_agency": PETITIONS,
        "reason": ObjectionReason.NOT_OUR_POWER,
        "explanation": sealed(),
        "due_date": on("2023-03-08").date(),
        "late": False,
    }
    event: ObjectionRaised = _build(ObjectionRaised, HOUSING, time, fields, changes)
    return event


def objection_received(time: datetime = NOW, **changes: Any) -> ObjectionReceived:
    fields = {
        "handoff_id": FIRST,
        "from_agency": HOUSING,
        "reason": ObjectionReason.NOT_OUR_POWER,
        "explanation": sealed(),
        "late": False,
        "cause": "housing:2",
    }
    event: ObjectionReceived = _build(ObjectionReceived, PETITIONS, time, fields, changes)
    return event


def objection_upheld(time: datetime = NOW, **changes: Any) -> ObjectionUpheld:
    event: ObjectionUpheld = _build(
        ObjectionUpheld, PETITIONS, time, {"handoff_id": FIRST, "to_agency": HOUSING}, changes
    )
    return event


def objection_rejected(time: datetime = NOW, **changes: Any) -> ObjectionRejected:
    event: ObjectionRejected = _build(
        ObjectionRejected, PETITIONS, time, {"handoff_id": FIRST, "to_agency": HOUSING}, changes
    )
    return event


def objection_answered(*, upheld: bool, time: datetime = NOW, **changes: Any) -> ObjectionAnswered:
    fields = {"handoff_id": FIRST, "upheld": upheld, "ruled_time": time, "cause": "petitions:7"}
    event: ObjectionAnswered = _build(ObjectionAnswered, HOUSING, time, fields, changes)
    return event


def receipt_notified(agency: str = HOUSING, time: datetime = NOW, **changes: Any) -> ReceiptNotified:
    event: ReceiptNotified = _build(ReceiptNotified, agency, time, {"method": ServiceMethod.POST}, changes)
    return event


def accepted(agency: str = HOUSING, time: datetime = NOW, **changes: Any) -> Accepted:
    fields = {"category": Category.APPEAL, "route": Route.PETITION_PROCEDURE}
    event: Accepted = _build(Accepted, agency, time, fields, changes)
    return event


def extended(time: datetime = NOW, **changes: Any) -> Extended:
    fields = {
        "days": 30,
        "approver": "head-of-housing",
        "notified_time": time,
        "due_date": on("2023-06-01").date(),
        "reason": sealed("reason"),
    }
    event: Extended = _build(Extended, HOUSING, time, fields, changes)
    return event


def opinion_issued(agency: str = HOUSING, time: datetime = NOW, **changes: Any) -> OpinionIssued:
    fields = {
        "outcome": Outcome.SUPPORT,
        "legal_bases": ("Property Management Regulations, Art. 35",),
        "facts": sealed("facts"),
        "opinion": sealed("opinion"),
    }
    event: OpinionIssued = _build(OpinionIssued, agency, time, fields, changes)
    return event


def opinion_served(agency: str = HOUSING, time: datetime = NOW, **changes: Any) -> OpinionServed:
    fields = {"method": ServiceMethod.POST, "proof": "post-office:RR123"}
    event: OpinionServed = _build(OpinionServed, agency, time, fields, changes)
    return event


def reported_back(time: datetime = NOW, **changes: Any) -> ReportedBack:
    fields = {"handoff_id": FIRST, "to_agency": PETITIONS, "report": sealed("report")}
    event: ReportedBack = _build(ReportedBack, HOUSING, time, fields, changes)
    return event


def report_received(time: datetime = NOW, **changes: Any) -> ReportReceived:
    fields = {"handoff_id": FIRST, "from_agency": HOUSING, "report": sealed("report"), "cause": "housing:9"}
    event: ReportReceived = _build(ReportReceived, PETITIONS, time, fields, changes)
    return event


AT_HOUSING: tuple[Event, ...] = (handoff_received(),)
"""A case of the housing bureau: transferred to it by the petition department, not yet accepted."""

ASSIGNED_TO_HOUSING: tuple[Event, ...] = (
    handoff_received(kind=HandoffKind.ASSIGNMENT, report_due_date=on("2023-04-01").date()),
)
"""The same as an assignment, to be reported back by 1 April."""

OFFERED_BY_PETITIONS: tuple[Event, ...] = (registered(), classified(), handed_off())
"""A case of the petition department: registered, classified and handed off to the housing bureau."""
