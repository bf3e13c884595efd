"""The library's recorder over the node's log: what `eventsourcing` reads and writes passes through here.

It replaces the library's PostgreSQL recorder, which holds a table lock over several round trips for each command, and
leaves gaps in the positions.  It passes the library's own contract tests.  It never changes or deletes a row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from services.kit.log.command import Append, Appended, CausedEvent, LoggedEvent, Outcome, StoredAnswer
from services.kit.log.connection import ReadConnections
from services.kit.log.group_commit import DEFAULT_LIMITS, GroupCommit, Limits
from services.kit.log.listener import AppendListener

_POLL_SECONDS = 0.1
_SUBSCRIPTION_ROWS = 500


class GroupCommitRecorder(ApplicationRecorder):
    """Appends through one writer and reads over a few shared connections; safe to use from any thread."""

    def __init__(self, conninfo: str, *, limits: Limits = DEFAULT_LIMITS, readers_max: int = 4) -> None:
        self._conninfo = conninfo
        self._reads = ReadConnections(conninfo, readers_max)
        self._writer = GroupCommit(conninfo, limits)

    @property
    def is_running(self) -> bool:
        """Whether commands are taken."""
        return self._writer.is_running

    def append(self, command: Append) -> Appended:
        """Append one command; see `GroupCommit.append`."""
        return self._writer.append(command)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append the events as one command and return their positions.

        Raises the library's `IntegrityError` when a version does not follow its stream's last one.
        """
        if kwargs.get("tracking") is not None:
            raise ProgrammingError("this log keeps no tracking records: give the command a request id instead")
        if not stored_events:
            return None
        appended = self.append(Append(stored_events))
        if appended.outcome is Outcome.CONFLICT:
            raise IntegrityError(f"the stream has already reached version {appended.actual_version}")
        assert appended.first_position is not None
        assert appended.last_position is not None
        return list(range(appended.first_position, appended.last_position + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return events of one stream in the order of their versions, or in the reverse order."""
        query = _STREAM_BACKWARD if desc else _STREAM
        rows = self._reads.rows(query, (originator_id, -1 if gt is None else gt, lte, limit))
        return [
            StoredEvent(originator_id, version, topic, state)
            if causation_id is None
            else CausedEvent(originator_id, version, topic, state, causation_id)
            for version, topic, state, causation_id in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events in the order of their positions, from `start` to `stop`, of the given topics only."""
        after = 0 if start is None else start - inclusive_of_start
        rows = self._reads.rows(_NOTIFICATIONS, (after, stop, not topics, list(topics), limit))
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the last position, `None` for an empty log."""
        return self.head()[0] or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "LogSubscription":
        """Return an endless iterator over the events after a position."""
        return LogSubscription(self, gt, topics)

    def listen(self) -> AppendListener:
        """Return a listener to new commits; the caller closes it."""
        return AppendListener(self._conninfo)

    def select_stored(self, after_position: int, limit: int) -> list[LoggedEvent]:
        """Return whole rows after a position, as stored, in order."""
        return list(map(LoggedEvent._make, self._reads.rows(_ROWS, (after_position, limit))))

    def find_request(self, agency: str, request_id: UUID) -> StoredAnswer | None:
        """Return what was answered to a request, if it was."""
        rows = self._reads.rows(_REQUEST, (agency, request_id))
        return StoredAnswer._make(rows[0]) if rows else None

    def head(self) -> tuple[int, datetime | None]:
        """Return the last position and its recorded time; `(0, None)` for an empty log."""
        rows = self._reads.rows(_HEAD)
        return rows[0] if rows else (0, None)

    def position_as_of(self, instant: datetime) -> int:
        """Return the last position recorded at or before an instant, 0 if there is none."""
        position: int = self._reads.rows("select position_as_of(%b::timestamptz)", (instant,))[0][0]
        return position

    def close(self) -> None:
        """Store what is in line, then close every connection."""
        self._writer.close()
        self._reads.close()


class LogSubscription(Subscription[GroupCommitRecorder]):
    """Yields events as they are recorded.

    The library's own subscription reads before it listens, and sleeps over what is recorded in between; this one
    listens first, and reads again after a short while even when it heard nothing.
    """

    def __init__(self, recorder: GroupCommitRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._listener = recorder.listen()
        self._ready: list[Notification] = []

    def __next__(self) -> Notification:
        """Return the next event, waiting for it; ends after `stop`."""
        while not self._has_been_stopped:
            if self._ready:
                notification = self._ready.pop()
                self._last_notification_id = notification.id
                return notification
            found = self._recorder.select_notifications(
                self._last_notification_id, _SUBSCRIPTION_ROWS, topics=self._topics, inclusive_of_start=False
            )
            self._ready = list(reversed(found))
            if not found:
                self._listener.wait(_POLL_SECONDS)
        self._listener.close()
        raise StopIteration

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._listener.close()


_STREAM = """
select originator_version, topic, state, causation_id from event
where originator_id = %b and originator_version > %b and originator_version <= coalesce(%b, 9223372036854775807)
order by originator_version limit %b
"""

_STREAM_BACKWARD = """
select originator_version, topic, state, causation_id from event
where originator_id = %b and originator_version > %b and originator_version <= coalesce(%b, 9223372036854775807)
order by originator_version desc limit %b
"""

_NOTIFICATIONS = """
select originator_id, originator_version, topic, state, position from event
where position > %b and position <= coalesce(%b, 9223372036854775807) and (%b or topic = any(%b::text[]))
order by position limit %b
"""

_ROWS = """
select position, originator_id, originator_version, topic, state, recorded_at, leaf_hash, causation_id from event
where position > %b order by position limit %b
"""

_REQUEST = "select payload_digest, answer, position, recorded_at from request where agency = %b and request_id = %b"

_HEAD = "select position, recorded_at from event order by position desc limit 1"
