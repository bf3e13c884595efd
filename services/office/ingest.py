"""Ingest: from the events topic into the inbox and the views, once whatever is redelivered or restarted.

Offsets, watermarks, inbox rows and view rows of a batch commit in one transaction, and the offsets move only from where
this worker believes them to be: a second worker on the same partition makes the first one's commit fail, never double.
A record ends folded, dropped as a duplicate, or parked where somebody sees it.
"""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from threading import Event as Signal
from typing import NamedTuple
from uuid import UUID

from domain.law import Law
from domain.petition import Changes, PetitionFile
from services.kit.bus.port import Bus, Record, events_topic
from services.kit.database import DatabaseRefusal, Rows
from services.kit.directory import Directory
from services.kit.tables import Table
from services.office import liveness
from services.office.batch import Batch, Folder, Taken, is_decision, take
from services.office.files import PetitionFiles
from services.office.parked import ParkedRecords
from services.office.store import LIVE, views_version
from services.office.views import VIEWS
from services.office.watermarks import Sifted, Watermarks

log = logging.getLogger(__name__)

BATCH_RECORDS_MAX = 5_000
POLL_SECONDS = 0.5
LOOK_SECONDS = liveness.SILENT_AFTER.total_seconds()
"""How often it looks whether the watch, which is another process, still runs."""


class FencedOff(Exception):
    """Another worker moved the offsets of a partition that this one was reading."""


class InboxInsert(NamedTuple):
    """A row of `office.inbox` as ingest writes it."""

    sequence: int
    petition_id: UUID
    node: str
    position: int
    case_id: UUID
    version: int
    type: str
    recorded_time: datetime
    leaf_hash: bytes
    causation_id: str | None
    data: bytes


_INBOX = Table("inbox", InboxInsert, key=("petition_id", "sequence"))

_MOVE_OFFSET = """
    INSERT INTO office.read_offset AS o VALUES (%(partition)s, %(next)s)
    ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset WHERE o.next_offset = %(expected)s
    RETURNING 1"""


class Ingest:
    """One worker: it owns its partitions by their offsets and keeps the petitions that it folded lately in memory."""

    def __init__(self, connection: Rows, law: Law, node: str = "", directory: Directory | None = None) -> None:
        """Write through the connection; decisions on parked records are obeyed when they come from `node`'s own log.

        The directory says which node may state an agency's facts; without one, every node is believed.
        """
        self._connection = connection
        self._law = law
        self._node = node
        self._directory = directory or Directory()
        self._parked = ParkedRecords(connection, self._directory)
        self._files = PetitionFiles(law)
        self._offsets: dict[int, int] = {}
        self._watermarks = Watermarks(connection)

    def resume(self) -> dict[int, int]:
        """Read how far the database is; return the next offset of each partition that was read before."""
        self._offsets = dict(self._pairs("SELECT partition, next_offset FROM office.read_offset"))
        self._watermarks = Watermarks(self._connection)
        self._files = PetitionFiles(self._law)
        return dict(self._offsets)

    def look_for_silence(self) -> None:
        """Raise an alarm in the log if a rule does not run any more (I12)."""
        liveness.alarm(self._connection)

    def _pairs(self, query: str) -> list[tuple[int, int]]:
        return [(first, second) for first, second in self._connection.execute(query)]

    def write(self, records: Iterable[Record]) -> int:
        """Take a batch in, in one transaction; return how many facts became visible. Raises `FencedOff`."""
        return self.write_taken(self.read(records))

    def read(self, records: Iterable[Record]) -> list[Taken]:
        """Read records as far as they can be read; another thread may do so while a batch is written."""
        return [take(record, self._directory) for record in records]

    def write_taken(self, batch_taken: list[Taken]) -> int:
        """Do the same with records that are read already.

        A record that the database cannot hold is found by writing one at a time, and parked as if it were unreadable.
        """
        try:
            return self._write_whole(batch_taken)
        except DatabaseRefusal as refusal:
            if len(batch_taken) > 1:
                return sum(self.write_taken([taken]) for taken in batch_taken)
            if batch_taken[0].problem is not None:
                raise
            problem = f"the database refuses it: {type(refusal).__name__}"
            return self._write_whole([batch_taken[0]._replace(event=None, problem=problem)])

    def _write_whole(self, batch_taken: list[Taken]) -> int:
        sifted = self._watermarks.sift(batch_taken)
        offsets = {taken.record.partition: taken.record.offset + 1 for taken in batch_taken}
        touched = {taken.petition_id for taken in sifted.fresh if taken.petition_id is not None}
        try:
            with self._connection.transaction():
                files, batch = self._write(offsets, sifted, touched)
        except BaseException:
            # What was folded in memory is not in the database: forget it.
            self._files.forget(touched)
            raise
        self._files.keep(files)
        self._offsets.update(offsets)
        self._watermarks.keep(sifted)
        return len(batch.facts)

    def _write(
        self, offsets: dict[int, int], sifted: Sifted, touched: set[UUID]
    ) -> tuple[dict[UUID, PetitionFile], Batch]:
        head = self._head()
        self._fence(offsets)
        self._watermarks.write(sifted)
        files = self._files.load(self._connection, touched)
        folder = Folder(self._law, files, self._parked.blocked(touched))
        batch = folder.fold(sifted.fresh)
        self._parked.insert(batch.parked)
        for decision in list(filter(is_decision, batch.facts)):
            self._carry_out(decision, folder, files, batch)
        self._insert_facts(head, batch.facts)
        if folder.broken:
            for petition_id, (file, changes) in self._files.refold(self._connection, list(folder.broken)).items():
                files[petition_id], batch.changes[petition_id] = file, changes
        write_views(self._connection, LIVE, ((files[key], changes) for key, changes in batch.changes.items()))
        return files, batch

    def _carry_out(self, decision: Taken, folder: Folder, files: dict[UUID, PetitionFile], batch: Batch) -> None:
        """Fold again what waits behind a decision of this office, in this same transaction."""
        assert decision.envelope is not None
        if decision.envelope.node != self._node:
            log.warning("a decision on a parked record has no effect here: it is of node %s", decision.envelope.node)
            return
        waiting = self._parked.decided(decision)
        known = {taken.petition_id for taken in waiting if taken.petition_id is not None}
        files.update(self._files.load(self._connection, known - files.keys()))
        folder.reopen(decision.event.petition_id)
        again = folder.fold(waiting)
        self._parked.settle(decision, again)
        batch.facts += again.facts
        # What the petition changed before and now is written from one fold of the whole.
        folder.broken |= again.changes.keys()

    def _head(self) -> int:
        """Lock the head of the inbox, and with it the views, until the batch commits; return the last sequence."""
        row = self._connection.execute("SELECT sequence, views_version FROM office.inbox_head FOR UPDATE").fetchone()
        assert row is not None
        if row[1] != views_version(self._law.version):
            raise ViewsOutdated(f"the views are of version {row[1]!r}: run lianxi office rebuild")
        return int(row[0])

    def _fence(self, offsets: dict[int, int]) -> None:
        for partition, next_offset in offsets.items():
            expected = self._offsets.get(partition, 0)
            values = {"partition": partition, "next": next_offset, "expected": expected}
            if self._connection.execute(_MOVE_OFFSET, values).fetchone() is None:
                raise FencedOff(f"partition {partition} was read past offset {expected} by another worker")

    def _insert_facts(self, head: int, facts: list[Taken]) -> None:
        if not facts:
            return
        rows = [_inbox_row(head + number, taken) for number, taken in enumerate(facts, 1)]
        _INBOX.copy(self._connection, "office", rows)
        self._connection.execute("UPDATE office.inbox_head SET sequence = %s", [head + len(rows)])


class ViewsOutdated(Exception):
    """The views were folded by another version of the code or of the calendar, and must be rebuilt first."""


def _inbox_row(sequence: int, taken: Taken) -> InboxInsert:
    envelope = taken.envelope
    assert envelope is not None
    assert taken.petition_id is not None
    return InboxInsert(
        sequence,
        taken.petition_id,
        envelope.node,
        envelope.position,
        envelope.stream,
        envelope.streamversion,
        envelope.type,
        envelope.time,
        bytes.fromhex(envelope.leafhash),
        envelope.causationid,
        bytes(envelope.data),
    )


def write_views(connection: Rows, schema: str, changed: Iterable[tuple[PetitionFile, Changes]]) -> None:
    """Write the rows of changed petitions into every view of the schema, one statement a view."""
    pairs = list(changed)
    for view in VIEWS:
        table: Table = view.table
        table.upsert(connection, schema, [row for file, changes in pairs for row in view.rows(file, changes)])


def follow(ingest: Ingest, bus: Bus, stop: Signal, records_max: int = BATCH_RECORDS_MAX) -> None:
    """Read the events topic from where the database is until told to stop.

    The next batch is fetched and read while the present one is written: the database and this process then both work.
    """
    consumer = bus.consumer(events_topic().name, ingest.resume())

    def fetch() -> list[Taken]:
        return ingest.read(consumer.poll(POLL_SECONDS, records_max))

    with ThreadPoolExecutor(1, thread_name_prefix="ingest-fetch") as reader:
        try:
            coming = reader.submit(fetch)
            looked = time.monotonic()
            while not stop.is_set():
                batch = coming.result()
                coming = reader.submit(fetch)
                if batch:
                    ingest.write_taken(batch)
                if time.monotonic() - looked > LOOK_SECONDS:
                    ingest.look_for_silence()
                    looked = time.monotonic()
        finally:
            wait([coming])
            consumer.close()
