"""The table of parked records: what could not be folded, and what of the same petition waits behind it.

Ingest alone changes it, in the transactions of its batches: it parks, and it carries out the office's decisions when
it meets them on the bus (`domain.parking`). A record is settled by being folded, by being skipped, or as a duplicate of
one that was taken in already; its row stays, with the decision that settled it.
"""

import logging
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.parking import ParkedRecordSkipped
from services.kit.bus.port import Record, events_topic
from services.kit.database import Rows
from services.kit.directory import Directory
from services.office.batch import Batch, Parked, Taken, take

log = logging.getLogger(__name__)

_INSERT = """
    INSERT INTO office.parked
        (petition_id, node, position, type, partition, record_offset, record_key, value, reason, poison)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""

_BLOCKED = "SELECT DISTINCT petition_id FROM office.parked WHERE resolved_time IS NULL AND petition_id = ANY(%s)"

_SETTLE = """
    UPDATE office.parked SET resolved_time = transaction_timestamp(), resolution = %s, resolved_by = %s
    WHERE resolved_time IS NULL AND (partition, record_offset) IN (SELECT * FROM unnest(%s::int[], %s::bigint[]))"""

_PARK_AGAIN = """
    UPDATE office.parked SET reason = %s, poison = %s, petition_id = coalesce(petition_id, %s)
    WHERE partition = %s AND record_offset = %s"""

_OPEN = """
    SELECT partition, record_offset, record_key, value FROM office.parked
    WHERE resolved_time IS NULL AND (petition_id = %s OR (partition = %s AND record_offset = %s)) ORDER BY parked_id"""

_TAKEN_IN = """
    SELECT node, position FROM office.inbox
    WHERE (node, position) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))"""


class _Place(NamedTuple):
    partition: int
    record_offset: int


class ParkedRecords:
    """The table, written within the transaction of whoever owns the connection."""

    def __init__(self, connection: Rows, directory: Directory) -> None:
        self._connection = connection
        self._directory = directory

    def blocked(self, petition_ids: set[UUID]) -> set[UUID]:
        """Return those petitions of which a record is parked."""
        return {row[0] for row in self._connection.execute(_BLOCKED, [list(petition_ids)])}

    def insert(self, parked: Iterable[Parked]) -> None:
        """Put records aside."""
        for aside in parked:
            record, envelope = aside.taken.record, aside.taken.envelope
            name = (envelope.node, envelope.position, envelope.type) if envelope else (None, None, None)
            place = (record.partition, record.offset, record.key, record.value)
            self._connection.execute(_INSERT, [aside.taken.petition_id, *name, *place, aside.reason, aside.poison])
            log.warning("parked record partition=%s offset=%s reason=%s", record.partition, record.offset, aside.reason)

    def decided(self, decision: Taken) -> list[Taken]:
        """Settle what the decision skips, and return the records that it lets be folded again, in their order."""
        event = decision.event
        skips = event.type_name == ParkedRecordSkipped.type_name
        if skips:
            self._settle("skipped", decision, [_Place(event.partition, event.record_offset)])
        rows = self._connection.execute(_OPEN, [event.petition_id, event.partition, event.record_offset]).fetchall()
        waiting = [take(Record(events_topic().name, *row), self._directory) for row in rows]
        duplicates = self._taken_in(waiting)
        self._settle("duplicate", decision, [_place(taken) for taken in duplicates])
        return [taken for taken in waiting if taken not in duplicates]

    def settle(self, decision: Taken, again: Batch) -> None:
        """Note what became of the records that were folded again."""
        self._settle("folded", decision, [_place(taken) for taken in again.facts])
        for aside in again.parked:
            values = [aside.reason, aside.poison, aside.taken.petition_id, *_place(aside.taken)]
            self._connection.execute(_PARK_AGAIN, values)

    def _settle(self, resolution: str, decision: Taken, places: list[_Place]) -> None:
        if places:
            assert decision.envelope is not None
            columns = [list(column) for column in zip(*places, strict=True)]
            self._connection.execute(_SETTLE, [resolution, decision.envelope.id, *columns])

    def _taken_in(self, waiting: list[Taken]) -> list[Taken]:
        """Those whose fact is in the inbox already, or comes twice among them."""
        names = [(taken.envelope.node, taken.envelope.position) for taken in waiting if taken.envelope]
        columns = [list(column) for column in zip(*names, strict=True)] or [[], []]
        known = {(node, position) for node, position in self._connection.execute(_TAKEN_IN, columns)}
        found = []
        for taken in waiting:
            if taken.envelope is None:
                continue
            name = (taken.envelope.node, taken.envelope.position)
            if name in known:
                found.append(taken)
            known.add(name)
        return found


def _place(taken: Taken) -> _Place:
    return _Place(taken.record.partition, taken.record.offset)
