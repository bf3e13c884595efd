"""Counting days: the first not counted, make-up days worked, windows rolled forward, unpublished years provisional."""

from datetime import UTC, date, timedelta

import pytest

from domain.calendar import DueState, Unit, WorkCalendar, civil_date, end_of_day
from domain.duty_table import RULES
from domain.law import Law
from domain.rules import Rule
from services.kit.law import law_in_force
from services.kit.work_calendar import published_calendar
from tests.domain.facts import JUST_BEFORE, on

LAW = law_in_force(2026)
CALENDAR = LAW.calendar
DAY = date.fromisoformat


def rule(rule_id: str) -> Rule:
    return next(row for row in RULES if (row.rule_id, row.version) == (rule_id, "2022"))


@pytest.mark.parametrize(
    ("length", "due"), [(15, "2022-05-16"), (30, "2022-05-31"), (60, "2022-06-30"), (90, "2022-07-30")]
)
def test_calendar_days_leave_out_the_first_day_and_no_other(length: int, due: str) -> None:
    assert CALENDAR.due(DAY("2022-05-01"), length, Unit.CALENDAR_DAY).due_date == DAY(due)


def test_five_working_days_skip_holidays_and_count_a_worked_saturday() -> None:
    due = CALENDAR.due(DAY("2022-05-01"), 5, Unit.WORKING_DAY)
    assert due.due_date == DAY("2022-05-10")
    assert tuple(step.en for step in due.steps) == (
        "start 2022-05-01 (Sun), not counted",
        "2022-05-02 (Mon) is not a working day",
        "2022-05-03 (Tue) is not a working day",
        "2022-05-04 (Wed) is not a working day",
        "2022-05-08 (Sun) is not a working day",
        "+ 5 working days = 2022-05-10 (Tue)",
        "ends at 24:00 of 2022-05-10, Asia/Shanghai",
    )
    assert due.arithmetic == "; ".join(step.en for step in due.steps)
    assert due.steps[1].zh == "2022-05-02(周一) 不是工作日"
    assert due.steps[-2].zh == "加 5 个工作日 = 2022-05-10(周二)"


def test_a_window_that_ends_on_a_weekend_is_moved_to_the_next_working_day() -> None:
    due = CALENDAR.due(DAY("2022-05-01"), 90, Unit.CALENDAR_DAY, roll_forward=True)
    assert due.due_date == DAY("2022-08-01")


def test_civil_code_203_only_the_petitioners_window_is_moved() -> None:
    # Thirty days from 1 September 2023 end on Sunday 1 October, in the week of the National Day.
    served = on("2023-09-01")
    assert LAW.due_of(rule("D12"), served).due_date == DAY("2023-10-07")
    assert [row.rule_id for row in RULES if row.roll_forward] == ["D12", "D14", "D12", "D14"]


def test_an_agencys_duty_ends_on_the_holiday_itself() -> None:
    # Sixty days from 3 August 2023 end on Monday 2 October, a holiday.
    assert LAW.due_of(rule("D10"), on("2023-08-03")).due_date == DAY("2023-10-02")


def test_a_period_ends_at_midnight_in_shanghai() -> None:
    assert end_of_day(DAY("2022-05-16")) == on("2022-05-17", "00:00")
    assert end_of_day(DAY("2022-05-16")).tzinfo is UTC
    assert civil_date(on("2022-05-17", "00:00") + JUST_BEFORE) == DAY("2022-05-16")


@pytest.mark.parametrize(("time", "due"), [("00:00", "2022-05-17"), ("23:59", "2022-05-17")])
def test_the_hour_of_receipt_does_not_matter(time: str, due: str) -> None:
    assert LAW.due_of(rule("D1"), on("2022-05-02", time)).due_date == DAY(due)


def test_a_window_into_an_unpublished_year_is_provisional_and_a_later_calendar_differs_visibly() -> None:
    served = on("2026-12-02")
    before = LAW.due_of(rule("D12"), served)
    new_year_holidays = {DAY("2027-01-01")}
    later = WorkCalendar("cn-2027", 2004, 2027, CALENDAR.exceptions | new_year_holidays)
    after = Law(later).due_of(rule("D12"), served)

    assert (before.due_date, before.state) == (DAY("2027-01-01"), DueState.CALENDAR_UNPUBLISHED)
    assert "provisional" in before.arithmetic
    assert (after.due_date, after.state) == (DAY("2027-01-04"), DueState.FINAL)
    assert (before.calendar_version, after.calendar_version) == (CALENDAR.version, "cn-2027")


def test_five_working_days_into_an_unpublished_year_are_provisional() -> None:
    due = LAW.due_of(rule("D5"), on("2026-12-30"))
    assert (due.due_date, due.state) == (DAY("2027-01-06"), DueState.CALENDAR_UNPUBLISHED)


def test_plain_days_need_no_published_year() -> None:
    due = LAW.due_of(rule("D10"), on("2026-12-01"))
    assert (due.due_date, due.state) == (DAY("2027-01-30"), DueState.FINAL)


def test_a_row_without_a_figure_has_no_date() -> None:
    with pytest.raises(ValueError, match="no figure in law"):
        LAW.due_of(rule("D5-RULING"), on("2023-03-01"))


def test_the_published_calendar_knows_the_days_of_the_state_council() -> None:
    worked = {day for day in ("2022-05-07", "2023-01-28", "2024-02-04") if CALENDAR.is_working_day(DAY(day))}
    off = {day for day in ("2022-05-02", "2023-01-23", "2024-02-12") if not CALENDAR.is_working_day(DAY(day))}
    assert (len(worked), len(off)) == (3, 3)


def test_an_older_calendar_ends_where_it_was_published() -> None:
    older = published_calendar(2022)
    assert older.version.startswith("cn-2022-")
    assert max(older.exceptions) < DAY("2023-01-01")
    assert not older.is_published(DAY("2022-12-31") + timedelta(days=1))
