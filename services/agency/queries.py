"""What a calling agency reads: its cases, its duties, how a date comes about, and whom it can hand a petition to.

A list comes from the node's views and says which position of the log it reflects; a single case comes from the log
itself. Nobody learns anything about another agency's cases, not even that they exist.
"""

import time
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from domain.calendar import DueState
from domain.case import CASE_UNKNOWN, Phase, reaches_accused
from domain.duty_table import rule_row
from domain.event import Refusal
from domain.explanation import steps_of
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import duty_pb2
from services.agency.handle import CASE
from services.agency.views import CaseRow, DutyRow, open_views
from services.kit.database import Rows
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.messages import fields_of, message_of
from services.kit.rpc.pages import key_of, page_size, token_of
from services.kit.snapshots import Snapshots

WAIT_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.01

_DUTY_UNKNOWN = Refusal(
    "DUTY_UNKNOWN",
    "this agency has no such duty",
    "本机关没有该责任事项",
    field="duty_id",
    remedy="look it up with ListDuties",
)


class Queries:
    """The reads of one node; `close` lets go of its connections."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._snapshots = Snapshots(lambda: open_views(node.settings.log_dsn))

    def close(self) -> None:
        """Close the connections."""
        self._snapshots.close()

    def get_case(self, request: pb.GetCaseRequest, agency: str) -> pb.Case:
        """Read one case from the log, as it stands at this moment."""
        case_id = _uuid(request.case_id, "case_id")
        position, _ = self._node.log.head()
        case, version = self._node.log.load(case_id, CASE, fresh=True)
        if case is None or case.agency != agency or reaches_accused(case, agency, self._node.directory.register()):
            raise Refused(CASE_UNKNOWN)
        inner = {name: _inner(kind, getattr(case, name)) for name, kind in _INNER.items()}
        recused = sorted(case.recused)
        return message_of(pb.Case, case, **inner, recused=recused, version=version, as_of_position=position)

    def list_cases(self, request: pb.ListCasesRequest, agency: str) -> pb.ListCasesResponse:
        """List the agency's cases, the oldest receipt first."""
        if request.phase and request.phase not in list(Phase):
            raise Malformed([Violation("phase", f"one of {', '.join(Phase)}, or empty")])
        question = ("cases", agency, request.phase)
        after = key_of(request.page_token, question, 2)
        size = page_size(request.page_size)
        parameters = self._reader(agency) | {"phase": request.phase, "limit": size + 1}
        if after:
            parameters |= {"after_time": after[0], "after_id": after[1]}
        query = _cases_query(by_phase=bool(request.phase), is_first_page=after is None)
        self._await(request.min_position)
        position, rows = self._snapshots.read(lambda snapshot: _rows(snapshot, query, parameters))
        cases = [CaseRow._make(row) for row in rows]
        token = ""
        if len(cases) > size:
            last = cases[size - 1]
            token = token_of((last.received_time.isoformat(), str(last.case_id)), question)
        return pb.ListCasesResponse(
            cases=[message_of(pb.CaseSummary, row) for row in cases[:size]],
            next_page_token=token,
            as_of_position=position,
        )

    def list_duties(self, request: pb.ListDutiesRequest, agency: str) -> pb.ListDutiesResponse:
        """List the agency's duties, the earliest date first, each with its status at this moment."""
        statuses: tuple[str, ...] = fields_of(request).get("statuses", ())
        case_id = _uuid(request.case_id, "case_id") if request.case_id else None
        question = ("duties", agency, case_id, *sorted(statuses))
        after = key_of(request.page_token, question, 2)
        size = page_size(request.page_size)
        parameters = self._reader(agency) | {"case_id": case_id, "statuses": list(statuses)}
        parameters |= {"now": self._node.clock(), "limit": size + 1}
        if after:
            parameters |= {"after_time": after[0], "after_id": after[1]}
        query = _duties_query(frozenset(statuses), by_case=case_id is not None, is_first_page=after is None)
        self._await(request.min_position)
        position, rows = self._snapshots.read(lambda snapshot: _rows(snapshot, query, parameters))
        token = ""
        if len(rows) > size:
            _, last = _duty_of(rows[size - 1])
            due = last.due_time.isoformat() if last.due_time else "infinity"
            token = token_of((due, last.duty_id), question)
        return pb.ListDutiesResponse(
            duties=[_duty(*_duty_of(row)) for row in rows[:size]], next_page_token=token, as_of_position=position
        )

    def explain_duty(self, request: pb.ExplainDutyRequest, agency: str) -> duty_pb2.DueExplanation:
        """Give the arithmetic of a due date step by step, and what its rule asks for."""
        self._await(request.min_position)
        parameters = self._reader(agency) | {"duty_id": request.duty_id, "now": self._node.clock()}
        _, rows = self._snapshots.read(lambda snapshot: _rows(snapshot, _ONE_DUTY, parameters))
        if not rows:
            raise Refused(_DUTY_UNKNOWN)
        status, duty = _duty_of(rows[0])
        rule = rule_row(duty.rule_id, duty.rule_version)
        steps = steps_of(duty, self._node.law)
        return duty_pb2.DueExplanation(
            duty=_duty(status, duty),
            steps=[step.en for step in steps],
            steps_zh=[step.zh for step in steps],
            title_zh=rule.title_zh,
            title=rule.title,
        )

    def list_agencies(self, request: pb.ListAgenciesRequest) -> pb.ListAgenciesResponse:
        """List the agencies of the directory by their ids."""
        after = key_of(request.page_token, ("agencies",), 1) or ("",)
        size = page_size(request.page_size)
        entries = [entry for entry in self._node.directory.agencies() if entry.agency > after[0]]
        return pb.ListAgenciesResponse(
            agencies=[message_of(pb.Agency, entry) for entry in entries[:size]],
            next_page_token=token_of((entries[size - 1].agency,), ("agencies",)) if len(entries) > size else "",
        )

    def _reader(self, agency: str) -> dict[str, Any]:
        """Who reads, and whose accusations are kept from this reader as the directory stands now."""
        return {"agency": agency, "shielded": [agency, *self._node.directory.register().all_above(agency)]}

    def _await(self, min_position: int) -> None:
        """Wait until the views reflect the position, at most a few seconds."""
        if min_position <= 0:
            return
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while (position := self._snapshots.read(_position)) < min_position:
            if time.monotonic() > deadline:
                raise Refused(_not_reached(min_position), as_of_position=str(position))
            time.sleep(LOOK_SECONDS)


# --- tables ---------------------------------------------------------------------------------------------------------

_STATUS = """
    CASE WHEN met_time IS NOT NULL THEN CASE WHEN met_time >= due_time THEN 'late' ELSE 'met' END
         WHEN released_time IS NOT NULL THEN 'released'
         WHEN due_time IS NULL OR due_time > %(now)s THEN 'open'
         WHEN nature = 'window' THEN 'lapsed' ELSE 'breached' END"""
"""`domain.duties.Duty.status` in SQL, so that a page can be cut where the rows are."""

_STANDING = frozenset({"open", "breached", "lapsed"})
_DUTY = f"SELECT {_STATUS} AS status, {', '.join(DutyRow._fields)} FROM node_duty"
_ACCUSES_READER = "accused <> '' AND string_to_array(accused, ',') && %(shielded)s"
_OF_SHOWN_CASE = f"""
    NOT EXISTS (SELECT FROM node_case WHERE node_case.case_id = node_duty.case_id AND {_ACCUSES_READER})"""
"""What the reader is accused in, or an agency that it is under, is not shown: not even that it exists, Art. 30(3)."""

_ONE_DUTY = f"{_DUTY} WHERE duty_id = %(duty_id)s AND agency = %(agency)s AND {_OF_SHOWN_CASE}"


def _cases_query(*, by_phase: bool, is_first_page: bool) -> str:
    conditions = ["agency = %(agency)s", f"NOT ({_ACCUSES_READER})"]
    if by_phase:
        conditions.append("phase = %(phase)s")
    if not is_first_page:
        conditions.append("(received_time, case_id) > (%(after_time)s::timestamptz, %(after_id)s::uuid)")
    return f"""
        SELECT {", ".join(CaseRow._fields)} FROM node_case WHERE {" AND ".join(conditions)}
        ORDER BY received_time, case_id LIMIT %(limit)s"""


def _duties_query(statuses: frozenset[str], *, by_case: bool, is_first_page: bool) -> str:
    conditions = ["debtor = %(agency)s", _OF_SHOWN_CASE]
    if by_case:
        conditions.append("case_id = %(case_id)s")
    if statuses:
        conditions.append(f"{_STATUS} = ANY(%(statuses)s)")
    if statuses and statuses <= _STANDING:
        conditions.append("met_time IS NULL AND released_time IS NULL")
    if not is_first_page:
        conditions.append(
            "(coalesce(due_time, 'infinity'), duty_id) > (%(after_time)s::timestamptz, %(after_id)s::text)"
        )
    return f"""
        {_DUTY} WHERE {" AND ".join(conditions)}
        ORDER BY coalesce(due_time, 'infinity'), duty_id LIMIT %(limit)s"""


def _rows(snapshot: Rows, query: str, parameters: dict[str, Any]) -> tuple[int, list[tuple[Any, ...]]]:
    return _position(snapshot), snapshot.execute(query.encode(), parameters).fetchall()


def _position(snapshot: Rows) -> int:
    [(position,)] = snapshot.execute("SELECT position FROM node_position").fetchall()
    return int(position)


# --- messages -------------------------------------------------------------------------------------------------------


_INNER: dict[str, type[Message]] = {
    "incoming": pb.Offer,
    "outgoing": pb.Offer,
    "review": pb.Review,
    "joint": pb.Negotiation,
    "consultations": pb.Negotiation,
    "assistants": pb.Assistance,
    "assistances": pb.Assistance,
}
"""The parts of a case that are messages of their own, one or several."""


def _inner(kind: type[Message], part: Any) -> Any:
    if isinstance(part, tuple):
        return [message_of(kind, one) for one in part]
    return message_of(kind, part) if part is not None else None


def _duty_of(row: tuple[Any, ...]) -> tuple[str, DutyRow]:
    return row[0], DutyRow._make(row[1:])


def _duty(status: str, duty: DutyRow) -> duty_pb2.Duty:
    is_provisional = duty.due_state == DueState.CALENDAR_UNPUBLISHED
    return message_of(duty_pb2.Duty, duty, rule=duty.rule_id, status=status, provisional=is_provisional)


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Malformed([Violation(field, "a UUID is needed")]) from None


def _not_reached(position: int) -> Refusal:
    return Refusal(
        "POSITION_NOT_REACHED",
        f"the node's views do not reflect position {position} yet",
        f"节点视图尚未到达位置 {position}",
        field="min_position",
        remedy="ask again shortly; check that the position came from this node",
    )
