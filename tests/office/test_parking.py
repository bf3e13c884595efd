"""What cannot be folded is parked with the rest of its petition, while others flow; retry and skip are on record."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain import event
from domain.parking import ParkedRecordRetried, ParkedRecordSkipped, ParkingReason, parked_record_id
from services.kit.bus.port import Record
from services.kit.envelope import decode
from services.kit.law import law_in_force
from services.office.rebuild import rebuild
from tests.support.desk import OFFICE_NODE, Desk, Post, altered, by_petition, expected, with_fields
from tests.support.histories import records

pytestmark = pytest.mark.postgres

HISTORY = records(6, seed=11, interleaved=6)
PETITION, ROAD = next((key, road) for key, road in by_petition(HISTORY).items() if len(road) > 6)
OTHERS = [record for record in HISTORY if record not in ROAD]
POISONED = 3
"""Which record of the petition's road is spoilt: its hand-off's receipt, so that much follows."""


def replaced(spoilt: Record) -> list[Record]:
    """The whole history, in which one record of the road is spoilt."""
    return [spoilt if record is ROAD[POISONED] else record for record in HISTORY]


def truncated(record: Record) -> Record:
    assert record.value is not None
    return record._replace(value=record.value[:-100])


def tampered(record: Record) -> Record:
    assert record.value is not None
    return record._replace(value=record.value.replace(b'"housing-bureau"', b'"housing-burglar"', 1))


def under_another_key(record: Record) -> Record:
    return record._replace(key=b"00000000-0000-4000-8000-000000000000")


SPOILS: dict[str, tuple[Callable[[Record], Record], str]] = {
    "truncated": (truncated, "not a CloudEvents record"),
    "empty": (lambda record: record._replace(value=None), "the record is empty"),
    "not UTF-8": (lambda record: record._replace(value=b"\xff\xfe" * 50), "not a CloudEvents record"),
    "tampered": (tampered, "does not match its leaf hash"),
    "key mismatch": (under_another_key, "key of the record is not its correlation id"),
    "unknown type": (lambda record: altered(record, type="lianxi.case.v1.Nonsense"), "no event type"),
    "newer version": (lambda record: altered(record, type="lianxi.case.v2.HandoffReceived"), "upgrade, then retry"),
    "unknown field": (lambda record: with_fields(record, colour="red"), "does not fit its model"),
    "wrong word": (lambda record: with_fields(record, kind="gift"), "does not fit its model"),
    "other petition": (lambda record: with_fields(record, petition_id=str(UUID(int=5))), "on another petition"),
    "a text without end": (lambda record: with_fields(record, from_agency="x" * 3000), "does not fit its model"),
    "a NUL in its place": (lambda record: altered(record, causationid="node-one:1\0"), "it holds a NUL"),
    "a NUL in its fact": (lambda record: with_fields(record, from_agency="petition\0office"), "it holds a NUL"),
    "cannot be folded": (
        lambda record: with_fields(record, kind="assignment", report_due_date=None),
        "could not be folded: ValueError",
    ),
}


@pytest.mark.parametrize("kind", SPOILS)
def test_a_bad_record_parks_the_rest_of_its_petition_and_no_other(desk: Desk, kind: str) -> None:
    spoil, reason = SPOILS[kind]
    desk.take_in(replaced(spoil(ROAD[POISONED])), batch_records=7)
    first, *waiting = desk.parked()
    assert reason in first[0]
    assert first[1]
    assert waiting == [("waits behind a parked record", False)] * (len(ROAD) - POISONED - 1)
    folded = [record for record in HISTORY if record in OTHERS or record in ROAD[:POISONED]]
    assert desk.views() == expected(folded)


def test_what_a_record_says_is_not_repeated_in_the_reason(desk: Desk) -> None:
    desk.take_in(replaced(with_fields(ROAD[POISONED], kind="张三的身份证号")))
    [(reason, _), *_] = desk.parked()
    assert "张三" not in reason


def test_a_record_without_a_readable_petition_is_parked_alone(desk: Desk) -> None:
    stray = Post(HISTORY).bytes(b"no petition", b"no record")
    desk.take_in([*HISTORY, stray])
    assert [poison for _, poison in desk.parked()] == [True]
    assert desk.views() == expected(HISTORY)


def test_a_fold_that_fails_midway_leaves_no_half_of_it_in_memory(desk: Desk) -> None:
    spoilt = with_fields(ROAD[POISONED], kind="assignment", report_due_date=None)
    worker = desk.worker()
    worker.write(replaced(spoilt))
    file = worker._files.load(desk.rows, [PETITION])[PETITION]
    assert file.events == POISONED


# --- decisions ------------------------------------------------------------------------------------------------------


def decision(post: Post, kind: type[event.Event], parked: Record, version: int = 1, node: str = OFFICE_NODE) -> Record:
    """The record of the office's decision, as its relay sends it."""
    fact = kind.model_validate(
        {
            "petition_id": PETITION,
            "agency": "joint-meeting",
            "occurred_time": datetime(2026, 2, 1, tzinfo=UTC),
            "partition": parked.partition,
            "record_offset": parked.offset,
            "reason": ParkingReason.UPGRADED,
        }
    )
    return post.fact(node, parked_record_id(parked.partition, parked.offset), version, fact)


def without_bookkeeping(desk: Desk) -> None:
    """Nothing is parked, and a rebuild finds the same views."""
    assert desk.parked() == []
    assert rebuild(desk.dsn, law_in_force()).equal


def test_after_an_upgrade_a_retry_folds_all_that_waited(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    old = altered(ROAD[POISONED], type="lianxi.case.v0.HandoffReceived")
    post = Post(HISTORY)
    worker = desk.worker()
    worker.write(replaced(old))
    assert len(desk.parked()) == len(ROAD) - POISONED
    monkeypatch.setitem(
        event._upcasts, "lianxi.case.v0.HandoffReceived", ("lianxi.case.v1.HandoffReceived", lambda fields: fields)
    )
    retried = decision(post, ParkedRecordRetried, old)
    assert worker.write([retried]) == len(ROAD) - POISONED + 1
    assert desk.views() == expected(HISTORY)
    assert desk.missing() == {"node-one": 0, "node-two": 0, OFFICE_NODE: 0}
    assert desk.select("SELECT DISTINCT resolution, resolved_by FROM office.parked") == [("folded", "office:1")]
    without_bookkeeping(desk)


def test_a_retry_without_an_upgrade_changes_nothing_and_a_later_one_still_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = altered(ROAD[POISONED], type="lianxi.case.v0.HandoffReceived")
    post = Post(HISTORY)
    worker = desk.worker()
    worker.write(replaced(old))
    before = desk.parked()
    assert worker.write([decision(post, ParkedRecordRetried, old)]) == 1
    assert desk.parked() == before
    monkeypatch.setitem(
        event._upcasts, "lianxi.case.v0.HandoffReceived", ("lianxi.case.v1.HandoffReceived", lambda fields: fields)
    )
    worker.write([decision(post, ParkedRecordRetried, old, version=2)])
    assert desk.views() == expected(HISTORY)
    without_bookkeeping(desk)


def test_a_skip_leaves_one_record_out_and_folds_the_rest(desk: Desk) -> None:
    # An assignment without a date cannot be folded; what follows can be, with or without it.
    spoilt = with_fields(ROAD[POISONED], kind="assignment", report_due_date=None)
    post = Post(HISTORY)
    worker = desk.worker()
    worker.write(replaced(spoilt))
    later = desk.select("SELECT count(*) FROM office.parked WHERE NOT poison")[0][0]
    assert worker.write([decision(post, ParkedRecordSkipped, spoilt)]) == later + 1
    assert desk.views() == expected([record for record in HISTORY if record is not ROAD[POISONED]])
    assert set(desk.select("SELECT resolution, poison FROM office.parked")) == {("skipped", True), ("folded", False)}
    without_bookkeeping(desk)


def test_records_that_come_after_the_decision_in_its_batch_are_folded_behind_what_waited(desk: Desk) -> None:
    spoilt = truncated(ROAD[POISONED])
    post = Post(HISTORY)
    worker = desk.worker()
    last = ROAD[-1]
    worker.write([record for record in replaced(spoilt) if record is not last])
    skipped = decision(post, ParkedRecordSkipped, spoilt)
    late = post.bytes(str(PETITION).encode(), last.value)
    worker.write([skipped, late])
    assert desk.views() == expected([record for record in HISTORY if record is not ROAD[POISONED]])
    without_bookkeeping(desk)


def test_a_decision_delivered_again_is_carried_out_once(desk: Desk) -> None:
    spoilt = truncated(ROAD[POISONED])
    post = Post(HISTORY)
    worker = desk.worker()
    worker.write(replaced(spoilt))
    skipped = decision(post, ParkedRecordSkipped, spoilt)
    worker.write([skipped])
    views = desk.views()
    assert worker.write([post.bytes(skipped.key or b"", skipped.value)]) == 0
    assert desk.views() == views


def test_a_decision_of_another_node_has_no_effect(desk: Desk) -> None:
    spoilt = truncated(ROAD[POISONED])
    post = Post(HISTORY)
    worker = desk.worker()
    worker.write(replaced(spoilt))
    before = desk.parked()
    worker.write([decision(post, ParkedRecordSkipped, spoilt, node="node-one")])
    assert desk.parked() == before


def test_an_office_that_reads_the_whole_bus_again_comes_to_the_same_views(desk: Desk) -> None:
    spoilt = truncated(ROAD[POISONED])
    post = Post(HISTORY)
    bus = [*replaced(spoilt), decision(post, ParkedRecordSkipped, spoilt)]
    desk.take_in(bus, batch_records=9)
    first = desk.views()
    desk.clear()
    desk.take_in(bus, batch_records=1000)
    assert desk.views() == first
    assert desk.parked() == []


def test_a_parked_copy_of_a_fact_that_came_after_all_is_settled_as_a_duplicate(desk: Desk) -> None:
    # The copies are unreadable to this version, so that no watermark can tell that they are the same.
    post = Post(HISTORY)
    copies = [post.bytes(ROAD[0].key or b"", truncated(ROAD[0]).value) for _ in range(2)]
    worker = desk.worker()
    worker.write([*HISTORY, *copies])
    assert len(desk.parked()) == 2
    as_upgraded = "UPDATE office.parked SET value = %s, record_key = %s RETURNING 1"
    desk.select(as_upgraded, ROAD[0].value, ROAD[0].key)
    worker.write([decision(post, ParkedRecordRetried, copies[0])])
    assert desk.select("SELECT DISTINCT resolution FROM office.parked") == [("duplicate",)]
    assert desk.views() == expected(HISTORY)
    assert decode(ROAD[0].value).subject == PETITION
