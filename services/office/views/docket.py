"""`docket`: every matter that goes to and fro between agencies so that the Joint Meeting must hear of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class DocketRow(NamedTuple):
    """One ground on which a petition is put to the Joint Meeting; `docketed_time` is None until that is on record."""

    petition_id: UUID
    ground: str
    agencies: str
    reached_time: datetime
    docketed_time: datetime | None


def rows(petition: PetitionFile, changes: Changes) -> Iterable[DocketRow]:
    """The grounds that changed; agencies are written one after the other, between commas."""
    for docket in changes.dockets.values():
        yield DocketRow(
            petition.petition_id, docket.ground, ",".join(docket.agencies), docket.reached_time, docket.docketed_time
        )


VIEW = View(
    Table(
        "docket",
        DocketRow,
        key=("petition_id", "ground"),
        indexes=(
            ("by_time", "(reached_time, petition_id, ground)"),
            ("to_record", "(reached_time) WHERE docketed_time IS NULL"),
        ),
    ),
    rows,
)
