"""Major and urgent matters, Art. 25: who has to be told of them, and that they were.

Flagging tells the own-level Joint Meeting Office and says, sealed, what was done at once; further recipients are
reported to by ways of their own, and both report and acknowledgement go on record. The Regulations say "promptly" and
name no figure, so neither does this chapter. It moves no custody.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime

from domain.calendar import civil_date
from domain.case.bystanding import Shared, SharedWith, shared, shown, stand_by
from domain.case.chapter import (
    CLOCK_SKEW_MAX,
    NOT_CLASSIFIED,
    REACHES_ACCUSED,
    Arrival,
    Chapter,
    Decider,
    Moment,
    Reception,
    before,
    frame,
    in_future,
    reaches_accused,
)
from domain.case.state import Case, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Reference, Refusal, Sealed
from domain.vocabulary import AgencyKind, Urgency, UrgentRecipient

# --- events -----------------------------------------------------------------------------------------------------------


class UrgentFlagged(Shared):
    """The matter may affect society; the own-level Joint Meeting Office is told, Art. 25(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.UrgentFlagged"
    level: Urgency
    to_agency: AgencyId
    measures: Sealed


class UrgentReceived(SharedWith):
    """The Joint Meeting Office was told, and who flagged the matter learns when, Art. 25(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.UrgentReceived"
    level: Urgency
    to_agency: AgencyId
    measures: Sealed
    cause: RecordId


class UrgentReported(Event):
    """The matter was reported to a further recipient, Art. 25; what was written stays in the agency's own files."""

    type_name: ClassVar[str] = "lianxi.case.v1.UrgentReported"
    recipient: UrgentRecipient
    external_reference: Reference | None = None


class UrgentAcknowledged(Event):
    """The recipient has the report: the office by its own record, anybody else as the agency states, Art. 25."""

    type_name: ClassVar[str] = "lianxi.case.v1.UrgentAcknowledged"
    recipient: UrgentRecipient
    acknowledged_time: AwareDatetime
    external_reference: Reference | None = None
    cause: RecordId | None = None


# --- evolve -----------------------------------------------------------------------------------------------------------


def _received(case: Case | None, event: UrgentReceived) -> Case:
    known = stand_by(case, event, Phase.INFORMED)
    office = {UrgentRecipient.JOINT_MEETING_OFFICE}
    # The office itself reports further where it must, but not to itself.
    return replace(
        known,
        urgency=event.level,
        urgent_reports=known.urgent_reports | office,
        urgent_acknowledged=known.urgent_acknowledged | office,
    )


# --- commands ---------------------------------------------------------------------------------------------------------


class FlagUrgent(Command):
    """Flag the matter as major or urgent and tell the own-level Joint Meeting Office, Art. 25(1)."""

    level: Urgency
    to_agency: AgencyId
    measures: Sealed


class ReportUrgent(Command):
    """Put on record that the matter was reported to a further recipient, Art. 25."""

    recipient: UrgentRecipient
    external_reference: Reference | None = None


class RecordUrgentAcknowledgement(Command):
    """Put on record that a recipient acknowledged the report, Art. 25."""

    recipient: UrgentRecipient
    acknowledged_time: AwareDatetime
    external_reference: Reference | None = None


# --- decide -----------------------------------------------------------------------------------------------------------


def _flag(case: Case, command: FlagUrgent, time: datetime, moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if case.urgency is not None:
        return Refusal(
            "ALREADY_FLAGGED_URGENT",
            f"the matter is flagged as {case.urgency} already",
            f"该事项已标记为{case.urgency.term}",
            "Art. 25(1)",
            "level",
            "report it to the further recipients",
        )
    if problem := _office_problem(case, command, time, moment):
        return problem
    if reaches_accused(case, command.to_agency, moment.agencies):
        return REACHES_ACCUSED
    fields = command.model_dump(include={"level", "to_agency"})
    return (UrgentFlagged(**frame(case, command, time), **shared(case), **fields, measures=command.measures),)


def _office_problem(case: Case, command: FlagUrgent, time: datetime, moment: Moment) -> Refusal | None:
    right = moment.agencies.office_of(case.agency, civil_date(time))
    target = moment.agencies.find(command.to_agency)
    # Where the directory names no office of this level, any office may be told, and nothing is refused on a guess.
    is_office = target is None or target.kind is AgencyKind.JOINT_MEETING_OFFICE
    if command.to_agency == right if right else is_office:
        return None
    return Refusal(
        "NOT_THE_OWN_OFFICE",
        "a major or urgent matter is notified to the Joint Meeting Office of the agency's own level",
        "重大、紧急信访事项应当通报本级信访工作联席会议办公室",
        "Art. 25(1)",
        "to_agency",
        f"tell {right}" if right else "name a Joint Meeting Office",
    )


def _report(case: Case, command: ReportUrgent, time: datetime, _moment: Moment) -> Decision:
    if problem := _recipient_problem(case, command.recipient):
        return problem
    if command.recipient in case.urgent_reports:
        return _once("ALREADY_REPORTED_URGENT", "reported to", "报告", command.recipient)
    fields = command.model_dump(include={"recipient", "external_reference"})
    return (UrgentReported(**frame(case, command, time), **fields),)


def _acknowledge(case: Case, command: RecordUrgentAcknowledgement, time: datetime, moment: Moment) -> Decision:
    if problem := _recipient_problem(case, command.recipient):
        return problem
    if command.recipient not in case.urgent_reports:
        return Refusal(
            "URGENT_NOT_REPORTED",
            f"nothing was reported to {command.recipient} that could be acknowledged",
            f"尚未向{command.recipient.term}报告",
            "Art. 25",
            "recipient",
            "record the report first",
        )
    if command.recipient in case.urgent_acknowledged:
        return _once("ALREADY_ACKNOWLEDGED_URGENT", "acknowledged by", "确认", command.recipient)
    if command.acknowledged_time > moment.now + CLOCK_SKEW_MAX:
        return in_future("acknowledged_time")
    if command.acknowledged_time < case.received_time:
        return before("acknowledged_time", "receipt", "收到之日")
    fields = command.model_dump(include={"recipient", "acknowledged_time", "external_reference"})
    return (UrgentAcknowledged(**frame(case, command, time), **fields),)


def _recipient_problem(case: Case, recipient: UrgentRecipient) -> Refusal | None:
    if case.urgency is None:
        return Refusal(
            "NOT_FLAGGED_URGENT",
            "only a matter that is flagged as major or urgent is reported this way",
            "仅对标记为重大、紧急的信访事项报告",
            "Art. 25(1)",
            remedy="flag the matter first: that tells the Joint Meeting Office",
        )
    if recipient in _UPWARD and case.agency_kind is not AgencyKind.PETITION_DEPARTMENT:
        return Refusal(
            "REPORTED_BY_PETITION_DEPARTMENT",
            "only petition departments report to the petition department above and to the National Administration",
            "仅信访部门向上一级信访部门和国家信访局报告",
            "Art. 25(2)",
            "recipient",
            "report to the Party committee and government of the own level",
        )
    return None


def _once(code: str, what: str, what_zh: str, recipient: UrgentRecipient) -> Refusal:
    return Refusal(
        code,
        f"this is on record as {what} {recipient} already",
        f"已有{recipient.term}的{what_zh}记录",
        "Art. 25",
        "recipient",
        "if the entry is wrong, note a correction",
    )


_UPWARD = frozenset({UrgentRecipient.HIGHER_PETITION_DEPARTMENT, UrgentRecipient.NATIONAL_ADMINISTRATION})

# --- receive ----------------------------------------------------------------------------------------------------------


def _be_told(sent: UrgentFlagged, frame: dict[str, Any], arrival: Arrival, _case: Case | None) -> Event:
    return UrgentReceived(
        **frame,
        **shown(sent, arrival.agency_kind),
        level=sent.level,
        to_agency=sent.agency,
        measures=sent.measures,
    )


def _learn(sent: UrgentReceived, frame: dict[str, Any], *_: Any) -> Event:
    office = UrgentRecipient.JOINT_MEETING_OFFICE
    return UrgentAcknowledged(**frame, recipient=office, acknowledged_time=sent.occurred_time)


CHAPTER = Chapter(
    begin={UrgentReceived: _received},
    evolve={
        UrgentFlagged: lambda case, e: {
            "urgency": e.level,
            "urgent_reports": case.urgent_reports | {UrgentRecipient.JOINT_MEETING_OFFICE},
        },
        UrgentReported: lambda case, e: {"urgent_reports": case.urgent_reports | {e.recipient}},
        UrgentAcknowledged: lambda case, e: {"urgent_acknowledged": case.urgent_acknowledged | {e.recipient}},
    },
    decide={
        FlagUrgent: Decider(frozenset(Phase), _flag),
        ReportUrgent: Decider(frozenset(Phase), _report),
        RecordUrgentAcknowledgement: Decider(frozenset(Phase), _acknowledge),
    },
    receive={
        UrgentFlagged: Reception(_be_told, opens=True),
        UrgentReceived: Reception(_learn),
    },
)
