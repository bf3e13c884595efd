"""Rebuild: fold every view from the inbox beside the live one, compare, swap (I8).

The new views are built in a schema of their own while ingest goes on with the old. What arrived meanwhile is folded in
under the lock that ingest takes for each batch; then row counts and digests are compared, and the schemas change names
in the same transaction. The old views stay as `views_previous` until the next rebuild. A crash leaves the live views
as they were.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from itertools import groupby, islice
from multiprocessing import get_context
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from domain.law import Law
from domain.petition import Changes, PetitionFile
from services.kit.database import Rows
from services.office.files import INBOX_COLUMNS, InboxRow, PetitionFiles
from services.office.ingest import write_views
from services.office.store import LIVE, open_views, spare_the_collector, views_version
from services.office.views import VIEWS

NEXT, PREVIOUS = "views_next", "views_previous"
FETCH_ROWS = 5_000
WRITE_PETITIONS = 2_000
RANGES = 16
PARALLEL_FACTS_MIN = 50_000
"""Below this, starting processes costs more than they save."""
Progress = Callable[[int, int], None]
Folded = tuple[PetitionFile, Changes]


class Moved(NamedTuple):
    """A duty whose date, or whether it is final, differs after a new calendar or local figure."""

    duty_id: str
    petition_id: UUID
    rule_id: str
    rule_version: str
    debtor: str
    due_date_before: date | None
    due_date_after: date | None
    calendar_before: str
    calendar_after: str
    due_state: str


OnMoved = Callable[[list[Moved]], None]


class TableCheck(NamedTuple):
    """One view compared: its rows before and after, and whether they are the same rows."""

    table: str
    rows_live: int
    rows_rebuilt: int
    equal: bool


class Rebuilt(NamedTuple):
    """What a rebuild did: facts folded, the version change, and the comparison of every view."""

    facts: int
    version_before: str
    version_after: str
    checks: tuple[TableCheck, ...]
    swapped: bool

    @property
    def equal(self) -> bool:
        """Tell whether every rebuilt view has the same rows as the live one."""
        return all(check.equal for check in self.checks)


def rebuild(
    dsn: str,
    law: Law,
    *,
    swap: bool = True,
    progress: Progress | None = None,
    on_moved: OnMoved | None = None,
) -> Rebuilt:
    """Rebuild every view from the inbox, compare with the live ones and swap.

    `on_moved` is given the duties whose dates a new calendar moved, before the views show them: it records them.

    With the same version on both sides a difference is a fault: the rebuilt views are then left beside the live ones as
    `views_next` and nothing is swapped. After a new version or calendar differences are what was asked for.
    """
    with open_views(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('lianxi office rebuild'))")
        _start_beside(connection)
        total = _head(connection)
        _load(dsn, law, total, progress)
        for view in VIEWS:
            view.table.index(connection, NEXT)
        with connection.transaction():
            row = connection.execute("SELECT sequence, views_version FROM office.inbox_head FOR UPDATE").fetchone()
            assert row is not None
            facts, before = int(row[0]), str(row[1])
            _catch_up(connection, law, total, facts)
            after = views_version(law.version)
            checks = tuple(_check(connection, view.table.name) for view in VIEWS)
            swapped = swap and (before != after or all(check.equal for check in checks))
            if swapped and on_moved and (moved := _moved(connection)):
                on_moved(moved)
            if swapped:
                _swap(connection, after)
        return Rebuilt(facts, before, after, checks, swapped)


def _start_beside(connection: Rows) -> None:
    connection.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
    connection.execute(f"CREATE SCHEMA {NEXT}")
    for view in VIEWS:
        view.table.create(connection, NEXT, with_indexes=False)


def _head(connection: Rows) -> int:
    row = connection.execute("SELECT sequence FROM office.inbox_head").fetchone()
    assert row is not None
    return int(row[0])


def _load(dsn: str, law: Law, total: int, progress: Progress | None) -> None:
    """Fold the whole inbox up to `total`, one petition after the other, and copy the rows in.

    Petitions do not touch each other, so ranges of petition ids are folded side by side, a process a core.
    """
    told = progress or (lambda _done, _total: None)
    tasks = [(dsn, law, total, low, high) for low, high in _ranges(RANGES)]
    if total < PARALLEL_FACTS_MIN:
        _load_range(dsn, law, total, _LOWEST, _HIGHEST)
        told(total, total)
        return
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=spare_the_collector) as workers:
        done = 0
        for range_done in as_completed([workers.submit(_load_range, *task) for task in tasks]):
            done += range_done.result()
            told(done, total)


_LOWEST, _HIGHEST = UUID(int=0), UUID(int=2**128 - 1)


def _ranges(count: int) -> Iterator[tuple[UUID, UUID]]:
    width = 2**128 // count
    for number in range(count):
        yield UUID(int=number * width), UUID(int=(number + 1) * width - 1)


def _load_range(dsn: str, law: Law, total: int, low: UUID, high: UUID) -> int:
    """Fold the petitions whose ids lie in the range; return how many facts they had."""
    facts = 0
    with open_views(dsn) as connection, open_views(dsn) as reader:
        petitions = _petitions(reader, law, total, low, high)
        while folded := list(islice(petitions, WRITE_PETITIONS)):
            _copy(connection, [(file, changes) for file, changes, _ in folded])
            facts += sum(count for _, _, count in folded)
    return facts


def _petitions(
    reader: Rows, law: Law, up_to: int, low: UUID, high: UUID
) -> Iterator[tuple[PetitionFile, Changes, int]]:
    """Each petition of the range, folded, with every row that it changed and the number of its facts."""
    with reader.transaction(), reader.cursor("rebuild", binary=True) as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(
            f"SELECT {INBOX_COLUMNS} FROM office.inbox WHERE sequence <= %s AND petition_id BETWEEN %s AND %s "
            "ORDER BY petition_id, sequence",
            [up_to, low, high],
        )
        rows: Iterator[InboxRow] = map(InboxRow._make, cursor)
        by_petition: Callable[[InboxRow], UUID] = attrgetter("petition_id")
        for petition_id, group in groupby(rows, by_petition):
            file, changes, count = PetitionFile(petition_id), Changes(), 0
            for count, row in enumerate(group, 1):  # noqa: B007 - the last number is the count
                file.apply(row.happening(), law, changes)
            yield file, changes, count


def _copy(connection: Rows, folded: list[Folded]) -> None:
    for view in VIEWS:
        view.table.copy(connection, NEXT, (row for file, changes in folded for row in view.rows(file, changes)))


def _catch_up(connection: Rows, law: Law, after: int, up_to: int) -> None:
    """Fold again the petitions that got facts while the views were being built; ingest waits meanwhile."""
    rows = connection.execute(
        "SELECT DISTINCT petition_id FROM office.inbox WHERE sequence > %s AND sequence <= %s", [after, up_to]
    ).fetchall()
    files = PetitionFiles(law)
    for start in range(0, len(rows), WRITE_PETITIONS):
        petition_ids = [row[0] for row in rows[start : start + WRITE_PETITIONS]]
        write_views(connection, NEXT, files.refold(connection, petition_ids).values())


def _check(connection: Rows, table: str) -> TableCheck:
    live, rebuilt = (_digest(connection, schema, table) for schema in (LIVE, NEXT))
    return TableCheck(table, live[0], rebuilt[0], live == rebuilt)


def _digest(connection: Rows, schema: str, table: str) -> tuple[Any, ...]:
    """Row count and an order-free digest of every row's text."""
    row = connection.execute(
        f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {schema}.{table} AS t"
    ).fetchone()
    assert row is not None
    return row


def _moved(connection: Rows) -> list[Moved]:
    rows = connection.execute(
        f"""SELECT new.duty_id, new.petition_id, new.rule_id, new.rule_version, new.debtor, old.due_date, new.due_date,
                   old.calendar_version, new.calendar_version, new.due_state
            FROM {NEXT}.duties AS new JOIN {LIVE}.duties AS old USING (duty_id)
            WHERE new.due_date IS DISTINCT FROM old.due_date OR new.due_state <> old.due_state ORDER BY new.duty_id"""
    )
    return list(map(Moved._make, rows))


def _swap(connection: Rows, version: str) -> None:
    connection.execute(f"DROP SCHEMA IF EXISTS {PREVIOUS} CASCADE")
    connection.execute(f"ALTER SCHEMA {LIVE} RENAME TO {PREVIOUS}")
    connection.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVE}")
    connection.execute("UPDATE office.inbox_head SET views_version = %s", [version])
