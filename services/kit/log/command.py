"""What is asked of the log and what it answers: a command with all its facts, and what became of it.

A command is stored wholly or not at all.  These are plain values: nothing here talks to a database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import DataError, OperationalError, StoredEvent

COMMAND_BYTES_MAX = 16 * 1024 * 1024


class LogUnavailable(OperationalError):
    """The log could not be reached, or has no room.  Trouble, not a refusal: try again, with the same request id.

    `maybe_stored` is true when the connection broke while the command was under way, so that its facts may stand in
    the log all the same; otherwise nothing of it was stored.
    """

    def __init__(self, message: str, *, maybe_stored: bool = False) -> None:
        super().__init__(message)
        self.maybe_stored = maybe_stored


class Unstorable(DataError):
    """PostgreSQL cannot hold this command (too large, a NUL in a text, a version out of range); nothing was stored."""


@dataclass(frozen=True)
class CausedEvent(StoredEvent):
    """A stored event that names what caused it."""

    causation_id: str
    """`<node>:<position>` of the causing fact, or another opaque id."""


def causation_of(event: StoredEvent) -> str | None:
    """Return what caused the stored event, if that is known."""
    return event.causation_id if isinstance(event, CausedEvent) else None


@dataclass(frozen=True, slots=True)
class Request:
    """The caller's name for a command, so that sending it twice does it once.

    The answer is kept with the facts.  It cannot hold their position, which is known only then: the position is kept
    beside it, and whoever answers puts the two together.
    """

    agency: str
    request_id: UUID
    payload_digest: bytes
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """One command: its facts, which may be none, each at the version that follows its stream's last one."""

    events: Sequence[StoredEvent]
    request: Request | None = None

    def size_bytes(self) -> int:
        """Return about how much the command takes on its way to the database."""
        return sum(len(event.state) for event in self.events) + len((self.request and self.request.answer) or b"")


class Outcome(StrEnum):
    """What became of a command."""

    APPENDED = "appended"
    REPLAYED = "replayed"
    """The request was answered before: here is its answer, and nothing was written."""
    REQUEST_REUSED = "request_reused"
    """The request id came before with another payload; nothing was written."""
    CONFLICT = "conflict"
    """Another command came first on one of its streams; nothing was written, and the request id may be used again."""


class Appended(NamedTuple):
    """The outcome of a command, and its place in the log when it has one.

    Facts of one command stand at `first_position .. last_position`, a microsecond apart, the last at `recorded_at`.
    Without facts, `first_position` is `None` and `last_position` is the head of the log.  A replay knows only the
    last position.  `actual_version` is the last version of the stream that was in conflict.
    """

    outcome: Outcome
    first_position: int | None
    last_position: int | None
    recorded_at: datetime | None
    answer: bytes | None
    actual_version: int | None


class StoredAnswer(NamedTuple):
    """What the log keeps of an answered request."""

    payload_digest: bytes
    answer: bytes | None
    position: int
    recorded_at: datetime


class LoggedEvent(NamedTuple):
    """One row of the log, as stored."""

    position: int
    originator_id: UUID
    originator_version: int
    topic: str
    state: bytes
    recorded_at: datetime
    leaf_hash: bytes
    causation_id: str | None
