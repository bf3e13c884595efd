"""`ratings`: each role that may be rated on a petition, with what the petitioner said, or with nothing."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class RatingRow(NamedTuple):
    """One role whose stage is over; `satisfaction` is null while the petitioner said nothing."""

    petition_id: UUID
    rated: str
    rated_agency: str
    eligible: bool
    satisfaction: str | None


def rows(petition: PetitionFile, changes: Changes) -> Iterable[RatingRow]:
    """The petition's roles, when anything moved that bears on them."""
    if not changes.is_rating_moved:
        return
    sheet = petition.ratings
    for rated, agency in sheet.agencies.items():
        yield RatingRow(petition.petition_id, rated, agency, not sheet.is_excluded, sheet.given.get(rated))


VIEW = View(
    Table("ratings", RatingRow, key=("petition_id", "rated"), indexes=(("by_agency", "(rated_agency, rated)"),)), rows
)
