"""The watch: the clock meets the duties. It records each missed date in the office's own log, once per duty and rung.

It has its own timer and reads the missed duties in the order of their dates: nothing starves, and a scan costs what it
finds, not what is open. The log takes a breach once whatever restarts or replicas there are, because the stream's id
follows from duty and rung (I5). From the log it travels like every other fact, and the views show it.

It judges only what it knows to be whole: everything that was on the bus at that moment is folded, no record of the
petition is parked, and no fact on it came in during the last seconds. Otherwise an office that catches up, a record
that waits for an upgrade, or older records that come in a step at a time, would have dates on record as missed whose
keeping is the very next fact.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import NamedTuple

from domain.breach import BreachRecorded, breach_id_of
from domain.calendar import DueState
from domain.duty_table import rule_row
from domain.recomputation import DueDateRecomputed, recomputation_id_of
from services.kit.bus.port import Bus, events_topic
from services.kit.clock import Clock
from services.kit.database import Rows
from services.kit.log import Fact, Log
from services.office import liveness
from services.office.notices import Notices, record_once
from services.office.rebuild import Moved
from services.office.views.duties import MISSED, DutyRow

log = logging.getLogger(__name__)

SCAN_ROWS_MAX = 1_000
TICK_SECONDS = 1.0
RUNG_DAYS: tuple[int, ...] = (0,)
"""Days after the due date at which each rung is recorded. The law gives no figure beyond the date itself."""

SETTLING = timedelta(seconds=3)
CAUGHT_UP_PAUSE_SECONDS = 0.05
CAUGHT_UP_SECONDS_MAX = 10.0
COMMAND_FACTS_MAX = 200

_SCAN = f"""
    SELECT {", ".join(DutyRow._fields)} FROM views.duties
    WHERE breach_rung = %s AND due_time <= %s AND {MISSED}
    AND (met_time IS NULL OR met_time >= due_time + %s) AND (released_time IS NULL OR released_time >= due_time + %s)
    AND NOT EXISTS (SELECT FROM office.inbox WHERE inbox.petition_id = duties.petition_id
                    AND inbox.ingested_time > transaction_timestamp() - %s)
    AND NOT EXISTS (SELECT FROM office.parked WHERE parked.petition_id = duties.petition_id
                    AND parked.resolved_time IS NULL)
    ORDER BY due_time LIMIT {SCAN_ROWS_MAX}"""


class Missed(NamedTuple):
    """A duty whose date passed unmet, and the rung to record."""

    duty: DutyRow
    rung: int
    reached_time: datetime


class Watch:
    """Finds missed dates in the views and records them in the office's log."""

    def __init__(
        self,
        rows: Rows,
        office_log: Log,
        office: str,
        rung_days: Sequence[int] = RUNG_DAYS,
        settling: timedelta = SETTLING,
    ) -> None:
        """Read through `rows`; `settling` is how long no fact on a petition came in before it is judged."""
        self._rows = rows
        self._log = office_log
        self._office = office
        self._rung_days = tuple(rung_days)
        self._settling = settling

    def has_read(self, end_offsets: Mapping[int, int]) -> bool:
        """Tell whether the views hold everything that stood on the bus when these were its ends."""
        rows = self._rows.execute("SELECT partition, next_offset FROM office.read_offset").fetchall()
        read: dict[int, int] = dict(rows)
        return all(read.get(partition, 0) >= end for partition, end in end_offsets.items())

    def tick(self, now: datetime) -> int:
        """Record what was missed up to `now`; return how many breaches this call put on record."""
        recorded = 0
        for number, days in enumerate(self._rung_days):
            missed = self._missed(number, timedelta(days=days), now)
            for start in range(0, len(missed), COMMAND_FACTS_MAX):
                recorded += self._record(missed[start : start + COMMAND_FACTS_MAX])
        liveness.note(self._rows, [liveness.BREACHES])
        return recorded

    def _missed(self, rungs_recorded: int, delay: timedelta, now: datetime) -> list[Missed]:
        values = [rungs_recorded, now - delay, delay, delay, self._settling]
        duties = map(DutyRow._make, self._rows.execute(_SCAN, values).fetchall())
        return [Missed(duty, rungs_recorded + 1, _reached(duty, delay)) for duty in duties]

    def _record(self, missed: Sequence[Missed]) -> int:
        return record_once(self._log, [self._fact(one) for one in missed])

    def _fact(self, missed: Missed) -> Fact:
        duty = missed.duty
        assert duty.due_date is not None
        assert duty.due_time is not None
        breach = BreachRecorded(
            petition_id=duty.petition_id,
            agency=self._office,
            occurred_time=missed.reached_time,
            duty_id=duty.duty_id,
            rung=missed.rung,
            rule_id=duty.rule_id,
            rule_version=duty.rule_version,
            article=rule_row(duty.rule_id, duty.rule_version).article,
            debtor=duty.debtor,
            due_date=duty.due_date,
            due_time=duty.due_time,
            calendar_version=duty.calendar_version,
        )
        return Fact(breach_id_of(duty.duty_id, missed.rung), 1, breach)


def record_moved(office_log: Log, office: str, now: datetime, moved: Sequence[Moved]) -> None:
    """Put each due date that a new calendar moved on record, once per duty and calendar (I4)."""
    for duty in moved:
        fact = DueDateRecomputed(
            petition_id=duty.petition_id,
            agency=office,
            occurred_time=now,
            duty_id=duty.duty_id,
            rule_id=duty.rule_id,
            rule_version=duty.rule_version,
            article=rule_row(duty.rule_id, duty.rule_version).article,
            debtor=duty.debtor,
            due_date_before=duty.due_date_before,
            due_date_after=duty.due_date_after,
            calendar_before=duty.calendar_before,
            calendar_after=duty.calendar_after,
            provisional=duty.due_state == DueState.CALENDAR_UNPUBLISHED,
        )
        office_log.record(recomputation_id_of(duty.duty_id, duty.calendar_after), 0, [fact])


def _reached(duty: DutyRow, delay: timedelta) -> datetime:
    assert duty.due_time is not None
    return duty.due_time + delay


def follow(watch: Watch, notices: Notices, clock: Clock, stop: Signal, bus: Bus) -> None:
    """Look every second until told to stop; a full scan is followed by the next at once."""
    while not stop.is_set():
        now = clock()
        recorded = 0
        if _catches_up(watch, bus.end_offsets(events_topic().name), stop):
            recorded = watch.tick(now)
            if noticed := notices.tick(now):
                log.info("notices recorded count=%s", noticed)
        if recorded:
            log.info("breaches recorded count=%s", recorded)
        if recorded < SCAN_ROWS_MAX:
            stop.wait(TICK_SECONDS)


def _catches_up(watch: Watch, end_offsets: Mapping[int, int], stop: Signal) -> bool:
    """Wait a while until the views hold what stands on the bus; tell whether they do."""
    deadline = time.monotonic() + CAUGHT_UP_SECONDS_MAX
    while not watch.has_read(end_offsets):
        if stop.wait(CAUGHT_UP_PAUSE_SECONDS):
            return False
        if time.monotonic() > deadline:
            log.warning("dates are not watched: ingest has not read what stands on the bus")
            return False
    return True
