"""Facts on the events topic whose inbox copy waits: until its addressee is known, or because that one is accused.

An agency that the directory does not list must not stop a whole node from publishing, and what is addressed to it must
not be lost: so the relay notes the fact here, goes on, and sends the copy when the directory changes and at each start.
A later fact of the same petition to the same agency waits behind an earlier one. An accusation that would reach the
accused (Art. 30(3)) stays here for good, unless the directory comes to say otherwise.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from services.kit.log.connection import LogConnection

ADDRESSEE_UNKNOWN = "ADDRESSEE_UNKNOWN"

_OPEN = """
select position, petition_id, to_agency, reason from held_delivery
where delivered_time is null and position > %b order by position limit %b
"""
_WAITING = "select distinct petition_id, to_agency from held_delivery where delivered_time is null"
_HOLD = """
insert into held_delivery (position, petition_id, to_agency, reason)
select * from unnest(%b::bigint[], %b::uuid[], %b::text[], %b::text[]) on conflict do nothing
"""
_DELIVERED = "update held_delivery set delivered_time = now() where position = any(%b) and delivered_time is null"


class HeldDelivery(NamedTuple):
    """A fact by its position, for whom it is, and why it is held."""

    position: int
    petition_id: UUID
    to_agency: str
    reason: str


class HeldDeliveries:
    """The held facts of one node, over the connection of its active relay."""

    def __init__(self, connection: LogConnection) -> None:
        self._connection = connection
        self._waiting: set[tuple[UUID, str]] = set(connection.execute(_WAITING, binary=True).fetchall())

    def is_waiting(self, petition_id: UUID, to_agency: str) -> bool:
        """Whether something of the petition is held for the agency, so that whatever follows has to wait as well."""
        return (petition_id, to_agency) in self._waiting

    def hold(self, deliveries: Sequence[HeldDelivery]) -> None:
        """Note facts durably, inside the caller's transaction."""
        self._connection.execute(_HOLD, tuple(map(list, zip(*deliveries, strict=True))))
        self._waiting.update((held.petition_id, held.to_agency) for held in deliveries)

    def open(self, after_position: int, limit: int) -> list[HeldDelivery]:
        """Return what is still held after a position, in order."""
        rows = self._connection.execute(_OPEN, (after_position, limit), binary=True).fetchall()
        return list(map(HeldDelivery._make, rows))

    def delivered(self, positions: Iterable[int]) -> None:
        """Note that the copies of these facts are on their way."""
        self._connection.execute(_DELIVERED, (list(positions),))
        self._waiting = set(self._connection.execute(_WAITING, binary=True).fetchall())
