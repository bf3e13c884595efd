"""A domain event in its place: which stream it belongs to, as the how-manieth, and what caused it.

Domain events know nothing of streams; `eventsourcing` wants both on one object.  This wrapper is that object.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.event import Event


@dataclass(frozen=True, slots=True)
class Fact:
    """One event of one stream; versions of a stream count from 1 without gaps."""

    originator_id: UUID
    originator_version: int
    event: Event
    causation_id: str | None = None
