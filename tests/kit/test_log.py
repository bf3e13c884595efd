"""What a log promises to one caller: order, times, one answer per request, nothing changed, nothing half done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg.errors import InsufficientPrivilege

from domain.case import ObjectionRaised
from domain.event import Sealed, UnknownEventType, upcast_from
from domain.vocabulary import ObjectionReason
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.log import Fact, Log, Outcome, install_schema, leaf_hash, verify_leaf
from services.kit.log.connection import connect
from services.kit.log.mapper import EventMapper
from tests.support.logs import COUNT, PETITION, as_owner, at_once, classified, dsn, log, request

__all__ = ["dsn", "log"]

pytestmark = pytest.mark.postgres

MICROSECOND = timedelta(microseconds=1)


# Appending and loading


def test_a_stream_is_loaded_as_it_was_recorded(log: Log) -> None:
    case = uuid4()
    assert log.load(case, COUNT) == (0, 0)

    first = log.record(case, 0, [classified(), classified()])
    second = log.record(case, 2, [classified()], causation_id="north:17")

    assert (first.outcome, first.first_position, first.last_position) == (Outcome.APPENDED, 1, 2)
    assert (second.first_position, second.last_position) == (3, 3)
    assert log.load(case, COUNT) == (3, 3)
    assert log.load(case, COUNT, fresh=True) == (3, 3)
    assert [row.causation_id for row in log.select_stored(0, 10)] == [None, None, "north:17"]
    assert log.head() == (3, second.recorded_at)


def test_the_library_reads_the_same_log(log: Log) -> None:
    case = uuid4()
    event = classified()
    log.record(case, 0, [event], causation_id="north:17")

    assert list(log.events.get(case)) == [Fact(case, 1, event, "north:17")]
    assert log.notification_log["1,10"].id == "1,1"
    assert [recording.notification.id for recording in log.save(Fact(case, 2, event))] == [2]


def test_a_stale_version_is_a_conflict_and_writes_nothing(log: Log) -> None:
    case = uuid4()
    log.record(case, 0, [classified(), classified()])

    late, ahead = log.record(case, 1, [classified()]), log.record(case, 3, [classified()])

    assert (late.outcome, late.actual_version) == (Outcome.CONFLICT, 2)
    assert (ahead.outcome, ahead.actual_version) == (Outcome.CONFLICT, 2)
    assert log.head()[0] == 2


def test_a_command_on_two_streams_is_stored_wholly_or_not_at_all(log: Log) -> None:
    one, other = uuid4(), uuid4()
    both = [Fact(one, 1, classified()), Fact(other, 1, classified()), Fact(one, 2, classified())]
    log.record(other, 0, [classified()])
    assert log.record_facts(both).outcome is Outcome.CONFLICT
    assert log.load(one, COUNT) == (0, 0)

    both[1] = Fact(other, 2, classified())
    assert log.record_facts(both).outcome is Outcome.APPENDED
    assert (log.load(one, COUNT), log.load(other, COUNT)) == ((2, 2), (2, 2))


def test_a_cached_state_that_another_writer_overtook_is_mended_by_the_conflict(log: Log, dsn: str) -> None:
    case = uuid4()
    log.record(case, 0, [classified()])
    assert log.load(case, COUNT) == (1, 1)
    neighbour = Log(dsn)
    neighbour.record(case, 1, [classified()])
    neighbour.close()

    assert log.load(case, COUNT) == (1, 1)
    assert log.load(case, COUNT, fresh=True) == (2, 2)
    assert log.record(case, 1, [classified()]).outcome is Outcome.CONFLICT
    assert log.load(case, COUNT) == (2, 2)


# Requests


def test_the_same_request_gets_the_first_answer(log: Log) -> None:
    case, sent = uuid4(), request(answer=b"first")
    first = log.record(case, 0, [classified()], request=sent)
    again = log.record(case, 1, [classified()], request=sent)

    assert (again.outcome, again.answer, again.last_position) == (Outcome.REPLAYED, b"first", first.last_position)
    assert again.recorded_at == first.recorded_at
    assert log.find_request(sent.agency, sent.request_id) == (b"digest", b"first", 1, first.recorded_at)
    assert log.find_request("forestry", sent.request_id) is None
    assert log.head()[0] == 1


def test_a_request_id_with_another_payload_is_refused(log: Log) -> None:
    sent = request(digest=b"one")
    log.record(uuid4(), 0, [classified()], request=sent)
    reused = log.record(uuid4(), 0, [classified()], request=replace(sent, payload_digest=b"two"))

    assert (reused.outcome, reused.answer) == (Outcome.REQUEST_REUSED, None)
    assert log.head()[0] == 1


def test_a_request_without_facts_keeps_its_answer(log: Log) -> None:
    sent = request(answer=b"nothing to do")
    empty = log.record(uuid4(), 0, [], request=sent)

    assert (empty.outcome, empty.first_position, empty.last_position) == (Outcome.APPENDED, None, 0)
    assert log.record(uuid4(), 0, [], request=sent).answer == b"nothing to do"


def test_a_conflict_leaves_the_request_id_free(log: Log) -> None:
    case, sent = uuid4(), request()
    log.record(case, 0, [classified()])
    assert log.record(case, 0, [classified()], request=sent).outcome is Outcome.CONFLICT
    assert log.record(case, 1, [classified()], request=sent).outcome is Outcome.APPENDED


def test_one_request_sent_by_many_at_once_is_done_once(log: Log) -> None:
    sent = request()
    outcomes = at_once(*[lambda: log.record(uuid4(), 0, [classified()], request=sent).outcome] * 8)
    assert sorted(outcomes) == [Outcome.APPENDED] + [Outcome.REPLAYED] * 7
    assert log.head()[0] == 1


# What a row says


def test_a_field_that_is_none_comes_back_as_none() -> None:
    event = ObjectionRaised(
        petition_id=PETITION,
        agency="housing",
        occurred_time=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        handoff_id=uuid4(),
        to_agency="north",
        reason=ObjectionReason.NOT_OUR_POWER,
        explanation=Sealed(origin=uuid4(), field="explanation", text="v1.AAAA"),
        due_date=None,
        late=False,
    )
    fact = Fact(uuid4(), 3, event, "north:17")
    assert EventMapper().to_domain_event(EventMapper().to_stored_event(fact)) == fact


def test_an_old_version_of_an_event_is_lifted_while_it_is_read() -> None:
    old_name = f"lianxi.case.v0.Filed{uuid4().hex}"

    @upcast_from(old_name, "lianxi.case.v1.Classified")
    def add_category(fields: dict[str, object]) -> dict[str, object]:
        return fields | {"category": "appeal"}

    stored = EventMapper().to_stored_event(Fact(uuid4(), 1, event := classified()))
    old = StoredEvent(stored.originator_id, 1, old_name, stored.state.replace(b'"category":"appeal",', b""))
    assert b"category" not in old.state
    assert EventMapper().to_domain_event(old).event == event


def test_an_unknown_event_type_is_named() -> None:
    with pytest.raises(UnknownEventType, match="Forgotten"):
        EventMapper().to_domain_event(StoredEvent(uuid4(), 1, "lianxi.case.v1.Forgotten", b"{}"))


def test_the_database_and_the_reader_compute_the_same_leaf(log: Log) -> None:
    events = [classified() for _ in range(3)]
    log.record(uuid4(), 0, events)
    log.record(uuid4(), 0, events, causation_id="北区:17")
    rows = log.select_stored(0, 10)
    assert len(rows) == 6
    assert all(map(verify_leaf, rows))
    assert not verify_leaf(rows[0]._replace(state=rows[0].state + b" "))
    assert not verify_leaf(rows[3]._replace(causation_id=None))


def test_the_leaf_layout_is_the_released_one() -> None:
    recorded_at = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
    encoded = (
        b"\0"
        + (7).to_bytes(8)
        + PETITION.bytes
        + (2).to_bytes(8)
        + (1_772_443_800_123_456).to_bytes(8)
        + (25).to_bytes(4)
        + b"lianxi.case.v1.Classified"
        + (8).to_bytes(4)
        + b"north:17"
        + b"{}"
    )
    leaf = leaf_hash(7, PETITION, 2, recorded_at, "lianxi.case.v1.Classified", "north:17", b"{}")
    assert leaf == sha256(encoded).digest()
    assert leaf.hex() == "8dee8476a1795f0fdc11bc09896f6046e208b847ce6c9b96ab90efd4746a2018"


# Order and time


def test_recorded_times_rise_even_when_the_clock_steps_back(log: Log, dsn: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    event = "insert into event values (1, gen_random_uuid(), 1, 'lianxi.case.v1.Classified', '', %s, sha256(''), null)"
    as_owner(dsn, event, (tomorrow,))
    log.record(uuid4(), 0, [classified(), classified()])
    second = log.record(uuid4(), 0, [classified()])

    assert [row.recorded_at - tomorrow for row in log.select_stored(0, 9)] == [n * MICROSECOND for n in range(4)]
    assert second.recorded_at == tomorrow + 3 * MICROSECOND


def test_as_of_an_instant_is_a_prefix_of_the_log(log: Log) -> None:
    assert log.position_as_of(datetime.now(UTC)) == 0
    for _ in range(9):
        log.record(uuid4(), 0, [classified()])
    for row in log.select_stored(0, 9):
        assert log.position_as_of(row.recorded_at) == row.position
        assert log.position_as_of(row.recorded_at - MICROSECOND) == row.position - 1
    assert log.position_as_of(datetime.now(UTC) + timedelta(days=1)) == 9


# Append only


@pytest.mark.parametrize(
    "statement",
    [
        "update event set topic = 'lianxi.case.v1.Other'",
        "delete from event",
        "truncate event",
        "insert into event select 99, gen_random_uuid(), 1, topic, state, now(), leaf_hash, null from event",
        "update request set answer = 'x'",
        "delete from request",
        "select insert_facts(0, now(), 1, 0, '{}', '{}', '{}', '{}', '{}')",
        "alter table event disable trigger facts_stay",
        "drop table event",
        "create table mine ()",
    ],
)
def test_the_service_may_do_nothing_but_select_and_append(log: Log, dsn: str, statement: str) -> None:
    log.record(uuid4(), 0, [classified()], request=request())
    with connect(dsn) as service, pytest.raises(InsufficientPrivilege):
        service.execute(statement.encode())


@pytest.mark.parametrize("statement", ["update event set topic = 'x'", "delete from event", "truncate event"])
def test_even_the_owner_is_stopped_by_the_trigger(log: Log, dsn: str, statement: str) -> None:
    log.record(uuid4(), 0, [classified()])
    for role in ("lianxi_owner", "postgres"):
        refused = pytest.raises(InsufficientPrivilege, match="never changed or deleted")
        with psycopg.connect(dsn, options=f"-c role={role}") as owner, refused:
            owner.execute(statement.encode())
    assert log.head()[0] == 1


def test_the_schema_is_installed_by_many_at_once_in_many_databases(postgres_server: EmbeddedPostgres) -> None:
    databases = [postgres_server.dsn(f"log_{uuid4().hex}") for _ in range(3)]
    at_once(*[lambda database=database: install_schema(database) for database in databases * 2])
    for database in databases:
        opened = Log(database)
        assert opened.record(uuid4(), 0, [classified()]).last_position == 1
        opened.close()


def test_a_log_refuses_the_librarys_mode_that_loses_events(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    with pytest.raises(ValueError, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
        Log(dsn)
