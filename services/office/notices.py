"""What the office puts on record by itself besides breaches: dates that come near, and matters for the Joint Meeting.

Like the watch it reads the views and writes the office's own log, where the id of each stream follows from what it is
about, so that the log takes each notice once whatever restarts or replicas there are. It warns of a date once; where
the date moves, once more. What it finds it only records: nobody is sanctioned and nothing is decided by it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.approaching import DueDateApproaching, warning_id_of
from domain.docket import PetitionDocketed, docket_id_of
from domain.duty_table import rule_row
from services.kit.database import Rows
from services.kit.log import Fact, Log, Outcome
from services.office import liveness
from services.office.views.docket import DocketRow
from services.office.views.duties import STANDING, DutyRow

WARNING_DAYS = 5
"""How many days before its date an open duty is warned of: a choice of this system, the law gives no figure."""

SCAN_ROWS_MAX = 200
SETTLING = timedelta(seconds=3)

_SETTLED = """NOT EXISTS (SELECT FROM office.inbox WHERE inbox.petition_id = {0}.petition_id
                    AND inbox.ingested_time > transaction_timestamp() - %(settling)s)
    AND NOT EXISTS (SELECT FROM office.parked WHERE parked.petition_id = {0}.petition_id
                    AND parked.resolved_time IS NULL)"""
_NEAR = f"""
    SELECT {", ".join(DutyRow._fields)} FROM views.duties
    WHERE nature = 'duty' AND {STANDING} AND due_time > %(now)s AND due_time <= %(until)s
    AND warned_date IS DISTINCT FROM due_date AND {_SETTLED.format("duties")}
    ORDER BY due_time LIMIT {SCAN_ROWS_MAX}"""
_DOCKET = f"""
    SELECT {", ".join(DocketRow._fields)} FROM views.docket
    WHERE docketed_time IS NULL AND {_SETTLED.format("docket")}
    ORDER BY reached_time LIMIT {SCAN_ROWS_MAX}"""


class Notices:
    """Finds in the views what is to be put on record, and records it in the office's log."""

    def __init__(
        self,
        rows: Rows,
        office_log: Log,
        office: str,
        warning_days: int = WARNING_DAYS,
        settling: timedelta = SETTLING,
    ) -> None:
        """Read through `rows`; `settling` is how long no fact on a petition came in before it is looked at."""
        self._rows, self._log, self._office = rows, office_log, office
        self._warning = timedelta(days=warning_days)
        self._settling = settling

    def tick(self, now: datetime) -> int:
        """Record what is to be recorded at `now`; return how many notices this call put on record."""
        parameters = {"now": now, "until": now + self._warning, "settling": self._settling}
        warnings = [self._warning_of(DutyRow._make(row), now) for row in self._select(_NEAR, parameters)]
        dockets = [self._docket_of(DocketRow._make(row), now) for row in self._select(_DOCKET, parameters)]
        count = record_once(self._log, warnings) + record_once(self._log, dockets)
        liveness.note(self._rows, [liveness.WARNINGS, liveness.DOCKET])
        return count

    def _select(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._rows.execute(query.encode(), parameters).fetchall()

    def _warning_of(self, duty: DutyRow, now: datetime) -> Fact:
        assert duty.due_date is not None
        assert duty.due_time is not None
        warning = DueDateApproaching(
            petition_id=duty.petition_id,
            agency=self._office,
            occurred_time=now,
            duty_id=duty.duty_id,
            rule_id=duty.rule_id,
            rule_version=duty.rule_version,
            article=rule_row(duty.rule_id, duty.rule_version).article,
            debtor=duty.debtor,
            due_date=duty.due_date,
            due_time=duty.due_time,
            calendar_version=duty.calendar_version,
        )
        return Fact(warning_id_of(duty.duty_id, duty.due_date), 1, warning)

    def _docket_of(self, docket: DocketRow, now: datetime) -> Fact:
        docketed = PetitionDocketed.model_validate(
            {
                "petition_id": docket.petition_id,
                "agency": self._office,
                "occurred_time": now,
                "ground": docket.ground,
                "agencies": tuple(docket.agencies.split(",")),
                "reached_time": docket.reached_time,
            }
        )
        return Fact(docket_id_of(docket.petition_id, docket.ground), 1, docketed)


def record_once(office_log: Log, facts: Sequence[Fact]) -> int:
    """Append facts that each begin a stream; whoever comes second is told of the conflict, and is done.

    Returns how many this call appended.
    """
    if not facts:
        return 0
    if office_log.record_facts(facts).outcome is Outcome.APPENDED:
        return len(facts)
    outcomes = [office_log.record_facts([fact]).outcome for fact in facts]
    return outcomes.count(Outcome.APPENDED)
