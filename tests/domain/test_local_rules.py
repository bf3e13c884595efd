"""A place may set a figure where the law leaves one open, and nowhere else; until it has, there is no date."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.calendar import Unit
from domain.duties import Duty, DutyBook
from domain.event import Event, Happening
from domain.law import Law
from domain.local_rules import CollectiveVisit, LocalRule, LocalRules, LocalRulesRefused, law_of
from services.kit.work_calendar import published_calendar
from tests.domain.facts import HOUSING, on, registered
from tests.domain.ledger import CASE

CALENDAR = published_calendar(2026)
BASIS = "某市信访规定 第一条"


def figure(rule: str, **changes: Any) -> LocalRule:
    fields = {
        "rule": rule,
        "jurisdiction": "310000",
        "length": 10,
        "unit": Unit.CALENDAR_DAY,
        "effective_from": date(2022, 5, 1),
        "basis": BASIS,
    }
    return LocalRule(**fields | changes)  # type: ignore[arg-type]


def law_with(*figures: LocalRule) -> Law:
    return law_of(CALENDAR, LocalRules(rule=figures))


def duty_of(rule_id: str, law: Law, event: Event) -> Duty:
    book = DutyBook(CASE)
    opened = book.apply(Happening(event, CASE, 1, "node", 1, event.occurred_time), law)
    return next(duty for duty in opened if duty.rule_id == rule_id)


def test_without_local_rules_the_law_is_the_national_one() -> None:
    assert law_of(CALENDAR, LocalRules()) == Law(CALENDAR)
    assert Law(CALENDAR).version == CALENDAR.version


def test_a_figure_dates_a_duty_that_the_law_leaves_open_and_says_on_what_basis() -> None:
    law = law_with(figure("D4-ACCEPTANCE"))
    duty = duty_of("D4-ACCEPTANCE", law, registered(HOUSING))
    assert duty.due_date == date(2023, 3, 11)
    assert duty.article == "Art. 44(3)"
    assert duty.arithmetic.startswith(f"Art. 44(3), {BASIS}: start 2023-03-01")
    assert duty.rule_version.startswith("2022+local-")
    assert duty.calendar_version == law.version == CALENDAR.version + law.table.version


def test_it_governs_matters_first_received_from_its_first_day_on() -> None:
    law = law_with(figure("D4-ACCEPTANCE", effective_from=date(2023, 3, 2)))
    assert duty_of("D4-ACCEPTANCE", law, registered(HOUSING)).due_date is None
    assert duty_of("D4-ACCEPTANCE", law, registered(HOUSING, on("2023-03-02"))).due_date == date(2023, 3, 12)


def test_a_later_version_takes_over_and_the_earlier_stays_for_older_matters() -> None:
    law = law_with(
        figure("SIMPLE-OPINION", length=15, effective_from=date(2024, 1, 1)),
        figure("SIMPLE-OPINION", effective_from=date(2023, 1, 1)),
    )
    lengths = [
        rule.length if (rule := law.rule("SIMPLE-OPINION", on(day))) else None
        for day in ("2022-12-31", "2023-12-31", "2024-01-01")
    ]
    assert lengths == [None, 10, 15]


def test_another_figure_makes_another_law() -> None:
    versions = {law_with(figure("D22", length=length)).version for length in (10, 20)}
    assert len(versions | {CALENDAR.version}) == 3


@pytest.mark.parametrize(
    ("rule_id", "why"),
    [
        ("D1", "Art. 22(1) gives 15 itself"),
        ("D10", "Art. 34 gives 60 itself"),
        ("D15", "Art. 36(1) gives 30 itself"),
        ("D2", "lets the date be named in each case"),
        ("D25", "lets the date be named in each case"),
        ("D6", "leaves the clock to the organ's own rules"),
        ("D16", "gives 5 itself"),
        ("D18", "is a limit and no period"),
        ("D20", "says yearly"),
        ("D99", "no row D99"),
    ],
)
def test_what_the_law_settles_itself_is_refused_by_rule_field_and_article(rule_id: str, why: str) -> None:
    with pytest.raises(LocalRulesRefused) as refused:
        law_with(figure("D22"), figure(rule_id))
    [problem] = refused.value.problems
    assert problem.startswith("rule 2")
    assert "field" in problem
    assert why in problem


def test_of_2005_art_36_2_a_recommendation_had_thirty_days_which_no_place_may_change() -> None:
    with pytest.raises(LocalRulesRefused, match=r"2005 Regulations Art\. 36\(2\) gives 30"):
        law_with(figure("D22", effective_from=date(2021, 1, 1)))


def test_two_figures_for_one_step_are_refused() -> None:
    for other in (figure("D22", length=20), figure("D22", jurisdiction="110000", effective_from=date(2023, 1, 1))):
        with pytest.raises(LocalRulesRefused, match="D22"):
            law_with(figure("D22"), other)


def test_a_figure_is_a_period() -> None:
    with pytest.raises(ValidationError, match="calendar_day or working_day"):
        figure("D22", unit=Unit.PERSON)


def test_from_how_many_a_visit_is_collective_is_configuration_and_five_without_it() -> None:
    visit = CollectiveVisit(from_persons=6, basis=BASIS)
    assert law_of(CALENDAR, LocalRules(collective_visit=visit)).collective_from == 6
    assert Law(CALENDAR).collective_from == 5
