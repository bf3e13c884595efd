"""The commands an agency can give: which request becomes which command, what is sealed, and what the node adds.

`COMMANDS` is the whole list; a new one is a row here, beside its proto and its decision in the domain. Fields go by
name. A text whose place in the command is of type `Sealed` leaves this module only sealed, and no error repeats it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self, get_args
from uuid import UUID, uuid5

from google.protobuf.message import Message
from pydantic import AwareDatetime, Field, ValidationError

from domain import case
from domain.event import Command, Reference, Refusal, Sealed, Value
from domain.vocabulary import Provenance
from lianxi.agency.v1 import case_service_pb2 as pb
from services.kit.rpc.errors import Malformed, Violation
from services.kit.rpc.messages import fields_of, malformed
from services.kit.sealing import seal
from services.kit.settings import ServedAgency
from services.kit.spoken_codes import CodePurpose, digest_of, spoken_code

TEXT_CHARACTERS_MAX = 20_000
REQUEST_NAMESPACE = UUID("c1c53d2c-2a37-5ba3-8c64-5a0f1d3e7b21")


class CommandRpc(NamedTuple):
    """A command as the proto asks it, and as the domain takes it."""

    request: type[Message]
    command: type[Command]


COMMANDS: Mapping[str, CommandRpc] = {
    "RegisterPetition": CommandRpc(pb.RegisterPetitionRequest, case.RegisterPetition),
    "ClassifyPetition": CommandRpc(pb.ClassifyPetitionRequest, case.ClassifyPetition),
    "HandOff": CommandRpc(pb.HandOffRequest, case.HandOff),
    "RaiseObjection": CommandRpc(pb.RaiseObjectionRequest, case.RaiseObjection),
    "RuleOnObjection": CommandRpc(pb.RuleOnObjectionRequest, case.RuleOnObjection),
    "NotifyReceipt": CommandRpc(pb.NotifyReceiptRequest, case.NotifyReceipt),
    "AcceptPetition": CommandRpc(pb.AcceptPetitionRequest, case.AcceptPetition),
    "DeclinePetition": CommandRpc(pb.DeclinePetitionRequest, case.DeclinePetition),
    "ExtendHandling": CommandRpc(pb.ExtendHandlingRequest, case.ExtendHandling),
    "IssueOpinion": CommandRpc(pb.IssueOpinionRequest, case.IssueOpinion),
    "ServeOpinion": CommandRpc(pb.ServeOpinionRequest, case.ServeOpinion),
    "ReportBack": CommandRpc(pb.ReportBackRequest, case.ReportBack),
    "UnsealMaterials": CommandRpc(pb.UnsealMaterialsRequest, case.UnsealMaterials),
    "LinkPetition": CommandRpc(pb.LinkPetitionRequest, case.LinkPetition),
    "NoteCorrection": CommandRpc(pb.NoteCorrectionRequest, case.NoteCorrection),
    "IssueQueryCode": CommandRpc(pb.IssueQueryCodeRequest, case.IssueQueryCode),
    "RequestRecusal": CommandRpc(pb.RequestRecusalRequest, case.RequestRecusal),
    "DecideRecusal": CommandRpc(pb.DecideRecusalRequest, case.DecideRecusal),
    "ChooseSimplifiedHandling": CommandRpc(pb.ChooseSimplifiedHandlingRequest, case.ChooseSimplifiedHandling),
    "HearPetitioner": CommandRpc(pb.HearPetitionerRequest, case.HearPetitioner),
    "DivertToProcedure": CommandRpc(pb.DivertToProcedureRequest, case.DivertToProcedure),
    "ResumeFromProcedure": CommandRpc(pb.ResumeFromProcedureRequest, case.ResumeFromProcedure),
    "ConcludeProcedure": CommandRpc(pb.ConcludeProcedureRequest, case.ConcludeProcedure),
    "OpenHearing": CommandRpc(pb.OpenHearingRequest, case.OpenHearing),
    "CloseHearing": CommandRpc(pb.CloseHearingRequest, case.CloseHearing),
    "BeginMediation": CommandRpc(pb.BeginMediationRequest, case.BeginMediation),
    "EndMediation": CommandRpc(pb.EndMediationRequest, case.EndMediation),
    "SettleByAgreement": CommandRpc(pb.SettleByAgreementRequest, case.SettleByAgreement),
    "RecordExecution": CommandRpc(pb.RecordExecutionRequest, case.RecordExecution),
    "RecordExecutionRefused": CommandRpc(pb.RecordExecutionRefusedRequest, case.RecordExecutionRefused),
    "ReferForRelief": CommandRpc(pb.ReferForReliefRequest, case.ReferForRelief),
    "StudySuggestion": CommandRpc(pb.StudySuggestionRequest, case.StudySuggestion),
    "DecideSuggestion": CommandRpc(pb.DecideSuggestionRequest, case.DecideSuggestion),
    "ReplyToSuggestion": CommandRpc(pb.ReplyToSuggestionRequest, case.ReplyToSuggestion),
    "RewardSuggestion": CommandRpc(pb.RewardSuggestionRequest, case.RewardSuggestion),
    "ReportAccusation": CommandRpc(pb.ReportAccusationRequest, case.ReportAccusation),
    "ConcludeAccusation": CommandRpc(pb.ConcludeAccusationRequest, case.ConcludeAccusation),
    "RequestReview": CommandRpc(pb.RequestReviewRequest, case.RequestReview),
    "DeclineReview": CommandRpc(pb.DeclineReviewRequest, case.DeclineReview),
    "IssueReviewOpinion": CommandRpc(pb.IssueReviewOpinionRequest, case.IssueReviewOpinion),
    "ServeReviewOpinion": CommandRpc(pb.ServeReviewOpinionRequest, case.ServeReviewOpinion),
    "ProposeJointHandling": CommandRpc(pb.ProposeJointHandlingRequest, case.ProposeJointHandling),
    "AnswerJointHandling": CommandRpc(pb.AnswerJointHandlingRequest, case.AnswerJointHandling),
    "AgreeJointHandling": CommandRpc(pb.AgreeJointHandlingRequest, case.AgreeJointHandling),
    "RequestAssistance": CommandRpc(pb.RequestAssistanceRequest, case.RequestAssistance),
    "ReportAssistance": CommandRpc(pb.ReportAssistanceRequest, case.ReportAssistance),
    "WithdrawAssistance": CommandRpc(pb.WithdrawAssistanceRequest, case.WithdrawAssistance),
    "FlagUrgent": CommandRpc(pb.FlagUrgentRequest, case.FlagUrgent),
    "ReportUrgent": CommandRpc(pb.ReportUrgentRequest, case.ReportUrgent),
    "RecordUrgentAcknowledgement": CommandRpc(pb.RecordUrgentAcknowledgementRequest, case.RecordUrgentAcknowledgement),
}

MADE_BY_NODE = frozenset({"handoff_id", "joint_id", "assistance_id"})
"""The ids that the node makes from the request id, so that they are the same when the request is repeated.

An answer to what has such an id names it in the request, and then nothing is made.
"""

MADE_FROM_KEY: Mapping[str, Callable[[bytes, UUID], str]] = {
    "code_digest": lambda key, petition_id: digest_of(spoken_code(key, petition_id, CodePurpose.QUERY)),
    "token_digest": lambda key, petition_id: digest_of(spoken_code(key, petition_id, CodePurpose.RATING)),
}
"""The fields that the node works out from the petition's key."""


class Header(Value):
    """What every command has in common; `agency` was settled before, from the caller's certificate."""

    request_id: UUID
    agency: str = ""
    case_id: UUID | None = None
    expected_version: int | None = Field(default=None, ge=0)
    occurred_time: AwareDatetime | None = None
    provenance: Provenance = Provenance.RECORDED
    officer: Reference | None = None


@dataclass(frozen=True, repr=False)
class Order:
    """One request, read and not yet sealed. It has no `repr`, because it holds texts in clear."""

    kind: type[Command]
    header: Header
    agency: ServedAgency
    petition_id: UUID | None
    """The petition that a case is opened on; None for a command on a case."""
    case_id: UUID | None
    """The case that the command is on; of a registration, the one that it opens."""
    fields: dict[str, Any]
    texts: dict[str, str]
    payload: bytes
    """The request in its one spelling, by which a repetition is told from another request."""

    @classmethod
    def read(cls, rpc: str, request: Any, agency: ServedAgency) -> Self:
        """Read a request; raise `Malformed` with every field that cannot be read."""
        kind = COMMANDS[rpc].command
        fields = fields_of(request)
        try:
            header = Header.model_validate(fields.pop("header", {}))
        except ValidationError as error:
            raise malformed(error, lambda path: f"header.{path[0]}") from None
        texts = {name: fields.pop(name) for name in _sealed_places(kind) if name in fields}
        _refuse_long(texts)
        petition_id, case_id = None, header.case_id
        if kind in case.OPENING:
            petition_id = _petition_id(kind, fields, header, agency)
            case_id = case.case_id_of(petition_id, agency.agency)
        if kind is case.RegisterPetition:
            fields["reply_address_known"] = not fields.pop("reply_address_unknown")
        payload = rpc.encode() + b"\0" + request.SerializeToString(deterministic=True)
        return cls(kind, header, agency, petition_id, case_id, fields, texts, payload)

    @property
    def needs_key(self) -> bool:
        """Tell whether the command cannot be made without the petition's key."""
        return bool(self.texts) or not MADE_FROM_KEY.keys().isdisjoint(self.kind.model_fields)

    def command(self, petition_id: UUID, key: bytes | None) -> Command:
        """Return the command with what rests on the petition's key; None will do where `needs_key` is false.

        Raises `Malformed` with every field that the command's class does not take.
        """
        header = self.header
        fields = {**self.fields, "provenance": header.provenance, "officer": header.officer, **self._given()}
        if header.occurred_time is not None:
            fields["occurred_time"] = header.occurred_time
        for name in MADE_FROM_KEY.keys() & self.kind.model_fields.keys():
            assert key is not None
            fields[name] = MADE_FROM_KEY[name](key, petition_id)
        for name, text in self.texts.items():
            assert key is not None
            sealed = seal(key, petition_id, str(header.request_id), name, text)
            *outer, last = _sealed_places(self.kind)[name]
            place = fields
            for step in outer:
                place = place.setdefault(step, {})
            place[last] = Sealed(origin=header.request_id, field=name, text=sealed)
        try:
            return self.kind.model_validate(fields)
        except ValidationError as error:
            raise malformed(error, _proto_path) from None

    def _given(self) -> dict[str, Any]:
        """What the node says itself: who opens a case, and ids that are the same when the request is repeated."""
        given: dict[str, Any] = {
            name: _id_of(self.agency, self.header)
            for name in (MADE_BY_NODE & self.kind.model_fields.keys()) - self.fields.keys()
        }
        if self.kind in case.OPENING:
            given |= {
                "petition_id": self.petition_id,
                "agency": self.agency.agency,
                "agency_kind": self.agency.kind,
            }
        return given


def proto_refusal(refusal: Refusal) -> Refusal:
    """Return the refusal with its field named as the request names it."""
    path = _proto_path((refusal.field,))
    if path == refusal.field:
        return refusal
    return Refusal(refusal.code, refusal.message, refusal.message_zh, refusal.article, path, refusal.remedy)


def _proto_path(place: tuple[int | str, ...]) -> str:
    """Name a place in a command as the request does: what is common stands in the header, and materials stand alone."""
    if place[0] in Header.model_fields:
        return f"header.{place[0]}"
    path = ""
    for step in place[1:] if place[0] == "materials" and len(place) > 1 else place:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _id_of(agency: ServedAgency, header: Header) -> UUID:
    return uuid5(REQUEST_NAMESPACE, f"{agency.agency}/{header.request_id}")


def _petition_id(kind: type[Command], fields: dict[str, Any], header: Header, agency: ServedAgency) -> UUID:
    given = fields.get("petition_id")
    if given is None and kind is case.RegisterPetition:
        return _id_of(agency, header)
    try:
        return UUID(given or "")
    except ValueError:
        raise Malformed([Violation("petition_id", "a UUID is needed")]) from None


def _refuse_long(texts: Mapping[str, str]) -> None:
    limit = f"a text has at most {TEXT_CHARACTERS_MAX} characters"
    if too_long := [Violation(name, limit) for name, text in texts.items() if len(text) > TEXT_CHARACTERS_MAX]:
        raise Malformed(too_long)


@lru_cache(maxsize=64)
def _sealed_places(kind: type[Value]) -> dict[str, tuple[str, ...]]:
    """Say for each sealed text where it stands in the command: by its own name, or inside a value such as materials."""
    places: dict[str, tuple[str, ...]] = {}
    for name, field in kind.model_fields.items():
        for annotation in (field.annotation, *get_args(field.annotation)):
            if annotation is Sealed:
                places[name] = (name,)
            elif isinstance(annotation, type) and issubclass(annotation, Value):
                places |= {inner: (name, *place) for inner, place in _sealed_places(annotation).items()}
    return places
