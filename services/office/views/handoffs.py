"""`handoffs`: every offer of custody, whether it arrived, was objected to, came back, was reported on."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class HandoffRow(NamedTuple):
    """One hand-off; `number` counts those of its petition from 1."""

    petition_id: UUID
    handoff_id: UUID
    number: int
    kind: str
    from_agency: str
    to_agency: str
    offered_time: datetime
    report_due_date: date | None
    received_time: datetime | None
    objected_time: datetime | None
    objection_reason: str | None
    objection_late: bool | None
    ruled_time: datetime | None
    returned: bool
    reported_time: datetime | None


def rows(petition: PetitionFile, changes: Changes) -> Iterable[HandoffRow]:
    """The hand-offs that changed."""
    for handoff in changes.handoffs.values():
        yield HandoffRow(
            petition.petition_id,
            handoff.handoff_id,
            handoff.number,
            handoff.kind,
            handoff.from_agency,
            handoff.to_agency,
            handoff.offered_time,
            handoff.report_due_date,
            handoff.received_time,
            handoff.objected_time,
            handoff.objection_reason,
            handoff.objection_late,
            handoff.ruled_time,
            handoff.returned,
            handoff.reported_time,
        )


VIEW = View(
    Table(
        "handoffs",
        HandoffRow,
        key=("petition_id", "number"),
        indexes=(("by_pair", "(from_agency, to_agency, offered_time)"), ("by_receiver", "(to_agency, offered_time)")),
    ),
    rows,
)
