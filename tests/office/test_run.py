"""The office's process: it takes in, watches, gives way to another, takes up again, and rebuilds what is outdated."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kit.node import Node
from services.office import run, store
from services.office.watch import SETTLING
from tests.support.desk import Desk, expected
from tests.support.histories import records
from tests.support.logs import as_owner, break_connections
from tests.support.nodes import City, eventually
from tests.support.offices import LivingOffice, living_office

pytestmark = pytest.mark.postgres

HISTORY = records(12, seed=41, interleaved=6)
HALF = len(HISTORY) // 2
DUTIES_MISSED = "SELECT count(*) FROM views.duties WHERE breach_rung = 1"


@pytest.fixture
def office(city: City, tmp_path: Path) -> Iterator[LivingOffice]:
    with living_office(city, tmp_path) as founded:
        yield founded


@pytest.fixture
def desk(office: LivingOffice) -> Iterator[Desk]:
    opened = Desk(office.node.settings.log_dsn)
    yield opened
    opened.close()


def head(desk: Desk) -> int:
    [(sequence,)] = desk.select("SELECT sequence FROM office.inbox_head")
    return int(sequence)


def test_what_is_published_comes_to_the_views_and_missed_dates_come_on_record(office: LivingOffice, desk: Desk) -> None:
    assert SETTLING.total_seconds() < 10
    office.publish(HISTORY)
    with office.at_work("ingest", "relay", "watch"):
        eventually(lambda: head(desk) >= len(HISTORY))
        eventually(lambda: desk.select(DUTIES_MISSED) != [(0,)])
        eventually(lambda: desk.select(DUTIES_MISSED) == desk.select("SELECT count(*) FROM views.breaches"))
        eventually(lambda: head(desk) == len(HISTORY) + office.node.log.head()[0])
    kept = [duty for duty in desk.views()["duties"] if duty[-2] == 0]
    assert kept
    assert desk.views()["petitions"] == expected(HISTORY)["petitions"]


def test_after_its_connections_broke_ingest_takes_up_where_the_database_stands(
    office: LivingOffice, desk: Desk
) -> None:
    with office.at_work("ingest"):
        office.publish(HISTORY[:HALF])
        eventually(lambda: head(desk) == HALF)
        desk.close()
        break_connections(office.node.settings.log_dsn)
        break_connections(office.node.settings.bus_url)
        office.publish(HISTORY[HALF:])
        again = Desk(office.node.settings.log_dsn)
        eventually(lambda: head(again) == len(HISTORY), seconds=60)
    assert again.views() == expected(HISTORY)
    again.close()


def test_a_worker_that_was_fenced_off_reads_on_where_the_other_stopped(office: LivingOffice, desk: Desk) -> None:
    with office.at_work("ingest"):
        office.publish(HISTORY[:HALF])
        eventually(lambda: head(desk) == HALF)
        # A worker that lost its turn without noticing, and wrote on: the one at work finds the offsets moved.
        desk.worker().write(HISTORY[HALF:])
        office.publish(HISTORY[HALF:])
        office.publish(HISTORY[:1])
        ends = office.node.bus.end_offsets(HISTORY[0].topic)
        read = "SELECT partition, next_offset FROM office.read_offset"
        eventually(lambda: dict(desk.select(read)) == {part: end for part, end in ends.items() if end}, seconds=60)
    assert desk.views() == expected(HISTORY)


def test_outdated_views_are_rebuilt_at_the_start(office: LivingOffice, desk: Desk) -> None:
    desk.take_in(HISTORY)
    as_owner(desk.dsn, "UPDATE office.inbox_head SET views_version = '0/cn-2001'")
    as_owner(desk.dsn, "DELETE FROM views.petitions")
    with office.at_work("ingest"):
        eventually(lambda: store.are_current(desk.rows, office.node.law.version))
    assert desk.views() == expected(HISTORY)


def test_views_of_another_version_that_hold_nothing_are_simply_replaced(desk: Desk) -> None:
    as_owner(desk.dsn, "UPDATE office.inbox_head SET views_version = '0/cn-2001'")
    as_owner(desk.dsn, "ALTER TABLE views.duties DROP COLUMN due_time CASCADE")
    store.prepare(desk.dsn, "cn-2026")
    assert store.are_current(desk.rows, "cn-2026")
    assert desk.select("SELECT due_time FROM views.duties") == []


def test_a_node_that_serves_no_office_says_so(city: City) -> None:
    node: Node = city.node("housing", "housing-bureau")
    with pytest.raises(run.NoOffice, match="serves no agency of kind joint_meeting_office"):
        run.office_of(node)
