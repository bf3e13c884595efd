"""What the office asks about petitions, duties, hand-offs, custody and timelines: rows of the views as messages.

Lists are cut by the key of the last row, so a page costs the same wherever it stands. A duty's status is worked out
where the rows are, at the time of the node's clock.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.calendar import ONE_DAY, DueState, civil_date, end_of_day
from domain.custody import accounts_of
from domain.duty_table import rule_row
from domain.event import Refusal
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.type.v1 import duty_pb2
from services.kit.database import Rows
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.messages import duration, fields_of, message_of
from services.office.reading import Page, Reader, select, uuid_of
from services.office.views.custody import SegmentRow
from services.office.views.duties import BY_DUE, STANDING, STATUS, DutyRow
from services.office.views.handoffs import HandoffRow
from services.office.views.petitions import BY_RECEIPT, PetitionRow
from services.office.wording import Situation, why

DUE_WITHIN_DAYS_MAX = 3660

PETITION_UNKNOWN = Refusal(
    "PETITION_UNKNOWN",
    "the office knows no such petition",
    "没有该信访事项",
    field="petition_id",
    remedy="check the id; a fact that was recorded just now can be waited for with min_position",
)
_STILL_STANDING = frozenset({"open", "breached", "lapsed"})
_PAST = frozenset({"breached", "lapsed"})

_PETITION = f"SELECT {', '.join(PetitionRow._fields)} FROM views.petitions"
_DUTY = f"SELECT {STATUS} AS status, {', '.join(DutyRow._fields)} FROM views.duties"
_LAST_HANDOFFS = f"""
    SELECT DISTINCT ON (petition_id) {", ".join(HandoffRow._fields)} FROM views.handoffs
    WHERE petition_id = ANY(%(petition_ids)s) ORDER BY petition_id, number DESC"""
_DATES_TO_KEEP = f"""
    SELECT petition_id, debtor, rule_id, max(due_time) FROM views.duties
    WHERE petition_id = ANY(%(petition_ids)s) AND rule_id IN ('D5', 'D10', 'D13', 'D15') AND {STANDING}
    GROUP BY 1, 2, 3"""
_WAITING = """
    SELECT DISTINCT petition_id FROM office.parked
    WHERE petition_id = ANY(%(petition_ids)s) AND resolved_time IS NULL"""


class Queries:
    """The reads of the office's views."""

    def __init__(self, node: Node, reader: Reader) -> None:
        self._node = node
        self._reader = reader

    def get_petition(self, request: pb.GetPetitionRequest) -> pb.Petition:
        """Say who holds a petition and why."""
        petition_id = uuid_of(request.petition_id, "petition_id")
        self._reader.wait_for(request.min_position)
        now = self._node.clock()
        query = f"{_PETITION} WHERE petition_id = %(petition_id)s"

        def asked(snapshot: Rows) -> pb.Petition:
            rows = select(snapshot, query, {"petition_id": petition_id})
            if not rows:
                return _unfolded(snapshot, petition_id)
            return _petitions(snapshot, [PetitionRow._make(rows[0])], now)[0]

        sequence, petition = self._reader.read(asked)
        petition.as_of_sequence = sequence
        return petition

    def list_petitions(self, request: pb.ListPetitionsRequest) -> pb.ListPetitionsResponse:
        """List petitions, the oldest first receipt first."""
        page = Page.asked(request, ("petitions", request.custodian, request.include_ended), 2)
        now = self._node.clock()
        conditions = []
        if request.custodian:
            conditions.append("custodian = %(custodian)s")
        if request.custodian or not request.include_ended:
            # Nobody has an ended petition in custody any more.
            conditions.append("(ended_time IS NULL OR ended_time > %(now)s)")
        if page.after:
            conditions.append(f"({BY_RECEIPT}, petition_id) > (%(after_0)s::timestamptz, %(after_1)s::uuid)")
        query = f"{_PETITION} {_where(conditions)} ORDER BY {BY_RECEIPT}, petition_id LIMIT %(limit)s"
        parameters = {"custodian": request.custodian, "now": now, **page.parameters}

        def asked(snapshot: Rows) -> pb.ListPetitionsResponse:
            found = [PetitionRow._make(row) for row in select(snapshot, query, parameters)]
            rows, token = page.cut(found, lambda row: (_text(row.first_received_time), str(row.petition_id)))
            return pb.ListPetitionsResponse(petitions=_petitions(snapshot, list(rows), now), next_page_token=token)

        sequence, answer = self._reader.read(asked)
        answer.as_of_sequence = sequence
        for petition in answer.petitions:
            petition.as_of_sequence = sequence
        return answer

    def list_duties(self, request: pb.ListDutiesRequest) -> pb.ListDutiesResponse:
        """List duties, the oldest due date first, each with its status at this moment."""
        statuses: tuple[str, ...] = fields_of(request).get("statuses", ())
        days = request.due_within_days if request.HasField("due_within_days") else None
        petition_id = uuid_of(request.petition_id, "petition_id") if request.petition_id else None
        page = Page.asked(request, ("duties", request.debtor, petition_id, days, *sorted(statuses)), 2)
        now = self._node.clock()
        parameters: dict[str, Any] = {"debtor": request.debtor, "petition_id": petition_id, "now": now}
        parameters |= {"statuses": list(statuses), **_days_ahead(now, days), **page.parameters}
        query = _duties_query(request, frozenset(statuses), days=days, is_first_page=page.after is None)
        self._reader.wait_for(request.min_position)
        sequence, found = self._reader.rows(query, parameters)
        rows, token = page.cut(found, lambda row: (_text(_due_time(row)), str(row[1])))
        return pb.ListDutiesResponse(
            duties=[duty_message(row) for row in rows], next_page_token=token, as_of_sequence=sequence
        )

    def list_handoffs(self, request: pb.ListHandoffsRequest) -> pb.ListHandoffsResponse:
        """List the hand-offs of a petition, or those from and to an agency, in their order."""
        petition_id = uuid_of(request.petition_id, "petition_id") if request.petition_id else None
        page = Page.asked(request, ("handoffs", petition_id, request.agency), 3)
        conditions = []
        if petition_id:
            conditions.append("petition_id = %(petition_id)s")
        if request.agency:
            conditions.append("(from_agency = %(agency)s OR to_agency = %(agency)s)")
        order = "offered_time, petition_id, number"
        if page.after:
            conditions.append(f"({order}) > (%(after_0)s::timestamptz, %(after_1)s::uuid, %(after_2)s::bigint)")
        query = f"""
            SELECT {", ".join(HandoffRow._fields)} FROM views.handoffs {_where(conditions)}
            ORDER BY {order} LIMIT %(limit)s"""
        parameters = {"petition_id": petition_id, "agency": request.agency, **page.parameters}
        sequence, found = self._reader.rows(query, parameters)
        handoffs = [HandoffRow._make(row) for row in found]
        rows, token = page.cut(handoffs, lambda row: (_text(row.offered_time), str(row.petition_id), str(row.number)))
        return pb.ListHandoffsResponse(
            handoffs=[message_of(pb.Handoff, row) for row in rows], next_page_token=token, as_of_sequence=sequence
        )

    def list_custody(self, request: pb.ListCustodyRequest) -> pb.ListCustodyResponse:
        """Say to whom each second of a petition's life is charged."""
        query = f"""
            SELECT {", ".join(SegmentRow._fields)} FROM views.custody
            WHERE petition_id = %(petition_id)s ORDER BY number"""
        petition_id = uuid_of(request.petition_id, "petition_id")
        sequence, rows = self._reader.rows(query, {"petition_id": petition_id})
        if not rows:
            raise Refused(PETITION_UNKNOWN)
        segments = [SegmentRow._make(row) for row in rows]
        accounts = accounts_of(segments, self._node.clock())
        return pb.ListCustodyResponse(
            segments=[message_of(pb.CustodySegment, segment) for segment in segments],
            accounts=[
                pb.CustodyAccount(charged_to=one.charged_to, kind=one.kind, spent=duration(one.spent))
                for one in accounts
            ],
            citizen_time=duration(sum((one.spent for one in accounts), timedelta())),
            as_of_sequence=sequence,
        )

    def list_timeline(self, request: pb.ListTimelineRequest) -> pb.ListTimelineResponse:
        """List every fact on a petition, in the order of taking in."""
        petition_id = uuid_of(request.petition_id, "petition_id")
        page = Page.asked(request, ("timeline", petition_id), 1)
        after = int(page.after[0]) if page.after else 0
        query = """
            SELECT sequence, node, position, type, agency, occurred_time, recorded_time, provenance
            FROM office.timelines WHERE petition_id = %(petition_id)s AND sequence > %(after)s
            ORDER BY sequence LIMIT %(limit)s"""
        sequence, found = self._reader.rows(
            query, {"petition_id": petition_id, "after": after, "limit": page.parameters["limit"]}
        )
        rows, token = page.cut(found, lambda row: (str(row[0]),))
        return pb.ListTimelineResponse(
            entries=[_entry(row) for row in rows], next_page_token=token, as_of_sequence=sequence
        )

    def one_duty(self, duty_id: str) -> tuple[str, DutyRow] | None:
        """Return the duty of that id with its status, if the office knows it."""
        _, rows = self._reader.rows(f"{_DUTY} WHERE duty_id = %(duty_id)s", {"duty_id": duty_id, "now": self.now()})
        return (rows[0][0], DutyRow._make(rows[0][1:])) if rows else None

    def now(self) -> datetime:
        """Return the node's time."""
        return self._node.clock()


# --- conditions -----------------------------------------------------------------------------------------------------


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _duties_query(
    request: pb.ListDutiesRequest, statuses: frozenset[str], *, days: int | None, is_first_page: bool
) -> str:
    conditions = []
    if request.debtor:
        conditions.append("debtor = %(debtor)s")
    if request.petition_id:
        conditions.append("petition_id = %(petition_id)s")
    if days is not None:
        conditions.append(f"{BY_DUE} > %(from_time)s AND {BY_DUE} <= %(to_time)s")
    if statuses:
        conditions.append(f"{STATUS} = ANY(%(statuses)s)")
        # What follows from the status is said again, because only so an index is found for it.
        if statuses <= _STILL_STANDING:
            conditions.append(STANDING)
        if statuses <= _PAST:
            conditions.append(f"{BY_DUE} <= %(now)s")
    if not is_first_page:
        conditions.append(f"({BY_DUE}, duty_id) > (%(after_0)s::timestamptz, %(after_1)s::text)")
    return f"{_DUTY} {_where(conditions)} ORDER BY {BY_DUE}, duty_id LIMIT %(limit)s"


def _days_ahead(now: datetime, days: int | None) -> dict[str, datetime]:
    """From the beginning of today to the end of the last of these days, in Asia/Shanghai."""
    if days is None:
        return {}
    if not 0 <= days <= DUE_WITHIN_DAYS_MAX:
        raise Malformed([Violation("due_within_days", f"0 to {DUE_WITHIN_DAYS_MAX} days")])
    today = civil_date(now)
    return {"from_time": end_of_day(today - ONE_DAY), "to_time": end_of_day(today + timedelta(days=days))}


# --- messages -------------------------------------------------------------------------------------------------------


def _petitions(snapshot: Rows, petitions: list[PetitionRow], now: datetime) -> list[pb.Petition]:
    """Return the petitions as messages, each with what its last hand-off and its dates add."""
    parameters = {"petition_ids": [row.petition_id for row in petitions]}
    handoffs = {row[0]: HandoffRow._make(row) for row in select(snapshot, _LAST_HANDOFFS, parameters)}
    dates = {tuple(row[:3]): row[3] for row in select(snapshot, _DATES_TO_KEEP, parameters)}
    waiting = {row[0] for row in select(snapshot, _WAITING, parameters)}
    found = []
    for row in petitions:
        held = (row.petition_id, row.custodian)
        handled_by = next((date for rule in ("D10", "D13", "D15") if (date := dates.get((*held, rule)))), None)
        until = (dates.get((*held, "D5")), handled_by)
        zh, en = why(Situation(row, handoffs.get(row.petition_id), *until), now)
        ended = row.ended_time is not None and row.ended_time <= now
        gone = (
            dict.fromkeys(("custodian", "custody_kind", "charged_to", "held_since")) if ended else {"ended_time": None}
        )
        found.append(
            message_of(pb.Petition, row, why_zh=zh, why=en, parked=row.petition_id in waiting, as_of_sequence=0, **gone)
        )
    return found


def _unfolded(snapshot: Rows, petition_id: UUID) -> pb.Petition:
    """A petition of which nothing could be folded is not unknown: it waits behind a parked record."""
    if not select(snapshot, _WAITING, {"petition_ids": [petition_id]}):
        raise Refused(PETITION_UNKNOWN)
    return pb.Petition(
        petition_id=str(petition_id),
        parked=True,
        why_zh="该事项的第一条记录无法处理,已搁置",
        why="its first record could not be folded and is parked: see ListParked",
    )


def duty_message(row: tuple[Any, ...]) -> duty_pb2.Duty:
    """Return a row of status and duty as a message."""
    status, duty = row[0], DutyRow._make(row[1:])
    return message_of(
        duty_pb2.Duty,
        duty,
        rule=duty.rule_id,
        article=rule_row(duty.rule_id, duty.rule_version).article,
        case_id=duty.duty_id.partition("/")[0],
        status=status,
        start_date=civil_date(duty.opened_time),
        provisional=duty.due_state == DueState.CALENDAR_UNPUBLISHED,
    )


def _entry(row: tuple[Any, ...]) -> pb.TimelineEntry:
    names = ("sequence", "node", "position", "type", "agency", "occurred_time", "recorded_time", "provenance")
    return message_of(pb.TimelineEntry, None, **dict(zip(names, row, strict=True)))


def _due_time(row: tuple[Any, ...]) -> datetime | None:
    return DutyRow._make(row[1:]).due_time


def _text(instant: datetime | None) -> str:
    return instant.isoformat() if instant is not None else "infinity"
