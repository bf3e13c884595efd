"""What a node's agencies hold and owe, folded from the node's own log: two tables that can be made again at any time.

`follow` reads the log in order and writes rows and position in one transaction, so a crash repeats nothing and loses
nothing. A changed fold gets a new `SCHEMA` and is built anew from the beginning; so is, at a stroke, what was folded
with another calendar. A duty's status is not stored: it depends on when one asks.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.case import Case, evolve
from domain.duties import CASE_PREFIX, Duty, DutyBook
from domain.event import Happening
from domain.law import Law
from services.kit.database import Rows, connect
from services.kit.envelope import to_event
from services.kit.log import LoggedEvent
from services.kit.node import Node
from services.kit.tables import Table

SCHEMA = "agency_4"
BATCH_FACTS_MAX = 1000
CASES_AT_HAND_MAX = 20_000
LISTEN_SECONDS = 1.0
GATHERING_SECONDS = 0.02


class CaseRow(NamedTuple):
    """One case; `accused` are the ids of the accused agencies, between commas."""

    case_id: UUID
    petition_id: UUID
    agency: str
    phase: str
    version: int
    received_time: datetime
    first_received_time: datetime
    accused: str


class DutyRow(NamedTuple):
    """One duty on a case of the agency; the other columns are the fields of `domain.duties.Duty`."""

    agency: str
    duty_id: str
    rule_id: str
    rule_version: str
    article: str
    nature: str
    petition_id: UUID
    case_id: UUID
    debtor: str
    opened_time: datetime
    start_date: date
    due_date: date | None
    due_time: datetime | None
    due_state: str
    calendar_version: str
    arithmetic: str
    extension_days: int
    budget_days: int | None
    consumed_days: int
    running_since: date | None
    suspended_since: date | None
    met_time: datetime | None
    released_time: datetime | None


CASES = Table(
    "node_case",
    CaseRow,
    ("case_id",),
    (
        ("by_receipt", "(agency, received_time, case_id)"),
        ("by_phase", "(agency, phase, received_time, case_id)"),
    ),
)
DUTIES = Table(
    "node_duty",
    DutyRow,
    ("duty_id",),
    (
        ("by_due", "(debtor, (coalesce(due_time, 'infinity')), duty_id)"),
        # What still stands is asked for most, and is found without passing all that was ever done.
        (
            "standing_by_due",
            "(debtor, (coalesce(due_time, 'infinity')), duty_id) WHERE met_time IS NULL AND released_time IS NULL",
        ),
        ("by_case", "(case_id)"),
    ),
)


_TABLES = """
CREATE SCHEMA IF NOT EXISTS {schema};
-- How much of the log the rows hold, and by which calendar their dates were worked out; one row.
CREATE TABLE IF NOT EXISTS {schema}.node_position (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL,
    calendar_version text NOT NULL DEFAULT ''
);
INSERT INTO {schema}.node_position (position) VALUES (0) ON CONFLICT DO NOTHING;
"""
_GRANTS = """
GRANT USAGE ON SCHEMA {schema} TO lianxi_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO lianxi_service;
"""


def prepare(dsn: str) -> None:
    """Create the tables in the database of the node's log; several processes may call it at once, and again."""
    with connect(dsn) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('lianxi agency schema'))")
        connection.execute(_TABLES.format(schema=SCHEMA).encode())
        CASES.create(connection, SCHEMA)
        DUTIES.create(connection, SCHEMA)
        connection.execute(_GRANTS.format(schema=SCHEMA).encode())


def open_views(dsn: str) -> Rows:
    """Open a connection for reading and writing the views; a batch that a power cut takes is folded again."""
    return connect(dsn, search_path=f"{SCHEMA},public", durable=False)


def follow(node: Node, stop: threading.Event) -> None:
    """Keep the views up with the node's log until `stop`; raises `LogUnavailable` or `DatabaseTrouble`."""
    with open_views(node.settings.log_dsn) as connection, node.log.listen() as listener:
        views = NodeViews(node, connection)
        while not stop.is_set():
            folded = views.fold_next()
            if not folded:
                listener.wait(LISTEN_SECONDS)
            elif folded < BATCH_FACTS_MAX:
                # A batch costs much the same for one fact as for twenty, and the server shares this process.
                stop.wait(GATHERING_SECONDS)


@dataclass(slots=True)
class _File:
    """What a case is folded into."""

    case: Case | None
    duties: DutyBook

    def apply(self, fact: LoggedEvent, node: str, law: Law) -> Sequence[Duty]:
        """Fold one fact in; return the duties that it changed."""
        event = to_event(fact.topic, fact.state)
        self.case = evolve(self.case, event)
        happening = Happening(event, fact.originator_id, fact.originator_version, node, fact.position, fact.recorded_at)
        return self.duties.apply(happening, law)


class NodeViews:
    """The fold of one node's log into its tables. After an exception it is of no use any more: make another one."""

    def __init__(self, node: Node, connection: Rows) -> None:
        self._node = node
        self._connection = connection
        self._files: OrderedDict[UUID, _File] = OrderedDict()
        self._position = -1
        self._has_begun = False

    def fold_next(self) -> int:
        """Fold the next facts of the log, in one transaction; return how many there were."""
        with self._connection.transaction():
            # The row is locked until the commit: of two processes that fold for one node, one waits for the other.
            [(position, version)] = self._connection.execute(_STANDING).fetchall()
            if version != self._node.law.version:
                # Where a process with another law took over after this one began, it is the newer one.
                return 0 if self._has_begun else self._fold_anew()
            self._has_begun = True
            if position != self._position:
                self._files.clear()
            facts = self._node.log.select_stored(position, BATCH_FACTS_MAX)
            if not facts:
                self._position = position
                return 0
            self._write([fact for fact in facts if fact.topic.startswith(CASE_PREFIX)], position)
            self._connection.execute("UPDATE node_position SET position = %s", (facts[-1].position,))
        self._position = facts[-1].position
        return len(facts)

    def _fold_anew(self) -> int:
        """Fold the whole log with this law; readers see the old dates until all of the new ones are there."""
        self._connection.execute("DELETE FROM node_duty")
        self._connection.execute("DELETE FROM node_case")
        position = 0
        while facts := self._node.log.select_stored(position, BATCH_FACTS_MAX):
            self._write([fact for fact in facts if fact.topic.startswith(CASE_PREFIX)], position)
            position = facts[-1].position
            # What a batch is staged in is emptied by a commit only, and here many batches share one.
            self._connection.execute("DISCARD TEMP")
        version = self._node.law.version
        self._connection.execute("UPDATE node_position SET position = %s, calendar_version = %s", (position, version))
        self._position, self._has_begun = position, True
        return position

    def _write(self, facts: Sequence[LoggedEvent], position: int) -> None:
        files = self._files_of({fact.originator_id for fact in facts}, position)
        duties: dict[str, Duty] = {}
        for fact in facts:
            changed = files[fact.originator_id].apply(fact, self._node.settings.node, self._node.law)
            duties |= {duty.duty_id: duty for duty in changed}
        CASES.upsert(self._connection, SCHEMA, [_case_row(file.case) for file in files.values() if file.case])
        DUTIES.upsert(self._connection, SCHEMA, [_duty_row(files[duty.case_id].case, duty) for duty in duties.values()])

    def _files_of(self, case_ids: set[UUID], position: int) -> dict[UUID, _File]:
        """Return the files of the cases as they stand at the position; those not at hand are folded from the log."""
        missing = case_ids - self._files.keys()
        self._files.update({case_id: _File(None, DutyBook(case_id)) for case_id in missing})
        rows = self._connection.execute(_EARLIER_FACTS, (list(missing), position))
        for fact in map(LoggedEvent._make, rows):
            self._files[fact.originator_id].apply(fact, self._node.settings.node, self._node.law)
        for case_id in case_ids:
            self._files.move_to_end(case_id)
        files = {case_id: self._files[case_id] for case_id in case_ids}
        while len(self._files) > CASES_AT_HAND_MAX:
            self._files.popitem(last=False)
        return files


_STANDING = "SELECT position, calendar_version FROM node_position FOR UPDATE"

_EARLIER_FACTS = """
    SELECT position, originator_id, originator_version, topic, state, recorded_at, leaf_hash, causation_id
    FROM event WHERE originator_id = ANY(%s) AND position <= %s ORDER BY position"""


def _case_row(case: Case) -> CaseRow:
    return CaseRow(
        case.case_id,
        case.petition_id,
        case.agency,
        str(case.phase),
        case.version,
        case.received_time,
        case.first_received_time,
        ",".join(case.accused_agencies),
    )


def _duty_row(case: Case | None, duty: Duty) -> DutyRow:
    assert case is not None
    # A word is written as the text that it is: the driver would write the name of an enum's member.
    words = (str(value) if isinstance(value, StrEnum) else value for value in map(duty.__getattribute__, _DUTY_FIELDS))
    return DutyRow._make((case.agency, *words))


_DUTY_FIELDS = DutyRow._fields[1:]
