"""`query_codes`: which petition a query code or a rating token belongs to, by their digests alone."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class QueryCodeRow(NamedTuple):
    """The digests of a petition's two codes; neither the codes nor who holds them stand anywhere."""

    petition_id: UUID
    code_digest: str
    token_digest: str


def rows(petition: PetitionFile, changes: Changes) -> Iterable[QueryCodeRow]:
    """The petition's codes, once the agency that registered it has given them."""
    if (issued := changes.query_code) is not None:
        yield QueryCodeRow(petition.petition_id, issued.code_digest, issued.token_digest)


VIEW = View(
    Table(
        "query_codes",
        QueryCodeRow,
        key=("petition_id",),
        indexes=(("by_code", "(code_digest)"), ("by_token", "(token_digest)")),
    ),
    rows,
)
