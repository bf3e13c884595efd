"""How a no reaches the caller: a gRPC status with a stable reason, the article of law, the field and the remedy.

One exception carries a refusal out of a method, one table turns its code into a status, and one function aborts the
call (google.rpc.Status with ErrorInfo and BadRequest, as AIP-193 asks). What the caller wrote is never repeated: a
message may hold personal data, and statuses end up in logs.
"""

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

import grpc
import psycopg
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from domain.event import Refusal
from services.kit.identity import WrongIdentity
from services.kit.keystore import KeyDestroyed
from services.kit.log import LogUnavailable, Unstorable

DOMAIN = "lianxi"
_LOGGER = logging.getLogger(__name__)

STATUS_OF_CODE: dict[str, grpc.StatusCode] = {
    "CASE_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "DUTY_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "PETITION_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "PARKED_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "CODE_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "ALREADY_REGISTERED": grpc.StatusCode.ALREADY_EXISTS,
    "REQUEST_ID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "STALE_VERSION": grpc.StatusCode.ABORTED,
    "CONTENDED": grpc.StatusCode.ABORTED,
    "MALFORMED": grpc.StatusCode.INVALID_ARGUMENT,
    "UNSTORABLE": grpc.StatusCode.INVALID_ARGUMENT,
    "CALLER_NAMES_NO_AGENCY": grpc.StatusCode.PERMISSION_DENIED,
    "AGENCY_NOT_STATED": grpc.StatusCode.PERMISSION_DENIED,
    "AGENCY_NOT_THE_CALLERS": grpc.StatusCode.PERMISSION_DENIED,
    "AGENCY_NOT_SERVED": grpc.StatusCode.PERMISSION_DENIED,
    "CALLER_NOT_THE_OFFICE": grpc.StatusCode.PERMISSION_DENIED,
    "CALLER_NO_PORTAL": grpc.StatusCode.PERMISSION_DENIED,
    "TOO_MANY_CALLS": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "POSITION_NOT_REACHED": grpc.StatusCode.UNAVAILABLE,
    "NOT_CARRIED_OUT_YET": grpc.StatusCode.UNAVAILABLE,
    "VIEWS_OUTDATED": grpc.StatusCode.UNAVAILABLE,
    "TOO_LATE": grpc.StatusCode.DEADLINE_EXCEEDED,
    "FAULT": grpc.StatusCode.INTERNAL,
}
"""The status of each code. What is not listed is a rule of the domain: FAILED_PRECONDITION."""


class Violation(NamedTuple):
    """A field of the request, by its path in the proto, and what is wrong with it; never the value."""

    field: str
    description: str


class Refused(Exception):
    """The call is answered with a no. `metadata` is added to what the refusal itself says."""

    def __init__(self, refusal: Refusal, violations: Sequence[Violation] = (), **metadata: str) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.violations = tuple(violations)
        self.metadata = metadata


class Malformed(Refused):
    """The request cannot be read as what it should be; each violation names a field."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        said = "; ".join(f"{field}: {description}" for field, description in violations)
        super().__init__(
            Refusal("MALFORMED", said, f"请求字段有误({', '.join(field for field, _ in violations)})"), violations
        )


Answer = TypeVar("Answer")
Call = Callable[[Any, grpc.ServicerContext], Answer]


def answered(method: Call[Answer]) -> Call[Answer]:
    """Return the method with whatever stops it turned into a status."""

    def call(request: Any, context: grpc.ServicerContext) -> Answer:
        try:
            return method(request, context)
        except Exception as error:  # noqa: BLE001 - see `_abort`
            _abort(context, error)

    return call


def answered_stream(method: Call[Iterator[Answer]]) -> Call[Iterator[Answer]]:
    """Return the method of a stream with whatever stops it, at first or later, turned into a status."""

    def call(request: Any, context: grpc.ServicerContext) -> Iterator[Answer]:
        try:
            yield from method(request, context)
        except Exception as error:  # noqa: BLE001 - see `_abort`
            _abort(context, error)

    return call


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """End the call with the status of what stopped it: the only place where that is done.

    A bug is caught here too, because gRPC would write its message to the log, and a message may repeat what was about
    to be sealed. Its place in the code is written down, its message is not.
    """
    refused = _refused(error)
    if refused is _FAULT:
        place = "".join(traceback.format_tb(error.__traceback__))
        _LOGGER.error("a bug, %s, at\n%s", type(error).__name__, place)
    context.abort_with_status(rpc_status.to_status(status_of(refused)))
    raise AssertionError("abort_with_status always raises")


def _refused(error: Exception) -> Refused:
    """Say as a refusal what stopped the call, in whichever part of the kit."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, WrongIdentity):
        message = str(error).removeprefix(f"{error.reason}: ")
        return Refused(Refusal(error.reason, message, "证书所载机关与请求不符", remedy=error.remedy))
    if isinstance(error, KeyDestroyed):
        return Refused(KEY_ERASED)
    if isinstance(error, Unstorable):
        return Refused(_UNSTORABLE)
    if isinstance(error, psycopg.DataError):
        # What the log stores has its own way here: this is a question with a value that no column can hold.
        return Refused(_UNASKABLE)
    if isinstance(error, LogUnavailable | psycopg.OperationalError):
        return Refused(_UNAVAILABLE)
    return _FAULT


def status_of(refused: Refused) -> Status:
    """Return the whole status: code, message, ErrorInfo and, where a field is at fault, BadRequest."""
    refusal = refused.refusal
    said = {
        "article": refusal.article,
        "field": refusal.field,
        "remedy": refusal.remedy,
        "message_zh": refusal.message_zh,
        **refused.metadata,
    }
    info = ErrorInfo(
        reason=refusal.code, domain=DOMAIN, metadata={name: value for name, value in said.items() if value}
    )
    violations = refused.violations or ((Violation(refusal.field, refusal.message),) if refusal.field else ())
    details = [_packed(info)]
    if violations:
        fields = [BadRequest.FieldViolation(field=field, description=said) for field, said in violations]
        details.append(_packed(BadRequest(field_violations=fields)))
    code = STATUS_OF_CODE.get(refusal.code, grpc.StatusCode.FAILED_PRECONDITION)
    return Status(code=code.value[0], message=refusal.message, details=details)


def _packed(message: ErrorInfo | BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


KEY_ERASED = Refusal(
    "KEY_ERASED",
    "the petition's key was destroyed: nothing about it is sealed or opened any more",
    "该信访事项的密钥已销毁,有关内容不能再加密或解密",
)
_UNSTORABLE = Refusal("UNSTORABLE", "the log cannot hold this command", "该记录无法存储", remedy="send less at once")
_UNASKABLE = Refusal(
    "MALFORMED",
    "a value of the request cannot be looked up, such as a text with a NUL or a token of another service",
    "请求中有无法查询的值",
)
_UNAVAILABLE = Refusal(
    "UNAVAILABLE",
    "the node's database cannot be reached",
    "节点数据库暂不可用",
    remedy="repeat the call with the same request id",
)
_FAULT = Refused(Refusal("FAULT", "the node failed on this call; its log says where", "节点内部错误"))
