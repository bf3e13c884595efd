"""The office decides about parked records: which are open, and the command that retries or skips one.

The command records a decision in the office's own log, with its request id, and then waits until ingest has met the
decision on the bus and carried it out. So a decision is made once whatever is repeated, a crash in between loses
nothing, and there is one writer of the views. It never changes the table of parked records itself.
"""

from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from domain.event import AgencyId, Event, Refusal
from domain.parking import ParkedRecordRetried, ParkedRecordSkipped, ParkingReason, parked_record_id
from lianxi.office.v1 import office_service_pb2 as pb
from services.kit.log import Fold, Outcome, Request
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.messages import malformed, message_of
from services.office.reading import Page, Reader, uuid_of

ATTEMPTS_MAX = 5
DECISIONS: Fold[int] = Fold(0, lambda count, _: count + 1)
"""A stream of decisions on one record is read for nothing but its length."""

_KINDS = {pb.PARKED_ACTION_RETRY: ParkedRecordRetried, pb.PARKED_ACTION_SKIP: ParkedRecordSkipped}
_LIST = """
    SELECT parked_id AS sequence, petition_id, node, position, type, reason, poison, parked_time FROM office.parked
    WHERE resolved_time IS NULL AND parked_id > %(after)s ORDER BY parked_id LIMIT %(limit)s"""
_ONE = """
    SELECT petition_id, node, position, partition, record_offset, poison, resolved_time IS NOT NULL FROM office.parked
    WHERE parked_id = %(sequence)s"""
_BECAME = """
    SELECT count(*) FILTER (WHERE resolved_by = %(decision)s AND resolution = 'folded'),
           count(*) FILTER (WHERE resolved_time IS NULL)
    FROM office.parked WHERE resolved_by = %(decision)s OR petition_id = %(petition_id)s OR parked_id = %(sequence)s"""

_UNKNOWN = Refusal(
    "PARKED_UNKNOWN", "no such record was parked", "没有该搁置记录", field="sequence", remedy="look at ListParked"
)
_RESOLVED = Refusal("PARKED_RESOLVED", "this record is not parked any more", "该记录已不在搁置状态", field="sequence")
_NOT_POISON = Refusal(
    "PARKED_NOT_POISON",
    "this record only waits behind another one, and is folded when that is settled",
    "该记录仅在等待前一条搁置记录,不能跳过",
    field="sequence",
    remedy="skip the record that could not be folded: poison in ListParked",
)
_REUSED = Refusal(
    "REQUEST_ID_REUSED",
    "this request id came before with another payload",
    "该请求编号已用于其他内容",
    field="request_id",
    remedy="use a new request id for a new decision",
)
_CONTENDED = Refusal("CONTENDED", "other decisions on this record always came first", "该记录正被其他操作处理")
_NOT_CARRIED_OUT = Refusal(
    "NOT_CARRIED_OUT_YET",
    "the decision is on record; ingest has not carried it out yet",
    "决定已记录,尚未执行",
    remedy="repeat the call with the same request id; look whether the office's ingest runs",
)


class _ParkedRow(NamedTuple):
    petition_id: UUID | None
    node: str | None
    position: int | None
    partition: int
    record_offset: int
    poison: bool
    is_resolved: bool


class Decisions:
    """The reads and the one command about parked records."""

    def __init__(self, node: Node, reader: Reader) -> None:
        self._node = node
        self._reader = reader

    def list_parked(self, request: pb.ListParkedRequest) -> pb.ListParkedResponse:
        """List what is parked and not settled, the oldest first."""
        page = Page.asked(request, ("parked",), 1)
        after = int(page.after[0]) if page.after else 0
        _, found = self._reader.rows(_LIST, {"after": after, "limit": page.parameters["limit"]})
        rows, token = page.cut(found, lambda row: (str(row[0]),))
        names = ("sequence", "petition_id", "node", "position", "type", "reason", "poison", "parked_time")
        records = [message_of(pb.ParkedRecord, None, **dict(zip(names, row, strict=True))) for row in rows]
        return pb.ListParkedResponse(records=records, next_page_token=token)

    def resolve(self, request: pb.ResolveParkedRequest, office: str) -> pb.ResolveParkedResponse:
        """Put the decision on record once, and say what came of it; raise `Refused`."""
        request_id = uuid_of(request.request_id, "request_id")
        kind = _KINDS.get(request.action)
        if kind is None:
            raise Malformed([Violation("action", "retry or skip")])
        digest = sha256(b"ResolveParked\0" + request.SerializeToString(deterministic=True)).digest()
        position = self._answered_before(office, request_id, digest)
        row = self._row(request.sequence)
        if position is None:
            position = self._decide(row, kind, request, Request(office, request_id, digest))
        try:
            self._reader.wait_for(pb.NodePosition(node=self._node.id, position=position))
        except Refused as refused:
            raise Refused(_NOT_CARRIED_OUT) from refused
        return self._outcome(row, request.sequence, position)

    def _answered_before(self, office: str, request_id: UUID, digest: bytes) -> int | None:
        stored = self._node.log.find_request(office, request_id)
        if stored is None:
            return None
        if stored.payload_digest != digest:
            raise Refused(_REUSED)
        return stored.position

    def _row(self, sequence: int) -> _ParkedRow:
        _, rows = self._reader.rows(_ONE, {"sequence": sequence})
        if not rows:
            raise Refused(_UNKNOWN)
        return _ParkedRow._make(rows[0])

    def _decide(self, row: _ParkedRow, kind: type[Event], asked: pb.ResolveParkedRequest, request: Request) -> int:
        if row.is_resolved:
            raise Refused(_RESOLVED)
        if kind is ParkedRecordSkipped and not row.poison:
            raise Refused(_NOT_POISON)
        event = self._event(row, kind, asked, request.agency)
        stream = parked_record_id(row.partition, row.record_offset)
        for _ in range(ATTEMPTS_MAX):
            _, version = self._node.log.load(stream, DECISIONS, fresh=True)
            appended = self._node.log.record(stream, version, [event], request=request)
            if appended.outcome is Outcome.REQUEST_REUSED:
                raise Refused(_REUSED)
            if appended.last_position is not None:
                return appended.last_position
        raise Refused(_CONTENDED)

    def _event(self, row: _ParkedRow, kind: type[Event], asked: pb.ResolveParkedRequest, office: str) -> Event:
        stands_for = row.petition_id or parked_record_id(row.partition, row.record_offset)
        fields: dict[str, Any] = {"petition_id": stands_for, "agency": office, "occurred_time": self._node.clock()}
        fields |= {"partition": row.partition, "record_offset": row.record_offset, **_named(row)}
        fields |= {"reason": asked.reason or None, "reference": asked.reference or None}
        try:
            return kind.model_validate(fields)
        except ValidationError as error:
            if any(problem["loc"] == ("reason",) for problem in error.errors()):
                raise Malformed([Violation("reason", f"one of {', '.join(ParkingReason)}")]) from None
            raise malformed(error, lambda place: str(place[0])) from None

    def _outcome(self, row: _ParkedRow, sequence: int, position: int) -> pb.ResolveParkedResponse:
        parameters = {"decision": f"{self._node.id}:{position}", "petition_id": row.petition_id, "sequence": sequence}
        _, [(folded, still_parked)] = self._reader.rows(_BECAME, parameters)
        return pb.ResolveParkedResponse(folded=folded, still_parked=still_parked)


_AGENCY_ID = TypeAdapter(AgencyId)


def _named(row: _ParkedRow) -> dict[str, Any]:
    """Whose record it is, if it says so in a form that can be one."""
    try:
        return {"node": _AGENCY_ID.validate_python(row.node), "position": row.position}
    except ValidationError:
        return {}
