"""Many writers, one log, and everything that can break in between: nothing lost, doubled, half done or out of order."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep
from uuid import UUID, uuid4

import pytest
from psycopg.conninfo import make_conninfo

from services.kit.log import Log, LoggedEvent, LogUnavailable, Outcome, Unstorable
from services.kit.log.group_commit import Limits
from tests.support.log_writer import EVENTS_PER_COMMAND
from tests.support.logs import COUNT, CutLine, as_owner, break_connections, busy_writer, classified, dsn, log, request

__all__ = ["dsn", "log"]

pytestmark = pytest.mark.postgres

WRITERS = 12


@pytest.fixture
def cut_line(dsn: str) -> Iterator[CutLine]:
    line = CutLine(dsn)
    yield line
    line.close()


def assert_in_order(rows: list[LoggedEvent], since: int = 0) -> None:
    """Positions have no gaps, recorded times rise strictly, versions of each stream follow each other."""
    assert [row.position for row in rows] == list(range(since + 1, since + len(rows) + 1))
    times = [row.recorded_at for row in rows]
    assert all(earlier < later for earlier, later in pairwise(times))
    versions: dict[UUID, int] = {}
    for row in rows:
        assert row.originator_version == versions.get(row.originator_id, 0) + 1
        versions[row.originator_id] = row.originator_version


def everything(log: Log) -> list[LoggedEvent]:
    rows: list[LoggedEvent] = []
    while more := log.select_stored(len(rows), 1000):
        rows += more
    return rows


# Groups


def test_what_arrives_during_a_commit_shares_the_next_one(log: Log, dsn: str) -> None:
    with ThreadPoolExecutor(WRITERS) as threads:
        with busy_writer(dsn, log):
            waiting = [threads.submit(log.record, uuid4(), 0, [classified()]) for _ in range(WRITERS)]
            wait_in_line(log, WRITERS)
        assert {each.result().outcome for each in waiting} == {Outcome.APPENDED}
    transactions = as_owner(dsn, "select count(distinct xmin::text) from event")
    assert transactions == [(2,)]
    assert_in_order(everything(log))


def test_a_conflict_in_a_group_harms_nobody_else(log: Log, dsn: str) -> None:
    contested, sent = uuid4(), request()
    commands = [
        (uuid4(), 0, None),
        (contested, 0, None),
        (contested, 0, None),
        (contested, 1, None),
        (uuid4(), 5, None),
        (uuid4(), 0, sent),
        (uuid4(), 0, sent),
        (uuid4(), 0, None),
    ]
    with ThreadPoolExecutor(len(commands)) as threads:
        with busy_writer(dsn, log):
            waiting = []
            for number, (stream, version, name) in enumerate(commands, 1):
                waiting.append(threads.submit(log.record, stream, version, [classified(), classified()], request=name))
                wait_in_line(log, number)
        outcomes = [each.result() for each in waiting]

    appended, conflict, replayed = Outcome.APPENDED, Outcome.CONFLICT, Outcome.REPLAYED
    assert [each.outcome for each in outcomes] == [
        appended, appended, conflict, conflict, conflict, appended, replayed, appended
    ]  # fmt: skip
    assert [each.actual_version for each in outcomes] == [None, None, 2, 2, 0, None, None, None]
    assert [each.first_position for each in outcomes] == [2, 4, None, None, None, 6, None, 8]
    assert_in_order(everything(log))


def test_a_command_that_cannot_be_stored_harms_nobody_else(log: Log, dsn: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        with busy_writer(dsn, log):
            before = threads.submit(log.record, uuid4(), 0, [classified()])
            broken = threads.submit(log.record, uuid4(), 0, [classified(), classified()], causation_id="nul \0")
            after = threads.submit(log.record, uuid4(), 0, [classified()])
            wait_in_line(log, 3)
        with pytest.raises(Unstorable, match="0x00"):
            broken.result()
        assert {before.result().outcome, after.result().outcome} == {Outcome.APPENDED}
    assert log.head()[0] == 3


def test_a_command_too_large_is_refused_before_it_is_sent(log: Log) -> None:
    with pytest.raises(Unstorable, match="16777216 bytes"):
        log.record(uuid4(), 0, [], request=request(answer=bytes(16 * 1024 * 1024 + 1)))


def wait_in_line(log: Log, commands: int) -> None:
    while log.recorder._writer._line.qsize() < commands:
        sleep(0.001)


# Readers


def test_a_reader_that_follows_twelve_writers_misses_nothing(log: Log) -> None:
    commands_each = 100
    seen: list[LoggedEvent] = []
    done = Signal()

    def follow() -> None:
        with log.listen() as listener:
            while True:
                finished = done.is_set()
                if rows := log.select_stored(seen[-1].position if seen else 0, 50):
                    seen.extend(rows)
                elif finished:
                    return
                else:
                    listener.wait(0.1)

    def write(_: int) -> None:
        for _ in range(commands_each):
            log.record(uuid4(), 0, [classified(), classified()])

    reader = Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(WRITERS)))
    done.set()
    reader.join()
    assert len(seen) == WRITERS * commands_each * 2
    assert_in_order(seen)


def test_a_listener_hears_what_was_appended_before_it_waits(log: Log) -> None:
    with log.listen() as listener:
        log.record(uuid4(), 0, [classified()])
        sleep(0.05)
        assert listener.wait(5)
        assert not listener.wait(0.01)


def test_a_listener_wakes_within_milliseconds(log: Log) -> None:
    with log.listen() as listener, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(lambda: (listener.wait(5), monotonic()))
        sleep(0.05)
        log.record(uuid4(), 0, [classified()])
        heard, at = waiting.result()
        assert heard
        assert monotonic() - at < 1


def test_a_listener_survives_a_lost_connection(log: Log, dsn: str) -> None:
    with log.listen() as listener:
        break_connections(dsn)
        assert not listener.wait(0.01)
        assert listener.wait(5), "a new connection counts as news"
        log.record(uuid4(), 0, [classified()])
        assert listener.wait(5)


# Trouble


def test_an_answer_lost_after_the_commit_is_found_by_the_request_id(dsn: str, cut_line: CutLine) -> None:
    log, case, sent = Log(cut_line.dsn), uuid4(), request(answer=b"done")
    log.record(case, 0, [classified()])
    cut_line.lose_next_answer(containing=b"appended")
    outcome = log.record(case, 1, [classified()], request=sent)
    log.close()
    assert cut_line.has_lost

    assert (outcome.outcome, outcome.last_position, outcome.answer) == (Outcome.REPLAYED, 2, b"done")
    assert as_owner(dsn, "select count(*) from event") == [(2,)]


def test_an_answer_lost_after_the_commit_is_found_by_the_facts(dsn: str, cut_line: CutLine) -> None:
    log, case, event = Log(cut_line.dsn), uuid4(), classified()
    log.record(case, 0, [event])
    cut_line.lose_next_answer(containing=b"appended")
    outcome = log.record(case, 1, [event, event], causation_id="north:17")
    assert cut_line.has_lost
    cut_line.lose_next_answer(containing=b"conflict")
    beaten = log.record(case, 1, [event, event], causation_id="north:18")
    assert cut_line.has_lost
    log.close()

    assert (outcome.outcome, outcome.first_position, outcome.last_position) == (Outcome.APPENDED, 2, 3)
    assert (beaten.outcome, beaten.actual_version) == (Outcome.CONFLICT, 3)
    assert as_owner(dsn, "select count(*) from event") == [(3,)]


def test_connections_broken_under_load_lose_and_double_nothing(log: Log, dsn: str) -> None:
    commands_each = 60

    def write(number: int) -> None:
        case, name = uuid4(), None
        for version in range(commands_each):
            if number % 2:
                name = request()
            outcome = log.record(case, version, [classified()], request=name)
            assert outcome.outcome in (Outcome.APPENDED, Outcome.REPLAYED)

    with ThreadPoolExecutor(WRITERS) as writers:
        running = [writers.submit(write, number) for number in range(WRITERS)]
        for _ in range(6):
            sleep(0.05)
            break_connections(dsn)
        for each in running:
            each.result()
    rows = everything(log)
    assert len(rows) == WRITERS * commands_each
    assert_in_order(rows)


def test_a_writer_killed_under_load_leaves_no_gap_and_nothing_half_done(log: Log, dsn: str) -> None:
    for _ in range(5):
        before = log.head()[0]
        writer = subprocess.Popen([sys.executable, "-m", "tests.support.log_writer", dsn], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(50)]
        writer.kill()
        lines += writer.stdout.readlines()
        acknowledged = {UUID(line.decode().strip()) for line in lines if line.endswith(b"\n")}
        writer.stdout.close()
        writer.wait()
        break_connections(dsn)

        rows = log.select_stored(before, 100_000)
        assert_in_order(rows, since=before)
        events = Counter(row.originator_id for row in rows)
        assert set(events.values()) == {EVENTS_PER_COMMAND}
        assert acknowledged <= set(events)


def test_a_database_that_takes_no_writes_is_reported_at_once_and_then_forgotten(log: Log, dsn: str) -> None:
    case = uuid4()
    name = as_owner(dsn, "select current_database()")[0][0]
    as_owner(dsn, f"alter database {name} set default_transaction_read_only = on")
    break_connections(dsn)
    with pytest.raises(LogUnavailable, match="read-only") as refused:
        log.record(case, 0, [classified()])
    assert not refused.value.maybe_stored
    assert log.load(case, COUNT) == (0, 0)

    writable = make_conninfo(dsn, options="-c default_transaction_read_only=off")
    as_owner(writable, f"alter database {name} reset default_transaction_read_only")
    assert log.record(case, 0, [classified()]).last_position == 1


def test_a_database_that_stays_away_is_given_up_within_the_limit(cut_line: CutLine) -> None:
    log = Log(cut_line.dsn, limits=Limits(retry_seconds_max=0.3))
    cut_line.close()
    begun = monotonic()
    with pytest.raises(LogUnavailable, match="cannot be reached"):
        log.record(uuid4(), 0, [classified()])
    assert monotonic() - begun < 5
    with pytest.raises(LogUnavailable):
        log.load(uuid4(), COUNT)
    log.close()


def test_closing_stores_what_is_in_line_and_takes_no_more(log: Log, dsn: str) -> None:
    with ThreadPoolExecutor(WRITERS + 1) as threads:
        with busy_writer(dsn, log):
            waiting = [threads.submit(log.record, uuid4(), 0, [classified()]) for _ in range(WRITERS)]
            wait_in_line(log, WRITERS)
            closing = threads.submit(log.close)
        closing.result()
        assert {each.result().outcome for each in waiting} == {Outcome.APPENDED}
    assert not log.is_running
    with pytest.raises(LogUnavailable, match="closed"):
        log.record(uuid4(), 0, [classified()])


def test_a_line_too_long_is_refused_instead_of_growing(dsn: str) -> None:
    log = Log(dsn, limits=Limits(waiting_commands_max=2))
    with ThreadPoolExecutor(2) as threads:
        with busy_writer(dsn, log):
            waiting = [threads.submit(log.record, uuid4(), 0, [classified()]) for _ in range(2)]
            wait_in_line(log, 2)
            with pytest.raises(LogUnavailable, match="too many"):
                log.record(uuid4(), 0, [classified()])
        assert {each.result().outcome for each in waiting} == {Outcome.APPENDED}
    log.close()
