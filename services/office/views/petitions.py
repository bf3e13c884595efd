"""`petitions`: one row a petition, with the one agency that answers for it now."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class PetitionRow(NamedTuple):
    """A petition's place in the main line; `ended_time` may lie ahead, where a petitioner's window will lapse."""

    petition_id: UUID
    phase: str
    category: str | None
    channel: str | None
    outcome: str | None
    first_received_time: datetime | None
    first_agency: str | None
    custodian: str | None
    custody_kind: str | None
    charged_to: str | None
    held_since: datetime | None
    ended_time: datetime | None
    handoffs: int
    returns: int
    events: int
    last_event_time: datetime | None
    urgency: str | None
    is_repeat: bool
    is_collective: bool
    linked_petition_id: UUID | None


def rows(petition: PetitionFile, _changes: Changes) -> Iterable[PetitionRow]:
    """The petition's one row; none for a petition of which only the office's own facts are known."""
    if not petition.events:
        return
    segment = petition.custody.current
    yield PetitionRow(
        petition.petition_id,
        petition.phase,
        petition.category,
        petition.channel,
        petition.outcome,
        petition.first_received_time,
        petition.first_agency,
        segment.custodian if segment else None,
        segment.kind if segment else None,
        segment.charged_to if segment else None,
        segment.from_time if segment else None,
        petition.custody.ended_time,
        len(petition.handoffs),
        petition.returns,
        petition.events,
        petition.last_event_time,
        petition.urgency,
        petition.is_repeat,
        petition.is_collective,
        petition.linked_petition_id,
    )


BY_RECEIPT = "coalesce(first_received_time, 'infinity')"
"""The order of lists; a petition whose registration was left out comes last, and is in the list all the same."""

VIEW = View(
    Table(
        "petitions",
        PetitionRow,
        key=("petition_id",),
        indexes=(
            ("by_receipt", f"(({BY_RECEIPT}), petition_id)"),
            ("by_custodian", f"(custodian, ({BY_RECEIPT}), petition_id)"),
        ),
    ),
    rows,
)
