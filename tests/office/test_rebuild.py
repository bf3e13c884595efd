"""Rebuild: beside the live views, while ingest goes on; equal views are swapped, unequal ones are told."""

import threading
from datetime import date

import pytest

from domain.calendar import Unit, WorkCalendar
from domain.law import Law
from domain.local_rules import LocalRule, LocalRules, law_of
from services.kit.law import law_in_force
from services.office import store
from services.office.rebuild import NEXT, Moved, rebuild
from tests.support.desk import Desk, expected
from tests.support.histories import records

pytestmark = pytest.mark.postgres

HISTORY = records(30, seed=5, interleaved=10)


def test_a_rebuild_while_ingest_runs_misses_nothing(desk: Desk) -> None:
    worker = desk.worker()
    worker.write(HISTORY[:60])
    failures: list[BaseException] = []

    def go_on() -> None:
        try:
            for start in range(60, len(HISTORY), 5):
                worker.write(HISTORY[start : start + 5])
        except BaseException as failure:
            failures.append(failure)
            raise

    ingest = threading.Thread(target=go_on)
    ingest.start()
    rebuilds = [rebuild(desk.dsn, law_in_force())]
    while ingest.is_alive():
        rebuilds.append(rebuild(desk.dsn, law_in_force()))
    ingest.join()
    assert failures == []
    assert all(rebuilt.equal and rebuilt.swapped for rebuilt in rebuilds)
    assert desk.views() == expected(HISTORY)
    # The worker's statements were made for tables that have changed names meanwhile: it writes to the live ones.
    assert rebuild(desk.dsn, law_in_force()).facts == len(HISTORY)


@pytest.mark.parametrize(
    ("table", "tampering"),
    [
        ("duties", "UPDATE views.duties SET due_date = due_date + 30 WHERE ctid = '(0,1)'"),
        ("petitions", "UPDATE views.petitions SET custodian = 'nobody' WHERE ctid = '(0,1)'"),
        ("custody", "DELETE FROM views.custody WHERE ctid = '(0,1)'"),
        ("handoffs", "UPDATE views.handoffs SET returned = NOT returned WHERE ctid = '(0,1)'"),
    ],
)
def test_a_tampered_row_is_found_and_the_rebuilt_views_are_left_beside(desk: Desk, table: str, tampering: str) -> None:
    desk.take_in(HISTORY)
    assert desk.rows.execute(tampering.encode()).rowcount == 1
    tampered = desk.views()
    rebuilt = rebuild(desk.dsn, law_in_force())
    assert [check.table for check in rebuilt.checks if not check.equal] == [table]
    assert not rebuilt.swapped
    assert desk.views() == tampered
    assert desk.views(NEXT) == expected(HISTORY)


def test_a_check_compares_and_swaps_nothing(desk: Desk) -> None:
    desk.take_in(HISTORY)
    rebuilt = rebuild(desk.dsn, law_in_force(), swap=False)
    assert rebuilt.equal
    assert not rebuilt.swapped


def test_views_of_an_older_version_are_replaced_though_they_differ(desk: Desk) -> None:
    desk.take_in(HISTORY)
    desk.select("UPDATE office.inbox_head SET views_version = '0/cn-2001' RETURNING 1")
    desk.rows.execute("ALTER TABLE views.duties DROP COLUMN breach_rung CASCADE")
    store.prepare(desk.dsn, law_in_force().version)
    rebuilt = rebuild(desk.dsn, law_in_force())
    assert (rebuilt.version_before, rebuilt.swapped) == ("0/cn-2001", True)
    assert desk.views() == expected(HISTORY)
    assert store.are_current(desk.rows, law_in_force().version)


def test_a_new_calendar_moves_dates_and_tells_which_before_they_show(desk: Desk) -> None:
    desk.take_in(HISTORY)
    published = law_in_force().calendar
    [(first_day,)] = desk.select("SELECT min(opened_time AT TIME ZONE 'Asia/Shanghai')::date FROM views.duties")
    closed = frozenset({*published.exceptions, *_next_working_days(published, first_day, 3)})
    corrected = Law(WorkCalendar("cn-corrected", published.first_year, published.last_year, closed))
    told: list[Moved] = []
    shown: list[object] = []

    def record(moved: list[Moved]) -> None:
        told.extend(moved)
        shown.extend(desk.select("SELECT due_date FROM views.duties WHERE duty_id = %s", moved[0].duty_id))

    rebuilt = rebuild(desk.dsn, corrected, on_moved=record)
    assert rebuilt.swapped
    assert told
    assert shown == [(told[0].due_date_before,)]
    moved = {one.duty_id: one.due_date_after for one in told}
    rows = desk.select("SELECT duty_id, due_date FROM views.duties WHERE duty_id = ANY(%s)", list(moved))
    assert dict(rows) == moved
    assert {one.rule_id for one in told} == {"D5"}


def test_a_figure_that_a_place_sets_dates_what_had_no_date_and_is_put_on_record(desk: Desk) -> None:
    desk.take_in(HISTORY)
    calendar = law_in_force().calendar
    figure = LocalRule(
        rule="D4-ACCEPTANCE",
        jurisdiction="310000",
        length=10,
        unit=Unit.CALENDAR_DAY,
        effective_from=date(2022, 5, 1),
        basis="某市信访规定 第一条",
    )
    local = law_of(calendar, LocalRules(rule=(figure,)))
    told: list[Moved] = []
    rebuilt = rebuild(desk.dsn, local, on_moved=told.extend)
    assert rebuilt.swapped
    assert {(one.rule_id, one.due_date_before) for one in told} == {("D4-ACCEPTANCE", None)}
    rows = desk.select("SELECT DISTINCT calendar_version FROM views.duties")
    assert rows == [(local.version,)]

    back: list[Moved] = []
    rebuild(desk.dsn, law_in_force(), on_moved=back.extend)
    assert {one.duty_id: one.due_date_before for one in back} == {one.duty_id: one.due_date_after for one in told}
    assert {one.due_date_after for one in back} == {None}


def _next_working_days(calendar: WorkCalendar, day: date, count: int) -> list[date]:
    found: list[date] = []
    while len(found) < count:
        day = date.fromordinal(day.toordinal() + 1)
        if calendar.is_working_day(day):
            found.append(day)
    return found
