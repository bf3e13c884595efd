"""Local figures at their edges: bounds, several steps beside each other, which steps a refusal calls open."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.calendar import Unit, WorkCalendar
from domain.local_rules import CollectiveVisit, LocalRule, LocalRules, LocalRulesRefused, law_of

CALENDAR = WorkCalendar("test-1", 2022, 2026, frozenset())
BASIS = "Measures of the city, Art. 7"


def figure(rule: str, since: date = date(2023, 1, 1), **changes: Any) -> LocalRule:
    fields = {
        "rule": rule,
        "jurisdiction": "990100",
        "length": 10,
        "unit": Unit.CALENDAR_DAY,
        "effective_from": since,
        "basis": BASIS,
    }
    return LocalRule.model_validate(fields | changes)


def figure_with(field: str, value: object) -> LocalRule:
    changed: dict[str, Any] = {field: value}
    return figure("D22", **changed)


# --- bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("length", 1, 0),
        ("length", 3_660, 3_661),
        ("basis", "abcd", "abc"),
        ("basis", "a" * 200, "a" * 201),
        ("basis", "  abcd  ", "  abc  "),
    ],
)
def test_a_figure_keeps_to_its_bounds(field: str, inside: object, outside: object) -> None:
    kept = getattr(figure_with(field, inside), field)
    assert kept == (inside.strip() if isinstance(inside, str) else inside)
    with pytest.raises(ValidationError):
        figure_with(field, outside)


@pytest.mark.parametrize(("inside", "outside"), [(2, 1), (1_000, 1_001)])
def test_a_collective_visit_is_of_two_to_a_thousand(inside: int, outside: int) -> None:
    assert CollectiveVisit(from_persons=inside, basis=BASIS).from_persons == inside
    with pytest.raises(ValidationError):
        CollectiveVisit(from_persons=outside, basis=BASIS)


# --- several steps --------------------------------------------------------------------------------------------------


def test_each_step_is_taken_over_by_its_own_later_figure_only() -> None:
    first, between, later = date(2023, 1, 1), date(2023, 6, 1), date(2024, 1, 1)
    figures = (
        figure("D22", first, length=20),
        figure("D4-ACCEPTANCE", later, length=7),
        figure("D7", between, length=30),
        figure("D4-ACCEPTANCE", first, length=10),
    )
    table = law_of(CALENDAR, LocalRules(rule=figures)).table
    known = {rule: [table.on(day).by_id[rule] for day in (between, later)] for rule in ("D22", "D4-ACCEPTANCE", "D7")}
    assert {rule: [row.length for row in rows] for rule, rows in known.items()} == {
        "D22": [20, 20],
        "D4-ACCEPTANCE": [10, 7],
        "D7": [30, 30],
    }
    assert {rule: rows[0].effective_to for rule, rows in known.items()} == {
        "D22": None,
        "D4-ACCEPTANCE": later,
        "D7": None,
    }


def test_two_figures_from_one_day_are_found_behind_other_steps_too() -> None:
    twice = (figure("D22"), figure("D4-ACCEPTANCE"), figure("D7", length=20), figure("D7"))
    with pytest.raises(LocalRulesRefused) as refused:
        law_of(CALENDAR, LocalRules(rule=twice))
    assert refused.value.problems == ["D7, field effective_from: two figures from 2023-01-01"]


def test_a_step_that_no_row_has_is_refused_and_the_open_ones_are_named() -> None:
    with pytest.raises(LocalRulesRefused) as refused:
        law_of(CALENDAR, LocalRules(rule=(figure("D99"),)))
    [problem] = refused.value.problems
    open_steps = problem.partition("open are ")[2].split(", ")
    assert {"D4-ACCEPTANCE", "D7", "D22"} <= set(open_steps)
    assert not {"D1", "D2", "D6", "D10", "D16", "D20"} & set(open_steps)


def test_the_version_of_a_figure_is_eight_signs_of_its_digest() -> None:
    law = law_of(CALENDAR, LocalRules(rule=(figure("D7"),)))
    base, _, digest = law.table.on(date(2023, 1, 1)).by_id["D7"].version.partition("+local-")
    assert (base, len(digest)) == ("2022", 8)
