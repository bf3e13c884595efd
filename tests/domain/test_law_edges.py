"""The law as one value: what makes two laws the same, a date that an assignment names, and figures beside the table."""

from datetime import date

from domain.calendar import WorkCalendar
from domain.docket import RETURNS_TO_DOCKET
from domain.duty_table import RULES
from domain.law import COLLECTIVE_FROM, Law
from domain.rules import RuleTable
from tests.domain.facts import on

CALENDAR = WorkCalendar("test-1", 2022, 2026, frozenset())
LAW = Law(CALENDAR)
RECEIVED = on("2023-03-01")


def test_laws_are_the_same_if_calendar_and_table_are() -> None:
    assert Law(CALENDAR) == LAW
    assert Law(CALENDAR, RuleTable(RULES, "+local-1")) != LAW
    assert Law(WorkCalendar("test-2", 2022, 2026, frozenset())) != LAW
    assert object() != LAW
    assert len({LAW, Law(CALENDAR), Law(CALENDAR, RuleTable(RULES, "+local-1"))}) == 2


def test_art_34_an_extension_is_added_and_without_one_nothing_is() -> None:
    rule = LAW.rule("D10", RECEIVED)
    assert rule is not None
    assert LAW.due_of(rule, RECEIVED).due_date == date(2023, 4, 30)
    assert LAW.due_from(rule, date(2023, 3, 1)).due_date == date(2023, 4, 30)
    assert LAW.due_of(rule, RECEIVED, extension_days=30).due_date == date(2023, 5, 30)
    assert LAW.due_from(rule, date(2023, 3, 1), extension_days=10).due_date == date(2023, 5, 10)


def test_art_22_1_3_a_date_that_the_assignment_names_ends_at_its_midnight() -> None:
    rule = LAW.rule("D2", RECEIVED)
    assert rule is not None
    due = LAW.due_of(rule, RECEIVED, named=date(2023, 4, 1))
    assert due.due_time == on("2023-04-02", "00:00")
    assert "the assignment names 2023-04-01; ends at 24:00 of 2023-04-01" in due.arithmetic


def test_figures_that_no_article_gives_are_these() -> None:
    # Practice, both: a visit of five counts as collective, and a matter that came back three times is docketed.
    assert (COLLECTIVE_FROM, RETURNS_TO_DOCKET) == (5, 3)
