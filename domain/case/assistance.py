"""Assistance, Art. 24(1): the lead of a matter that involves several agencies asks another one for its part.

The assistant gets the materials and reports its part to the lead; the answer to the petitioner stays the lead's. A
report may cross a withdrawal on its way: both end the same help, and neither is an error.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.calendar import civil_date
from domain.case.bystanding import Shared, SharedWith, shared, shown, stand_by
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
from domain.case.state import Assistance, Case, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed

# --- events -----------------------------------------------------------------------------------------------------------


class AssistanceRequested(Shared):
    """The lead asked an agency for its part, by a day if it named one; the law names none, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceRequested"
    assistance_id: UUID
    to_agency: AgencyId
    report_due_date: date | None = None
    request: Sealed


class AssistanceReceived(SharedWith):
    """The request arrived at the assistant, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceReceived"
    assistance_id: UUID
    report_due_date: date | None = None
    request: Sealed
    cause: RecordId


class AssistanceReported(Event):
    """The assistant reported its part to the lead, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceReported"
    assistance_id: UUID
    to_agency: AgencyId
    report: Sealed


class AssistanceReportReceived(Event):
    """The assistant's report arrived at the lead, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceReportReceived"
    assistance_id: UUID
    from_agency: AgencyId
    report: Sealed
    cause: RecordId


class AssistanceWithdrawn(Event):
    """The lead needs the help no more, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceWithdrawn"
    assistance_id: UUID
    to_agency: AgencyId
    reason: Sealed | None = None


class AssistanceWithdrawalReceived(Event):
    """The assistant learnt that its help is needed no more, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AssistanceWithdrawalReceived"
    assistance_id: UUID
    from_agency: AgencyId
    reason: Sealed | None = None
    cause: RecordId


# --- evolve -----------------------------------------------------------------------------------------------------------


def _requested(case: Case, event: AssistanceRequested) -> dict[str, Any]:
    asked = Assistance(event.assistance_id, event.to_agency, event.report_due_date)
    return {"assistants": (*case.assistants, asked)}


def _received(case: Case | None, event: AssistanceReceived) -> Case:
    owed = Assistance(event.assistance_id, event.from_agency, event.report_due_date)
    known = stand_by(case, event, Phase.ASSISTING)
    return replace(known, assistances=(*known.assistances, owed))


def _assistant_done(case: Case, event: Any) -> dict[str, Any]:
    return {"assistants": _without(case.assistants, event.assistance_id)}


def _assistance_done(case: Case, event: Any) -> dict[str, Any]:
    return {"assistances": _without(case.assistances, event.assistance_id)}


def _without(open_ones: tuple[Assistance, ...], assistance_id: UUID) -> tuple[Assistance, ...]:
    return tuple(one for one in open_ones if one.assistance_id != assistance_id)


# --- commands ---------------------------------------------------------------------------------------------------------


class RequestAssistance(Command):
    """Ask another agency for its part of a matter that this one leads, Art. 24(1)."""

    assistance_id: UUID
    to_agency: AgencyId
    report_due_date: date | None = None
    request: Sealed


class ReportAssistance(Command):
    """Report this agency's part to the lead that asked for it, Art. 24(1)."""

    assistance_id: UUID
    report: Sealed


class WithdrawAssistance(Command):
    """Tell an assistant that its help is needed no more, Art. 24(1).

    One that turned out to be accused is told without a reason: the bare word ends the help and shows nothing.
    """

    assistance_id: UUID
    reason: Sealed | None = None


# --- decide -----------------------------------------------------------------------------------------------------------


def _request(case: Case, command: RequestAssistance, time: datetime, moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if command.to_agency == case.agency:
        return Refusal(
            "ASSISTANCE_FROM_ONESELF",
            "an agency asks others for assistance, not itself",
            "不得请求本机关自行协助",
            "Art. 24(1)",
            "to_agency",
            "name the agency whose part is needed",
        )
    if reaches_accused(case, command.to_agency, moment.agencies):
        return REACHES_ACCUSED
    if command.report_due_date is not None and command.report_due_date < civil_date(time):
        return before("report_due_date", "the request", "请求协助之日")
    fields = command.model_dump(include={"assistance_id", "to_agency", "report_due_date"})
    return (AssistanceRequested(**frame(case, command, time), **shared(case), **fields, request=command.request),)


def _report(case: Case, command: ReportAssistance, time: datetime, moment: Moment) -> Decision:
    owed = _find(case.assistances, command.assistance_id)
    if owed is None:
        return _UNKNOWN
    if reaches_accused(case, owed.other_agency, moment.agencies):
        return REACHES_ACCUSED
    return (
        AssistanceReported(
            **frame(case, command, time),
            assistance_id=owed.assistance_id,
            to_agency=owed.other_agency,
            report=command.report,
        ),
    )


def _withdraw(case: Case, command: WithdrawAssistance, time: datetime, moment: Moment) -> Decision:
    asked = _find(case.assistants, command.assistance_id)
    if asked is None:
        return _UNKNOWN
    if command.reason is not None and reaches_accused(case, asked.other_agency, moment.agencies):
        return REACHES_ACCUSED
    return (
        AssistanceWithdrawn(
            **frame(case, command, time),
            assistance_id=asked.assistance_id,
            to_agency=asked.other_agency,
            reason=command.reason,
        ),
    )


def _find(open_ones: tuple[Assistance, ...], assistance_id: UUID) -> Assistance | None:
    return next((one for one in open_ones if one.assistance_id == assistance_id), None)


_UNKNOWN = Refusal(
    "ASSISTANCE_UNKNOWN",
    "no such help is open on this case: it was reported, withdrawn, or never asked for",
    "本办理件没有此项未结的协助",
    "Art. 24(1)",
    "assistance_id",
    "read the case and name help that is still open",
)


# --- receive ----------------------------------------------------------------------------------------------------------


def _be_asked(sent: AssistanceRequested, frame: dict[str, Any], arrival: Arrival, _case: Case | None) -> Event:
    return AssistanceReceived(
        **frame,
        **shown(sent, arrival.agency_kind),
        assistance_id=sent.assistance_id,
        report_due_date=sent.report_due_date,
        request=sent.request,
    )


def _take_report(sent: AssistanceReported, frame: dict[str, Any], *_: Any) -> Event:
    return AssistanceReportReceived(
        **frame, assistance_id=sent.assistance_id, from_agency=sent.agency, report=sent.report
    )


def _take_withdrawal(sent: AssistanceWithdrawn, frame: dict[str, Any], *_: Any) -> Event:
    return AssistanceWithdrawalReceived(
        **frame, assistance_id=sent.assistance_id, from_agency=sent.agency, reason=sent.reason
    )


CHAPTER = Chapter(
    begin={AssistanceReceived: _received},
    evolve={
        AssistanceRequested: _requested,
        AssistanceReported: _assistance_done,
        AssistanceReportReceived: _assistant_done,
        AssistanceWithdrawn: _assistant_done,
        AssistanceWithdrawalReceived: _assistance_done,
    },
    decide={
        RequestAssistance: Decider(frozenset({Phase.OPEN, Phase.ACCEPTED}), _request),
        ReportAssistance: Decider(frozenset(Phase), _report),
        WithdrawAssistance: Decider(frozenset(Phase), _withdraw),
    },
    receive={
        AssistanceRequested: Reception(_be_asked, opens=True),
        AssistanceReported: Reception(_take_report),
        AssistanceWithdrawn: Reception(_take_withdrawal),
    },
)
