"""The watch: each missed date on record once per duty and rung, the oldest first, and none that was kept."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.breach import BreachRecorded
from domain.rules import Nature
from services.kit.bus.port import Record, events_topic, partition_of
from services.kit.envelope import encode, to_event
from services.kit.law import law_in_force
from services.kit.log import Log, install_schema
from services.kit.publication import published
from services.office.ingest import Ingest
from services.office.rebuild import rebuild
from services.office.views.duties import DutyRow
from services.office.watch import _SCAN, Watch
from tests.support.desk import OFFICE_NODE, Desk, expected
from tests.support.histories import records
from tests.support.logs import at_once

pytestmark = pytest.mark.postgres

HISTORY = records(20, seed=17, interleaved=10)
UNFINISHED = HISTORY[: len(HISTORY) * 2 // 3]
LATER = datetime(2025, 1, 1, tzinfo=UTC)
AT_ONCE = timedelta(0)
OFFICE = "joint-meeting"


@pytest.fixture
def office_log(desk: Desk) -> Iterator[Log]:
    install_schema(desk.dsn)
    opened = Log(desk.dsn)
    yield opened
    opened.close()


@pytest.fixture
def watch(desk: Desk, office_log: Log) -> Callable[..., Watch]:
    """Make a watch with a connection of its own, as one that just started."""

    def start(**changes: Any) -> Watch:
        return Watch(desk.connect(), office_log, OFFICE, **({"settling": AT_ONCE} | changes))

    return start


def missed(sent: list[Record], now: datetime, delay: timedelta = AT_ONCE) -> list[DutyRow]:
    """The duties, folded in memory, whose date plus `delay` passed unkept by then; the oldest first."""
    duties = [DutyRow._make(row) for row in expected(sent)["duties"]]

    def is_missed(duty: DutyRow) -> bool:
        if duty.nature != Nature.DUTY or duty.due_time is None or duty.due_time + delay > now:
            return False
        ends = [time for time in (duty.met_time, duty.released_time) if time is not None]
        return all(time >= duty.due_time + delay for time in ends)

    return sorted(filter(is_missed, duties), key=lambda duty: (duty.due_time, duty.duty_id))


def breaches(log: Log) -> list[BreachRecorded]:
    found = [to_event(row.topic, row.state) for row in log.select_stored(0, 10_000)]
    return [event for event in found if isinstance(event, BreachRecorded)]


def take_in_own(log: Log, worker: Ingest) -> None:
    """Let the office's own facts travel as its relay and its ingest let them."""
    offsets = worker.resume()
    records = []
    for row in log.select_stored(0, 10_000):
        envelope = published(OFFICE_NODE, row)
        key = str(envelope.subject).encode()
        partition = partition_of(key, events_topic().partitions)
        offset = offsets.get(partition, 0)
        records.append(Record(events_topic().name, partition, offset, key, encode(envelope)))
        offsets[partition] = offset + 1
    worker.write(records)


def test_every_missed_date_is_recorded_also_those_that_were_met_late(
    desk: Desk, office_log: Log, watch: Callable[..., Watch]
) -> None:
    desk.take_in(UNFINISHED)
    due = missed(UNFINISHED, LATER)
    assert {duty.met_time is None for duty in due} == {True, False}
    assert watch().tick(LATER) == len(due)
    recorded = breaches(office_log)
    assert {(one.duty_id, one.rung) for one in recorded} == {(duty.duty_id, 1) for duty in due}
    assert [one.due_time for one in recorded] == sorted(one.due_time for one in recorded)
    assert all(one.occurred_time == one.due_time for one in recorded)
    assert {one.agency for one in recorded} == {OFFICE}


def test_nothing_is_recorded_before_its_date(desk: Desk, watch: Callable[..., Watch]) -> None:
    desk.take_in(UNFINISHED)
    [first, *_] = missed(UNFINISHED, LATER)
    assert first.due_time is not None
    assert watch().tick(first.due_time - timedelta(microseconds=1)) == 0
    assert watch().tick(first.due_time) >= 1


def test_two_watches_at_once_and_a_restart_record_each_date_once(
    desk: Desk, office_log: Log, watch: Callable[..., Watch]
) -> None:
    desk.take_in(UNFINISHED)
    due = missed(UNFINISHED, LATER)
    one, other = watch(), watch()
    assert sum(at_once(lambda: one.tick(LATER), lambda: other.tick(LATER))) == len(due)
    # Its own facts have not come back to the views yet: a watch that starts now finds the dates again.
    assert watch().tick(LATER) == 0
    assert len(breaches(office_log)) == len(due)


def test_what_was_recorded_comes_to_the_views_and_is_looked_at_no_more(
    desk: Desk, office_log: Log, watch: Callable[..., Watch]
) -> None:
    desk.take_in(UNFINISHED)
    due = missed(UNFINISHED, LATER)
    watch().tick(LATER)
    take_in_own(office_log, desk.worker())
    rungs = {row[0] for row in desk.select("SELECT duty_id FROM views.duties WHERE breach_rung = 1")}
    assert rungs == {duty.duty_id for duty in due}
    assert desk.select("SELECT count(*) FROM views.breaches") == [(len(due),)]
    assert watch()._missed(0, AT_ONCE, LATER) == []
    assert rebuild(desk.dsn, law_in_force()).equal


def test_a_second_rung_is_recorded_once_its_days_have_passed_too(
    desk: Desk, office_log: Log, watch: Callable[..., Watch]
) -> None:
    desk.take_in(UNFINISHED)
    rungs = {"rung_days": (0, 15)}
    first = missed(UNFINISHED, LATER)
    assert watch(**rungs).tick(LATER) == len(first)
    take_in_own(office_log, desk.worker())
    second = missed(UNFINISHED, LATER, timedelta(days=15))
    assert 0 < len(second) < len(first)
    assert watch(**rungs).tick(LATER) == len(second)
    recorded = [one for one in breaches(office_log) if one.rung == 2]
    assert {one.duty_id for one in recorded} == {duty.duty_id for duty in second}
    assert all(one.occurred_time == one.due_time + timedelta(days=15) for one in recorded)


def test_a_petition_on_which_facts_still_come_in_is_not_judged(desk: Desk, watch: Callable[..., Watch]) -> None:
    desk.take_in(UNFINISHED)
    assert watch(settling=timedelta(hours=1)).tick(LATER) == 0


def test_a_petition_of_which_a_record_is_parked_is_not_judged_until_that_is_settled(
    desk: Desk, office_log: Log, watch: Callable[..., Watch]
) -> None:
    """The parked record may be the very one that keeps the date, as one of newer software is."""
    desk.take_in(UNFINISHED)
    due = missed(UNFINISHED, LATER)
    parked = due[0].petition_id
    park = """
        INSERT INTO office.parked (petition_id, partition, record_offset, reason, poison)
        VALUES (%s, 0, 1000000, 'no event type is known here', true) RETURNING 1"""
    desk.select(park, parked)
    assert watch().tick(LATER) == len([duty for duty in due if duty.petition_id != parked])
    assert parked not in {one.petition_id for one in breaches(office_log)}
    desk.select("UPDATE office.parked SET resolved_time = now(), resolution = 'skipped' RETURNING 1")
    watch().tick(LATER)
    assert {one.duty_id for one in breaches(office_log)} == {duty.duty_id for duty in due}


def test_it_knows_whether_everything_on_the_bus_is_folded(desk: Desk, watch: Callable[..., Watch]) -> None:
    desk.take_in(UNFINISHED)
    ends = {record.partition: record.offset + 1 for record in UNFINISHED}
    started = watch()
    assert started.has_read(ends)
    assert started.has_read({**ends, 99: 0})
    assert not started.has_read({**ends, 99: 1})
    assert not started.has_read({**ends, UNFINISHED[0].partition: 10**6})


def test_a_scan_costs_what_it_finds_and_not_what_is_open(desk: Desk) -> None:
    """Flat from a thousand to a hundred thousand open duties: the same index, the same few pages."""
    pages = []
    for duties in (1_000, 100_000):
        desk.rows.execute("TRUNCATE views.duties")
        fill = """
            INSERT INTO views.duties SELECT 'case/D10/' || n, 'D10', '2022', 'duty', gen_random_uuid(), 'housing',
                now(), '2030-01-01', timestamptz '2030-01-01' + n * interval '1 minute', 'final', 'cn', 0,
                NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, NULL FROM generate_series(1, %s) AS n"""
        desk.rows.execute(fill.encode(), [duties])
        desk.rows.execute(
            "UPDATE views.duties SET due_time = '2020-01-01' WHERE duty_id IN ('case/D10/7', 'case/D10/8')"
        )
        desk.rows.execute("VACUUM ANALYZE views.duties")
        values = [0, LATER, AT_ONCE, AT_ONCE, AT_ONCE]
        explained = desk.rows.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {_SCAN}".encode(), values).fetchone()
        assert explained is not None
        plan = explained[0][0]["Plan"]
        assert "duties_to_watch" in str(plan)
        pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        assert plan["Actual Rows"] == 2
    assert pages[1] <= pages[0] + 8
