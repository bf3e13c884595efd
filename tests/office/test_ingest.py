"""Ingest: every fact once, whatever is delivered again, however it is cut into batches, whoever else reads."""

import random

import pytest

from services.kit.envelope import decode
from services.kit.law import law_in_force
from services.office.files import PetitionFiles
from services.office.ingest import FencedOff, Ingest, ViewsOutdated
from tests.support.desk import Desk, expected
from tests.support.histories import records

pytestmark = pytest.mark.postgres

HISTORY = records(25, seed=7, interleaved=8)


def test_the_views_equal_the_fold_of_what_was_taken_in(desk: Desk) -> None:
    desk.take_in(HISTORY)
    assert desk.views() == expected(HISTORY)
    assert desk.select("SELECT count(*), max(sequence) FROM office.inbox") == [(len(HISTORY), len(HISTORY))]
    assert desk.missing() == {"node-one": 0, "node-two": 0}
    assert desk.parked() == []


def test_facts_on_the_timeline_keep_their_stored_bytes_and_their_order(desk: Desk) -> None:
    desk.take_in(HISTORY)
    places = desk.select("SELECT node, position FROM office.timelines ORDER BY sequence")
    assert len(set(places)) == len(HISTORY)
    [(gap_count,)] = desk.select("SELECT max(sequence) - count(*) FROM office.inbox")
    assert gap_count == 0
    unhashed = """
        SELECT count(*) FROM office.inbox WHERE leaf_hash <> sha256('\\x00'::bytea || int8send(position)
            || uuid_send(case_id) || int8send(version)
            || int8send((extract(epoch from recorded_time) * 1000000)::bigint)
            || int4send(octet_length(type)) || convert_to(type, 'UTF8') || int4send(0) || data)"""
    assert desk.select(unhashed) == [(0,)]


def test_records_sent_again_under_new_offsets_change_nothing(desk: Desk) -> None:
    worker = desk.worker()
    worker.write(HISTORY)
    ends = {record.partition: record.offset + 1 for record in HISTORY}
    again = [record._replace(offset=record.offset + ends[record.partition]) for record in HISTORY]
    assert worker.write(again) == 0
    assert desk.views() == expected(HISTORY)
    assert desk.missing() == {"node-one": 0, "node-two": 0}


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_record_that_was_lost_and_overtaken_is_taken_in_when_it_is_sent_again(desk: Desk, size: int) -> None:
    busiest = max(range(12), key=[record.partition for record in HISTORY].count)
    there = [record for record in HISTORY if record.partition == busiest]
    lost = there[len(there) // 2]
    sent = [record for record in there if record is not lost and record.key != lost.key]
    renumbered = [record._replace(offset=number) for number, record in enumerate([*sent, lost, lost, *sent])]
    worker = desk.worker()
    for start in range(0, len(renumbered), size):
        worker.write(renumbered[start : start + size])
    [(held,)] = desk.select("SELECT count(*) FROM office.inbox")
    assert held == len(sent) + 1
    assert desk.parked() == []


def test_doubles_that_come_late_and_out_of_order_change_nothing(desk: Desk) -> None:
    rng = random.Random(3)
    worker = desk.worker()
    offsets = dict.fromkeys(range(12), 0)
    sent = []
    for number, record in enumerate(HISTORY):
        for one in (record, *rng.sample(HISTORY[: number + 1], min(2, number))):
            sent.append(one._replace(offset=offsets[one.partition]))
            offsets[one.partition] += 1
    for start in range(0, len(sent), 33):
        worker.write(sent[start : start + 33])
    assert desk.views() == expected(HISTORY)
    assert desk.missing() == {"node-one": 0, "node-two": 0}


def test_a_worker_that_starts_midway_reads_on_where_the_database_stands(desk: Desk) -> None:
    half = len(HISTORY) // 2
    first = desk.worker()
    first.write(HISTORY[:half])
    second = Ingest(desk.connect(), law_in_force())
    stands = second.resume()
    assert stands == {record.partition: record.offset + 1 for record in HISTORY[:half]}
    second.write([record for record in HISTORY if record.offset >= stands.get(record.partition, 0)])
    assert desk.views() == expected(HISTORY)


def test_of_two_workers_on_the_same_partitions_one_is_fenced_off_and_doubles_nothing(desk: Desk) -> None:
    ours, theirs = desk.worker(), desk.worker()
    ours.write(HISTORY[:50])
    with pytest.raises(FencedOff):
        theirs.write(HISTORY[:70])
    assert desk.views() == expected(HISTORY[:50])
    stands = theirs.resume()
    theirs.write([record for record in HISTORY if record.offset >= stands.get(record.partition, 0)])
    with pytest.raises(FencedOff):
        ours.write(HISTORY[50:])
    assert desk.views() == expected(HISTORY)


def test_a_position_that_did_not_come_is_shown_as_missing(desk: Desk) -> None:
    lost = HISTORY[40]
    desk.take_in([record for record in HISTORY if record is not lost])
    assert desk.missing() == {"node-one": 0, "node-two": 0} | {decode(lost.value).node: 1}


def test_a_petition_that_left_the_memory_is_folded_again_from_the_inbox(desk: Desk) -> None:
    worker = desk.worker()
    worker._files = PetitionFiles(law_in_force(), files_max=2)
    for start in range(0, len(HISTORY), 10):
        worker.write(HISTORY[start : start + 10])
    assert desk.views() == expected(HISTORY)


def test_nothing_is_folded_into_views_of_another_version(desk: Desk) -> None:
    worker = desk.worker()
    worker.write(HISTORY[:20])
    desk.select("UPDATE office.inbox_head SET views_version = '0/cn-2001' RETURNING 1")
    with pytest.raises(ViewsOutdated, match="lianxi office rebuild"):
        worker.write(HISTORY[20:])
    assert desk.select("SELECT count(*) FROM office.inbox") == [(20,)]


def test_what_the_database_cannot_hold_is_parked_and_the_rest_flows(desk: Desk) -> None:
    # A column too narrow for most channels stands for anything that nobody foresaw.
    desk.rows.execute("ALTER TABLE views.petitions ALTER COLUMN channel TYPE varchar(5)")
    desk.take_in(HISTORY)
    channels = desk.select("SELECT DISTINCT channel FROM views.petitions")
    assert {channel for (channel,) in channels} == {"fax", "visit"}
    [(petitions, poison)] = desk.select(
        "SELECT count(DISTINCT petition_id), count(*) FILTER (WHERE poison) FROM office.parked"
    )
    assert petitions == poison > 0
    [(taken_in,)] = desk.select("SELECT (SELECT count(*) FROM office.inbox) + (SELECT count(*) FROM office.parked)")
    assert taken_in == len(HISTORY)
