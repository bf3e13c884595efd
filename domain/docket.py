"""The docket (提请事项): what is put to the Joint Meeting because the agencies do not settle it among themselves.

A petition is docketed by itself, on the facts of its road: at its third return, or when two agencies have each objected
to the other's hand-off of it, Arts. 11 and 24(1). The office's log takes each docketing once, because the stream's id
follows from petition and ground. It is a fact about agencies; the petitioner's content has no part in it.
"""

from typing import ClassVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime

from domain.event import AgencyId, Event
from domain.vocabulary import Word

DOCKET_NAMESPACE = UUID("5b8e2c74-0f4b-5c1d-8a36-7d1e90c2ab53")
RETURNS_TO_DOCKET = 3
"""A practice of this system, not a figure of the law: Art. 24 leaves open how often a matter may come back."""


class DocketGround(Word):
    """Why a matter is put to the Joint Meeting."""

    THIRD_RETURN = "third_return", "第三次退回"
    MUTUAL_OBJECTION = "mutual_objection", "互相异议"


class PetitionDocketed(Event):
    """The matter was put to the Joint Meeting; `agencies` are those between which it went to and fro, sorted."""

    type_name: ClassVar[str] = "lianxi.docket.v1.PetitionDocketed"
    ground: DocketGround
    agencies: tuple[AgencyId, ...]
    reached_time: AwareDatetime


def docket_id_of(petition_id: UUID, ground: str) -> UUID:
    """The id of the stream that holds the one docketing of a petition on a ground."""
    return uuid5(DOCKET_NAMESPACE, f"{petition_id}/{ground}")
