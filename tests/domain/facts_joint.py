"""Facts of joint handling, help and urgent reports for stories: the housing bureau leads, the labour bureau helps.

A county's petition department, two bureaus under its government, and its Joint Meeting Office.
"""

from typing import Any
from uuid import UUID

from domain.case import (
    AssistanceReceived,
    AssistanceReported,
    AssistanceReportReceived,
    AssistanceRequested,
    AssistanceWithdrawalReceived,
    AssistanceWithdrawn,
    JointHandlingAgreed,
    JointHandlingAnswered,
    JointHandlingAnswerReceived,
    JointHandlingProposalReceived,
    JointHandlingProposed,
    UrgentAcknowledged,
    UrgentFlagged,
    UrgentReceived,
    UrgentReported,
)
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import AgencyKind, Category, Urgency, UrgentRecipient
from tests.domain.facts import HOUSING, KINDS, LABOUR, NOW, OFFICE, PETITION, PETITIONS, RECEIVED, sealed

GOVERNMENT, COUNTY = "government", "990101"
JOINT, HELP = UUID(int=201), UUID(int=202)
COUNTY_AGENCIES = (
    Agency(GOVERNMENT, AgencyKind.PARTY_OR_GOVERNMENT, COUNTY),
    Agency(HOUSING, KINDS[HOUSING], COUNTY, GOVERNMENT),
    Agency(LABOUR, KINDS[LABOUR], COUNTY, GOVERNMENT),
    Agency(PETITIONS, KINDS[PETITIONS], COUNTY),
    Agency(OFFICE, KINDS[OFFICE], COUNTY),
)
_SHOWN = {"first_received_time": RECEIVED, "category": Category.APPEAL}
_CAUSE = {"cause": "sender:1"}


def _fact(event: type[Event], agency: str, fields: dict[str, Any], changes: dict[str, Any]) -> Any:
    frame: dict[str, Any] = {"petition_id": PETITION, "agency": agency, "occurred_time": NOW}
    return event(**(frame | fields | changes))


def proposed(to_agency: str = LABOUR, **changes: Any) -> Any:
    terms = {"joint_id": JOINT, "lead": HOUSING, "assisting": (LABOUR,)}
    return _fact(JointHandlingProposed, HOUSING, {**_SHOWN, **terms, "to_agency": to_agency}, changes)


def proposal_received(agency: str = LABOUR, **changes: Any) -> Any:
    terms = {"joint_id": JOINT, "lead": HOUSING, "assisting": (LABOUR,)}
    arrival = {"from_agency": HOUSING, "agency_kind": KINDS[agency], **_CAUSE}
    return _fact(JointHandlingProposalReceived, agency, {**_SHOWN, **terms, **arrival}, changes)


def answered(*, agreed: bool, agency: str = LABOUR, **changes: Any) -> Any:
    fields = {"joint_id": JOINT, "to_agency": HOUSING, "agreed": agreed}
    return _fact(JointHandlingAnswered, agency, fields, changes)


def answer_received(*, agreed: bool, from_agency: str = LABOUR, **changes: Any) -> Any:
    fields = {"joint_id": JOINT, "from_agency": from_agency, "agreed": agreed, **_CAUSE}
    return _fact(JointHandlingAnswerReceived, HOUSING, fields, changes)


def agreed(**changes: Any) -> Any:
    fields = {"joint_id": JOINT, "lead": HOUSING, "assisting": (LABOUR,)}
    return _fact(JointHandlingAgreed, HOUSING, fields, changes)


def help_requested(**changes: Any) -> Any:
    fields = {**_SHOWN, "assistance_id": HELP, "to_agency": LABOUR, "request": sealed("request")}
    return _fact(AssistanceRequested, HOUSING, fields, changes)


def help_received(**changes: Any) -> Any:
    fields = {**_SHOWN, "assistance_id": HELP, "request": sealed("request"), **_CAUSE}
    return _fact(AssistanceReceived, LABOUR, {**fields, "from_agency": HOUSING, "agency_kind": KINDS[LABOUR]}, changes)


def help_reported(**changes: Any) -> Any:
    fields = {"assistance_id": HELP, "to_agency": HOUSING, "report": sealed("report")}
    return _fact(AssistanceReported, LABOUR, fields, changes)


def help_report_received(**changes: Any) -> Any:
    fields = {"assistance_id": HELP, "from_agency": LABOUR, "report": sealed("report"), **_CAUSE}
    return _fact(AssistanceReportReceived, HOUSING, fields, changes)


def help_withdrawn(**changes: Any) -> Any:
    fields = {"assistance_id": HELP, "to_agency": LABOUR, "reason": sealed("reason")}
    return _fact(AssistanceWithdrawn, HOUSING, fields, changes)


def help_withdrawal_received(**changes: Any) -> Any:
    fields = {"assistance_id": HELP, "from_agency": HOUSING, "reason": sealed("reason"), "cause": "housing:9"}
    return _fact(AssistanceWithdrawalReceived, LABOUR, fields, changes)


def flagged(agency: str = HOUSING, **changes: Any) -> Any:
    fields = {**_SHOWN, "level": Urgency.URGENT, "to_agency": OFFICE, "measures": sealed("measures")}
    return _fact(UrgentFlagged, agency, fields, changes)


def urgent_received(**changes: Any) -> Any:
    fields = {**_SHOWN, "level": Urgency.URGENT, "measures": sealed("measures"), **_CAUSE}
    arrival = {"from_agency": HOUSING, "to_agency": HOUSING, "agency_kind": KINDS[OFFICE]}
    return _fact(UrgentReceived, OFFICE, {**fields, **arrival}, changes)


def urgent_reported(recipient: UrgentRecipient, agency: str = HOUSING, **changes: Any) -> Any:
    return _fact(UrgentReported, agency, {"recipient": recipient}, changes)


def urgent_acknowledged(recipient: UrgentRecipient = UrgentRecipient.JOINT_MEETING_OFFICE, **changes: Any) -> Any:
    return _fact(UrgentAcknowledged, HOUSING, {"recipient": recipient, "acknowledged_time": NOW}, changes)
