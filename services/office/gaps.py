"""What waits without a date: duties that the law gives no figure for, by age, and matters that go to and fro.

The Regulations leave holes: nobody has a date for deciding on acceptance, for ruling on an objection, for executing a
supported opinion. They are shown with their age and the agency that must move, and never papered over with a figure
that the law does not give.
"""

from datetime import datetime, timedelta
from typing import Any

from domain.duty_table import rule_row
from lianxi.office.v1 import office_service_pb2 as pb
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Violation
from services.kit.rpc.messages import message_of
from services.office.queries import duty_message
from services.office.reading import Page, Reader
from services.office.views.docket import DocketRow
from services.office.views.duties import STANDING, DutyRow

DAYS_MAX = 36_600

_GAPS = f"""
    SELECT first_received_time, 'open' AS status, {", ".join(f"duties.{name}" for name in DutyRow._fields)}
    FROM views.duties JOIN views.petitions USING (petition_id)
    WHERE nature = 'duty' AND due_time IS NULL AND {STANDING} AND opened_time <= %(opened_until)s"""
_DOCKET = f"SELECT {', '.join(DocketRow._fields)} FROM views.docket"


class Gaps:
    """The reads of what has no date."""

    def __init__(self, node: Node, reader: Reader) -> None:
        self._node, self._reader = node, reader

    def list_gaps(self, request: pb.ListGapsRequest) -> pb.ListGapsResponse:
        """List the open duties without a figure in law, the longest open first."""
        if not 0 <= request.open_days_min <= DAYS_MAX:
            raise Malformed([Violation("open_days_min", f"0 to {DAYS_MAX} days")])
        page = Page.asked(request, ("gaps", request.rule, request.debtor, request.open_days_min), 2)
        now = self._node.clock()
        parameters: dict[str, Any] = {"rule": request.rule, "debtor": request.debtor, **page.parameters}
        parameters["opened_until"] = now - timedelta(days=request.open_days_min)
        sequence, found = self._reader.rows(_gaps_query(request, is_first_page=page.after is None), parameters)
        rows, token = page.cut(found, lambda row: (_duty(row).opened_time.isoformat(), _duty(row).duty_id))
        return pb.ListGapsResponse(
            gaps=[_gap(row, now) for row in rows], next_page_token=token, as_of_sequence=sequence
        )

    def list_docket(self, request: pb.ListDocketRequest) -> pb.ListDocketResponse:
        """List what is put to the Joint Meeting, the oldest first."""
        page = Page.asked(request, ("docket",), 3)
        after = (
            "WHERE (reached_time, petition_id, ground) > (%(after_0)s::timestamptz, %(after_1)s::uuid, %(after_2)s)"
            if page.after
            else ""
        )
        query = f"{_DOCKET} {after} ORDER BY reached_time, petition_id, ground LIMIT %(limit)s"
        sequence, found = self._reader.rows(query, page.parameters)
        rows, token = page.cut(
            [DocketRow._make(row) for row in found],
            lambda row: (row.reached_time.isoformat(), str(row.petition_id), row.ground),
        )
        entries = [message_of(pb.DocketEntry, row, agencies=row.agencies.split(",")) for row in rows]
        return pb.ListDocketResponse(entries=entries, next_page_token=token, as_of_sequence=sequence)


def _gaps_query(request: pb.ListGapsRequest, *, is_first_page: bool) -> str:
    conditions = [_GAPS]
    if request.rule:
        conditions.append("rule_id = %(rule)s")
    if request.debtor:
        conditions.append("debtor = %(debtor)s")
    if not is_first_page:
        conditions.append("(opened_time, duty_id) > (%(after_0)s::timestamptz, %(after_1)s::text)")
    return f"{' AND '.join(conditions)} ORDER BY opened_time, duty_id LIMIT %(limit)s"


def _duty(row: tuple[Any, ...]) -> DutyRow:
    return DutyRow._make(row[2:])


def _gap(row: tuple[Any, ...], now: datetime) -> pb.Gap:
    duty = _duty(row)
    rule = rule_row(duty.rule_id, duty.rule_version)
    return pb.Gap(
        duty=duty_message(row[1:]),
        open_days=(now - duty.opened_time).days,
        petition_days=(now - (row[0] or duty.opened_time)).days,
        title_zh=rule.title_zh,
        title=rule.title,
    )
