"""`duties`: what every agency owes on every petition by which date; the central record of accountability.

A row holds the dates and never a status: open, met, late or breached follow from the time at which one asks. The
arithmetic of a date follows from rule, version, start, extension, ledger and calendar version, and is spelled out on
request.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class DutyRow(NamedTuple):
    """One duty; `breach_rung` is the last rung that the watch recorded, 0 for none; `warned_date` was warned of."""

    duty_id: str
    rule_id: str
    rule_version: str
    nature: str
    petition_id: UUID
    debtor: str
    opened_time: datetime
    due_date: date | None
    due_time: datetime | None
    due_state: str
    calendar_version: str
    extension_days: int
    budget_days: int | None
    consumed_days: int
    running_since: date | None
    suspended_since: date | None
    met_time: datetime | None
    met_recorded_time: datetime | None
    released_time: datetime | None
    breach_rung: int
    warned_date: date | None


def rows(petition: PetitionFile, changes: Changes) -> Iterable[DutyRow]:
    """The duties that changed."""
    for duty in changes.duties.values():
        yield DutyRow(
            duty.duty_id,
            duty.rule_id,
            duty.rule_version,
            duty.nature,
            duty.petition_id,
            duty.debtor,
            duty.opened_time,
            duty.due_date,
            duty.due_time,
            duty.due_state,
            duty.calendar_version,
            duty.extension_days,
            duty.budget_days,
            duty.consumed_days,
            duty.running_since,
            duty.suspended_since,
            duty.met_time,
            duty.met_recorded_time,
            duty.released_time,
            petition.breach_rungs.get(duty.duty_id, 0),
            petition.warned_dates.get(duty.duty_id),
        )


MISSED = (
    "nature = 'duty' AND due_time IS NOT NULL AND (met_time IS NULL OR met_time >= due_time) "
    "AND (released_time IS NULL OR released_time >= due_time)"
)
"""A duty whose date was missed once that date is past; the watch's index holds these rows only."""

BY_DUE = "coalesce(due_time, 'infinity')"
"""The order of lists: the oldest date first, and what has no date in law last."""

STANDING = "met_time IS NULL AND released_time IS NULL"

STATUS = """
    CASE WHEN met_time IS NOT NULL THEN CASE WHEN met_time >= due_time THEN 'late' ELSE 'met' END
         WHEN released_time IS NOT NULL THEN 'released'
         WHEN due_time IS NULL OR due_time > %(now)s THEN 'open'
         WHEN nature = 'window' THEN 'lapsed' ELSE 'breached' END"""
"""`domain.duties.Duty.status` in SQL, so that a page can be cut where the rows are."""

VIEW = View(
    Table(
        "duties",
        DutyRow,
        key=("duty_id",),
        indexes=(
            ("by_petition", "(petition_id)"),
            ("by_debtor", f"(debtor, ({BY_DUE}), duty_id)"),
            # What still stands is asked for most, and is found without passing all that was ever done.
            ("standing_by_due", f"(({BY_DUE}), duty_id) WHERE {STANDING}"),
            ("standing_by_debtor", f"(debtor, ({BY_DUE}), duty_id) WHERE {STANDING}"),
            ("to_watch", f"(breach_rung, due_time) WHERE {MISSED}"),
        ),
    ),
    rows,
)
