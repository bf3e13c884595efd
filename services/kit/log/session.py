"""The writer's connection: commands in, one call of the database's `append`, outcomes out.

It translates: commands into the arrays of the call, and what the driver raises into the three things that a writer
must tell apart (try again, out of order, this command cannot be stored).  It never tries again by itself.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import psycopg
from psycopg import errors

from services.kit.log.command import Append, Appended, LogUnavailable, Outcome, Unstorable, causation_of
from services.kit.log.connection import LogConnection, connect

_APPEND = """
select outcome, first_position, last_position, recorded_at, answer, actual_version
from append(%b::text[], %b::uuid[], %b::bytea[], %b::bytea[], %b::integer[],
            %b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::text[])
"""

_STORED = """
select event.position, event.recorded_at, event.topic, event.state, event.causation_id
from unnest(%b::uuid[], %b::bigint[]) with ordinality as wanted (originator_id, originator_version, place)
join event using (originator_id, originator_version)
order by place
"""

# Another attempt may succeed: a lock that was held too long, a cancelled statement, a deadlock with a maintenance job.
_PASSING = ("40001", "40P01", "55P03", "57014")


class Interrupted(Exception):
    """The attempt failed in a way that another may not; after a lost connection nobody knows whether it was stored."""

    def __init__(self, message: str, *, maybe_stored: bool) -> None:
        super().__init__(message)
        self.maybe_stored = maybe_stored


class AppendSession:
    """One connection, made when needed and again after it was lost.  Belongs to one thread."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: LogConnection | None = None

    def append(self, commands: Sequence[Append]) -> list[Appended]:
        """Append all commands in one transaction, durable on return.

        Raises `Interrupted`; `LogUnavailable` when the database refuses to write at all; `Unstorable` when one of the
        commands, nobody knows which, cannot be stored.
        """
        rows = self._rows(_APPEND, _arrays(commands))
        return [Appended(Outcome(outcome), *place) for outcome, *place in rows]

    def find_stored(self, command: Append) -> Appended | None:
        """Return where the command's facts stand, if each is stored under its stream and version byte for byte."""
        wanted = [(event.topic, event.state, causation_of(event)) for event in command.events]
        ids = [event.originator_id for event in command.events]
        versions = [event.originator_version for event in command.events]
        rows = self._rows(_STORED, (ids, versions))
        if not wanted or [(topic, state, cause) for _, _, topic, state, cause in rows] != wanted:
            return None
        last_position, recorded_at = rows[-1][:2]
        return Appended(Outcome.APPENDED, rows[0][0], last_position, recorded_at, None, None)

    def close(self) -> None:
        """Close the connection; the next call would open another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        connection = self._connected()
        try:
            return connection.execute(query.encode(), parameters, prepare=True, binary=True).fetchall()
        except (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded) as error:
            raise Unstorable(str(error)) from error
        except (UnicodeError, OverflowError) as error:
            raise Unstorable(str(error)) from error
        except psycopg.Error as error:
            raise self._trouble(error, connection) from error

    def _connected(self) -> LogConnection:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = connect(self._conninfo)
            except psycopg.OperationalError as error:
                raise Interrupted(f"the log cannot be reached: {error}", maybe_stored=False) from error
        return self._connection

    def _trouble(self, error: psycopg.Error, connection: LogConnection) -> Exception:
        state = error.sqlstate or ""
        if connection.closed or state.startswith(("08", "57P")):
            self.close()
            return Interrupted(f"the connection to the log was lost: {error}", maybe_stored=True)
        if state in _PASSING:
            return Interrupted(f"the log was busy: {error}", maybe_stored=False)
        if isinstance(error, errors.ReadOnlySqlTransaction):
            # This server may have become a standby: the next attempt asks again where the primary is.
            self.close()
        return LogUnavailable(f"the log cannot be written: {error}")


def _arrays(commands: Sequence[Append]) -> Sequence[object]:
    """Lay the commands out as the parallel arrays of `append`."""
    requests = [command.request for command in commands]
    events = list(chain.from_iterable(command.events for command in commands))
    return (
        [request and request.agency for request in requests],
        [request and request.request_id for request in requests],
        [request and request.payload_digest for request in requests],
        [request and request.answer for request in requests],
        [len(command.events) for command in commands],
        [event.originator_id for event in events],
        [event.originator_version for event in events],
        [event.topic for event in events],
        [event.state for event in events],
        [causation_of(event) for event in events],
    )
