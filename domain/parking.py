"""What the office decided about a record that it could not fold: to fold it again, or to leave it out.

The decision is a fact like any other: it names the record by its place on the bus, the office, and a reason from a
closed list. The office's ingest carries it out when it meets it on the bus, so it happens once, and an office that
reads the whole bus again comes to the same views. A reason never holds free text: a reference points to the ticket.
"""

from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from pydantic import Field

from domain.event import AgencyId, Event, Reference
from domain.vocabulary import Word

PARKING_NAMESPACE = UUID("b0c5b1f1-3f0e-5f7b-8f61-8a3a8f7d3c21")


class ParkingReason(Word):
    """Why a parked record is folded again or left out."""

    UPGRADED = "upgraded", "软件已升级"
    DUPLICATE = "duplicate", "重复记录"
    CORRUPT = "corrupt", "记录损坏"
    OTHER = "other", "其他"


class _Decision(Event):
    """Where the record stands on the bus, whose it is as far as that can be read, and why it is decided so."""

    partition: Annotated[int, Field(ge=0)]
    record_offset: Annotated[int, Field(ge=0)]
    node: AgencyId | None = None
    position: Annotated[int, Field(ge=1)] | None = None
    reason: ParkingReason
    reference: Reference | None = None


class ParkedRecordRetried(_Decision):
    """The petition's parked records are to be folded again, in their order."""

    type_name: ClassVar[str] = "lianxi.office.v1.ParkedRecordRetried"


class ParkedRecordSkipped(_Decision):
    """The record is left out for good, and what waits behind it is folded."""

    type_name: ClassVar[str] = "lianxi.office.v1.ParkedRecordSkipped"


PARKING_TYPES = frozenset({ParkedRecordRetried.type_name, ParkedRecordSkipped.type_name})
"""The types of the decisions, which concern a record and change nothing about its petition."""


def parked_record_id(partition: int, record_offset: int) -> UUID:
    """The id of the stream of decisions on one record; it also stands for the petition where that cannot be read."""
    return uuid5(PARKING_NAMESPACE, f"{partition}/{record_offset}")
