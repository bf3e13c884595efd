"""The edges of the published years, and what makes two calendars the same."""

from datetime import date

import pytest

from domain.calendar import DueState, Unit, WorkCalendar

YEARS_2024_TO_2025 = WorkCalendar("test-1", 2024, 2025, frozenset())


@pytest.mark.parametrize(
    ("day", "published"), [("2023-12-31", False), ("2024-01-01", True), ("2025-12-31", True), ("2026-01-01", False)]
)
def test_a_year_is_published_from_its_first_day_to_its_last(day: str, published: bool) -> None:
    assert YEARS_2024_TO_2025.is_published(date.fromisoformat(day)) is published


@pytest.mark.parametrize(
    ("start", "state"),
    [
        # The first day counted is 1 January 2024: what is relied on is published.
        (date(2023, 12, 31), DueState.FINAL),
        # The 31st is counted, and its year is not published.
        (date(2023, 12, 30), DueState.CALENDAR_UNPUBLISHED),
        (date(2025, 12, 24), DueState.FINAL),
        (date(2025, 12, 25), DueState.CALENDAR_UNPUBLISHED),
    ],
)
def test_art_23_3_working_days_are_final_if_every_day_relied_on_is_published(start: date, state: DueState) -> None:
    assert YEARS_2024_TO_2025.due(start, 5, Unit.WORKING_DAY).state is state


def test_calendars_are_the_same_if_their_versions_are() -> None:
    same, other = WorkCalendar("test-1", 2024, 2025, frozenset()), WorkCalendar("test-2", 2024, 2025, frozenset())
    assert same == YEARS_2024_TO_2025
    assert other != YEARS_2024_TO_2025
    assert YEARS_2024_TO_2025 != "test-1"
    assert len({same, other, YEARS_2024_TO_2025}) == 2
