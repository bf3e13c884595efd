"""How a due date comes about, a step a line: worked out again from what the duty's row pins, and compared with it.

Rule id, rule version, start, extension and named date are all in the row, so the arithmetic is the same whenever it is
asked for. Only the calendar may have changed since: then both dates are told, because the one in the row stands until
the views are rebuilt with the new calendar.
"""

from domain.calendar import Due, Unit, civil_date
from domain.law import Law
from domain.rules import Rule
from services.office.views.duties import DutyRow

_UNITS = {Unit.CALENDAR_DAY: "calendar days", Unit.WORKING_DAY: "working days"}


def steps_of(duty: DutyRow, law: Law) -> tuple[str, ...]:
    """Return the arithmetic of the duty's date in steps."""
    rule = law.table.row(duty.rule_id, duty.rule_version)
    begins = f"{rule.article} ({rule.version}): {rule.title}, counted from {civil_date(duty.opened_time)}"
    if duty.due_date is None or (rule.length is None and rule.named_in is None):
        return begins, f"{rule.article} gives no figure: there is somebody who must move, and no date"
    worked_out = worked_out_again(duty, rule, law)
    return begins, *_period(rule, duty), *worked_out.steps, *_compared(duty, worked_out)


def worked_out_again(duty: DutyRow, rule: Rule, law: Law) -> Due:
    """Work the date out from what the row pins, with the calendar of today."""
    named = duty.due_date if rule.named_in else None
    return law.due_of(rule, duty.opened_time, extension_days=duty.extension_days, named=named)


def _period(rule: Rule, duty: DutyRow) -> tuple[str, ...]:
    if rule.length is None:
        return ()
    period = f"{rule.article} gives {rule.length} {_UNITS[rule.unit]}"
    if not duty.extension_days:
        return (period,)
    return period, f"extended once by {duty.extension_days} days, {rule.article}"


def _compared(duty: DutyRow, worked_out: Due) -> tuple[str, ...]:
    if worked_out.due_date == duty.due_date and worked_out.state == duty.due_state:
        return ()
    return (
        f"on record stands {duty.due_date} ({duty.due_state}), with {duty.calendar_version}",
        f"with {worked_out.calendar_version} it becomes {worked_out.due_date} ({worked_out.state}) with a rebuild",
    )
