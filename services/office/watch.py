"""The watch: the clock meets the duties. It records each missed date in the office's own log, once per duty and rung.

It has its own timer and reads the missed duties in the order of their dates: nothing starves, and a scan costs what it
finds, not what is open. The log takes a breach once whatever restarts or replicas there are, because the stream's id
follows from duty and rung (I5). From the log it travels like every other fact, and the views show it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Any, NamedTuple

from domain.breach import BreachRecorded, breach_id_of
from domain.calendar import DueState
from domain.recomputation import DueDateRecomputed, recomputation_id_of
from domain.rules import rule_row
from services.kit.clock import Clock
from services.kit.database import Rows
from services.kit.log import Log
from services.kit.log.command import Outcome
from services.office.rebuild import Moved
from services.office.views.duties import MISSED, DutyRow

log = logging.getLogger(__name__)

SCAN_ROWS_MAX = 1_000
TICK_SECONDS = 1.0
RUNG_DAYS: tuple[int, ...] = (0,)
"""Days after the due date at which each rung is recorded. The law gives no figure beyond the date itself."""

_SCAN = f"""
    SELECT {", ".join(DutyRow._fields)} FROM views.duties
    WHERE breach_rung = %s AND due_time <= %s AND {MISSED}
    AND (met_time IS NULL OR met_time >= due_time + %s) AND (released_time IS NULL OR released_time >= due_time + %s)
    ORDER BY due_time LIMIT {SCAN_ROWS_MAX}"""


class Missed(NamedTuple):
    """A duty whose date passed unmet, and the rung to record."""

    duty: DutyRow
    rung: int
    reached_time: datetime


class Watch:
    """Finds missed dates in the views and records them in the office's log."""

    def __init__(self, rows: Rows, office_log: Log, office: str, rung_days: Sequence[int] = RUNG_DAYS) -> None:
        self._rows = rows
        self._log = office_log
        self._office = office
        self._rung_days = tuple(rung_days)

    def tick(self, now: datetime) -> int:
        """Record what was missed up to `now`; return how many breaches this call put on record."""
        recorded = 0
        for number, days in enumerate(self._rung_days):
            for missed in self._missed(number, timedelta(days=days), now):
                recorded += self._record(missed)
        return recorded

    def _missed(self, rungs_recorded: int, delay: timedelta, now: datetime) -> list[Missed]:
        rows = self._rows.execute(_SCAN, [rungs_recorded, now - delay, delay, delay]).fetchall()
        duties = map(DutyRow._make, rows)
        return [Missed(duty, rungs_recorded + 1, _reached(duty, delay)) for duty in duties]

    def _record(self, missed: Missed) -> int:
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
        stream = breach_id_of(duty.duty_id, missed.rung)
        # Expecting an empty stream is what makes it once: whoever comes second is told of the conflict, and is done.
        answer: Any = self._log.record(stream, 0, [breach])
        return int(answer.outcome is Outcome.APPENDED)


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


def follow(watch: Watch, clock: Clock, stop: Signal) -> None:
    """Look every second until told to stop; a full scan is followed by the next at once."""
    while not stop.is_set():
        recorded = watch.tick(clock())
        if recorded:
            log.info("breaches recorded count=%s", recorded)
        if recorded < SCAN_ROWS_MAX:
            stop.wait(TICK_SECONDS)
