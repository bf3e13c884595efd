"""How a due date comes about, a step a line, in Chinese and English: worked out again from what the duty pins.

Rule id, rule version, start, extension, ledger and named date stand with the duty, so the arithmetic is the same
whenever it is asked for. Only the law may have changed since: then both dates are told, because the one on record
stands until it is folded anew.
"""

from datetime import date, datetime
from typing import Protocol

from domain.articles import article_zh
from domain.calendar import Due, DueState, Step, Unit, civil_date
from domain.duty_table import rule_row
from domain.law import Law
from domain.rules import Rule
from domain.suspension import Ledger, steps_of_ledger

_UNITS = {Unit.CALENDAR_DAY: ("日", "calendar days"), Unit.WORKING_DAY: ("个工作日", "working days")}
_STATES = {
    DueState.FINAL: "确定",
    DueState.CALENDAR_UNPUBLISHED: "暂定",
    DueState.SUSPENDED: "停止计算",
}


class Pinned(Protocol):
    """What a duty, or its row in a view, says about its date."""

    @property
    def rule_id(self) -> str: ...
    @property
    def rule_version(self) -> str: ...
    @property
    def opened_time(self) -> datetime: ...
    @property
    def due_date(self) -> date | None: ...
    @property
    def due_state(self) -> str: ...
    @property
    def calendar_version(self) -> str: ...
    @property
    def extension_days(self) -> int: ...
    @property
    def budget_days(self) -> int | None: ...
    @property
    def consumed_days(self) -> int: ...
    @property
    def running_since(self) -> date | None: ...
    @property
    def suspended_since(self) -> date | None: ...


def steps_of(duty: Pinned, law: Law) -> tuple[Step, ...]:
    """Return the arithmetic of the duty's date in steps."""
    rule = row_of(duty, law)
    start = civil_date(duty.opened_time)
    begins = Step(
        f"{article_zh(rule.article)}:{rule.title_zh},自 {start} 起算",
        f"{rule.article} ({rule.version}): {rule.title}, counted from {start}",
    )
    if rule.length is None and duty.due_date is None:
        return begins, no_figure(rule)
    ledger = _ledger(duty)
    stood = steps_of_ledger(start, ledger) if ledger else ()
    worked_out = worked_out_again(duty, rule, law)
    if worked_out is None:
        return begins, *_period(rule, duty), *stood
    return begins, *_period(rule, duty), *stood, *worked_out.steps, *_compared(duty, worked_out)


def row_of(duty: Pinned, law: Law) -> Rule:
    """The row that the duty rests on; the national one where a local figure has been taken away since."""
    try:
        return law.table.row(duty.rule_id, duty.rule_version)
    except KeyError:
        return rule_row(duty.rule_id, duty.rule_version)


def worked_out_again(duty: Pinned, rule: Rule, law: Law) -> Due | None:
    """Work the date out from what the duty pins, with the law of today; None while the period stands still."""
    if (ledger := _ledger(duty)) is not None:
        if ledger.running_since is None:
            return None
        return law.calendar.due(ledger.running_since, ledger.left_days, rule.unit)
    named = duty.due_date if rule.length is None else None
    return law.due_of(rule, duty.opened_time, extension_days=duty.extension_days, named=named)


def no_figure(rule: Rule) -> Step:
    """Say that the law names who must move, and no date."""
    return Step(
        f"{article_zh(rule.article)}:法律未规定期限,责任主体明确而无届满日",
        f"{rule.article} gives no figure in law: there is somebody who must move, and no date",
    )


def _ledger(duty: Pinned) -> Ledger | None:
    if duty.budget_days is None:
        return None
    return Ledger(duty.budget_days, duty.consumed_days, duty.running_since, duty.suspended_since)


def given_by(rule: Rule) -> tuple[Step, ...]:
    """Say how long the period is and who gives it: the article, or the basis of a local figure."""
    if rule.length is None:
        return ()
    zh, en = _UNITS[rule.unit]
    giver_zh, giver = (rule.basis, rule.basis) if rule.basis else (article_zh(rule.article), rule.article)
    return (Step(f"{giver_zh}规定 {rule.length} {zh}", f"{giver} gives {rule.length} {en}"),)


def _period(rule: Rule, duty: Pinned) -> tuple[Step, ...]:
    days = duty.extension_days
    if not days:
        return given_by(rule)
    extended = Step(
        f"经批准延长一次 {days} 日,{article_zh(rule.article)}", f"extended once by {days} days, {rule.article}"
    )
    return *given_by(rule), extended


def _compared(duty: Pinned, worked_out: Due) -> tuple[Step, ...]:
    if worked_out.due_date == duty.due_date and worked_out.state == duty.due_state:
        return ()
    on_record, now = _STATES[DueState(duty.due_state)], _STATES[worked_out.state]
    return (
        Step(
            f"现有记录为 {duty.due_date}({on_record}),依据 {duty.calendar_version}",
            f"on record stands {duty.due_date} ({duty.due_state}), with {duty.calendar_version}",
        ),
        Step(
            f"按 {worked_out.calendar_version} 重算后为 {worked_out.due_date}({now}),重建后生效",
            f"with {worked_out.calendar_version} it becomes {worked_out.due_date} ({worked_out.state}) with a rebuild",
        ),
    )
