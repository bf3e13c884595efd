"""`custody`: the segments of every petition's life, each with its custodian and the account it is charged to."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class SegmentRow(NamedTuple):
    """One segment; `to_time` is null while it lasts. The segments of a petition touch, without gap or overlap."""

    petition_id: UUID
    number: int
    kind: str
    custodian: str
    charged_to: str
    from_time: datetime
    to_time: datetime | None


def rows(petition: PetitionFile, changes: Changes) -> Iterable[SegmentRow]:
    """The segments that changed."""
    for segment in changes.segments.values():
        yield SegmentRow(
            petition.petition_id,
            segment.number,
            segment.kind,
            segment.custodian,
            segment.charged_to,
            segment.from_time,
            segment.to_time,
        )


VIEW = View(Table("custody", SegmentRow, key=("petition_id", "number")), rows)
