"""A caller's desk: the calls of an agency's own system, over a real channel, and what a refusal looks like to it."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.identity import ClientTls, channel
from services.kit.rpc.messages import timestamp

CALL_SECONDS_MAX = 20.0
TEXT = "楼上渗水,多次报修未果。"

# Each act with fields that suffice; a test says only what matters to it.
FIELDS: dict[str, dict[str, Any]] = {
    "RegisterPetition": {"channel": words.CHANNEL_VISIT, "petitioner": "李某", "content": TEXT},
    "ClassifyPetition": {"category": words.CATEGORY_APPEAL},
    "HandOff": {"kind": words.HANDOFF_KIND_TRANSFER, "to_agency": "water"},
    "RaiseObjection": {"reason": words.OBJECTION_REASON_NOT_OUR_POWER, "explanation": TEXT},
    "RuleOnObjection": {"uphold": True},
    "NotifyReceipt": {"method": words.SERVICE_METHOD_POST},
    "AcceptPetition": {"route": words.ROUTE_PETITION_PROCEDURE},
    "DeclinePetition": {
        "reason": words.REFUSAL_REASON_OUTSIDE_POWERS,
        "explanation": TEXT,
        "directed_to": words.ORGAN_OTHER_AGENCY,
    },
    "ExtendHandling": {"days": 10, "approver": "post:head", "reason": TEXT},
    "IssueOpinion": {
        "outcome": words.OUTCOME_SUPPORT,
        "legal_bases": ["城市供水条例"],
        "facts": TEXT,
        "opinion": TEXT,
    },
    "ServeOpinion": {"method": words.SERVICE_METHOD_POST, "proof": "post:EK1"},
    "ReportBack": {"report": TEXT},
    "IssueQueryCode": {},
    "UnsealMaterials": {"official": "post:clerk-3", "purpose": words.PURPOSE_HANDLING},
    "LinkPetition": {"link": words.LINK_KIND_RELATED, "to_petition_id": "3f2b8a52-6c1d-4e0f-9a77-5d2c1b0e4a11"},
    "NoteCorrection": {"corrects_version": 1, "explanation": TEXT},
    "RequestRecusal": {"official": "post:clerk-3", "reason": TEXT},
    "DecideRecusal": {"official": "post:clerk-3", "recused": True, "decided_by": "post:head"},
    "ChooseSimplifiedHandling": {"ground": words.SIMPLIFIED_GROUND_CLEAR_AND_EASY},
    "HearPetitioner": {"channel": words.CHANNEL_TELEPHONE},
    "DivertToProcedure": {
        "route": words.ROUTE_ARBITRATION,
        "external_reference": "arbitration:2026-17",
        "method": words.SERVICE_METHOD_POST,
    },
    "ResumeFromProcedure": {"route": words.ROUTE_PETITION_PROCEDURE},
    "ConcludeProcedure": {
        "method": words.SERVICE_METHOD_POST,
        "proof": "post:EK2",
        "external_reference": "arbitration:2026-17",
    },
    "OpenHearing": {},
    "CloseHearing": {},
    "BeginMediation": {
        "kind": words.MEDIATION_KIND_MEDIATION,
        "petitioner_consented": True,
        "other_party_consented": True,
        "consent_proof": "file:consent-1",
    },
    "EndMediation": {"reached": True},
    "SettleByAgreement": {"agreement": TEXT, "agreement_reference": "agreement:7"},
    "RecordExecution": {"proof": "file:receipt-1"},
    "RecordExecutionRefused": {"unit": "water", "reason": TEXT},
    "ReferForRelief": {"kind": words.RELIEF_KIND_SOCIAL_ASSISTANCE, "external_reference": "relief:3"},
    "StudySuggestion": {"findings": TEXT},
    "DecideSuggestion": {"adoption": words.ADOPTION_PARTLY_ADOPTED, "explanation": TEXT},
    "ReplyToSuggestion": {"method": words.SERVICE_METHOD_POST, "proof": "post:EK3"},
    "RewardSuggestion": {"external_reference": "award:1"},
    "ReportAccusation": {
        "recipient": words.ACCUSATION_RECIPIENT_PERSONNEL_DEPARTMENT,
        "external_reference": "report:2",
    },
    "ConcludeAccusation": {"result": TEXT, "told_petitioner": True},
    "RequestReview": {
        "petition_id": "5d0f7c1e-8a54-4b1c-9a0e-3f6b2d7e9c10",
        "stage": words.REVIEW_STAGE_REVIEW,
        "of_agency": "water",
        "first_received_time": timestamp(datetime(2023, 3, 1, tzinfo=UTC)),
    },
    "DeclineReview": {"reason": words.REVIEW_REFUSAL_WINDOW_LAPSED, "explanation": TEXT},
    "IssueReviewOpinion": {
        "result": words.REVIEW_RESULT_UPHOLD,
        "legal_bases": ["城市供水条例"],
        "facts": TEXT,
        "opinion": TEXT,
    },
    "ServeReviewOpinion": {"method": words.SERVICE_METHOD_POST, "proof": "post:EK2"},
    "ProposeJointHandling": {"lead": "water", "assisting": ["housing"]},
    "AnswerJointHandling": {"joint_id": "5d0f7c1e-8a54-4b1c-9a0e-3f6b2d7e9c11", "agreed": True},
    "AgreeJointHandling": {},
    "RequestAssistance": {"to_agency": "water", "request": TEXT},
    "ReportAssistance": {"assistance_id": "5d0f7c1e-8a54-4b1c-9a0e-3f6b2d7e9c12", "report": TEXT},
    "WithdrawAssistance": {"assistance_id": "5d0f7c1e-8a54-4b1c-9a0e-3f6b2d7e9c12", "reason": TEXT},
    "FlagUrgent": {"level": words.URGENCY_URGENT, "to_agency": "water", "measures": TEXT},
    "ReportUrgent": {"recipient": words.URGENT_RECIPIENT_PARTY_COMMITTEE_AND_GOVERNMENT},
    "RecordUrgentAcknowledgement": {
        "recipient": words.URGENT_RECIPIENT_PARTY_COMMITTEE_AND_GOVERNMENT,
        "acknowledged_time": timestamp(datetime(2023, 3, 1, tzinfo=UTC)),
    },
}


class No(NamedTuple):
    """A refusal as the caller sees it."""

    status: grpc.StatusCode
    reason: str
    article: str
    field: str
    violations: tuple[str, ...]
    metadata: dict[str, str]
    message: str


class Desk:
    """One caller, by its certificate."""

    def __init__(self, port: int, tls: ClientTls) -> None:
        self.channel = channel(f"127.0.0.1:{port}", tls)
        self.stub: Any = CaseServiceStub(self.channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.channel.close()

    def ask(self, rpc: str, request: Message, *, timeout: float = CALL_SECONDS_MAX) -> Any:
        return getattr(self.stub, rpc)(request, timeout=timeout)

    def act(self, rpc: str, case_id: str = "", **fields: Any) -> Any:
        """Give a command; header fields go by their names, the others over those of `FIELDS`."""
        return self.ask(rpc, request(rpc, case_id, **fields))

    def refused(self, rpc: str, case_id: str = "", **fields: Any) -> No:
        """Give a command that is refused, and return how."""
        return no(lambda: self.act(rpc, case_id, **fields))

    def registered(self, **fields: Any) -> str:
        """Take in a petition; return its case."""
        return str(self.act("RegisterPetition", **fields).case_id)

    def case_after(self, *rpcs: str) -> str:
        """Take in a petition and act on it; return its case."""
        case_id = self.registered()
        for rpc in rpcs:
            self.act(rpc, case_id)
        return case_id


_HEADER = frozenset(field.name for field in pb.CommandHeader.DESCRIPTOR.fields)


def request(rpc: str, case_id: str = "", **fields: Any) -> Message:
    """Build the request of a command."""
    values: dict[str, Any] = {
        name: timestamp(value) if isinstance(value, datetime) else value for name, value in fields.items()
    }
    header: dict[str, Any] = {"request_id": str(uuid4()), "case_id": case_id}
    header |= {name: values.pop(name) for name in _HEADER & values.keys()}
    kind = getattr(pb, f"{rpc}Request")
    message: Message = kind(header=pb.CommandHeader(**header), **(FIELDS[rpc] | values))
    return message


def no(call: Any) -> No:
    """Make a call that is refused, and return how."""
    try:
        call()
    except grpc.RpcError as error:
        return _read(error)
    raise AssertionError("the call was not refused")


def _read(error: Any) -> No:
    info, bad = ErrorInfo(), BadRequest()
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
        detail.Unpack(bad)
    metadata = dict(info.metadata)
    return No(
        error.code(),
        info.reason,
        metadata.get("article", ""),
        metadata.get("field", ""),
        tuple(violation.field for violation in bad.field_violations),
        metadata,
        error.details(),
    )
