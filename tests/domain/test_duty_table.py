"""The duty table as data: whole rows, known events, and the Regulations of the day on which a petition was received."""

from datetime import date

import pytest

from domain.calendar import Unit
from domain.case import Case, HandoffReceived, Registered
from domain.duties import CASE_PREFIX, Receipt
from domain.duty_table import NATIONAL, RULES
from domain.event import Event, event_types
from domain.rules import IN_FORCE_2005, Nature, Rule
from services.kit.law import law_in_force
from tests.domain.facts import on

ROWS = pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row.rule_id}-{row.version}")


@ROWS
def test_every_row_has_article_debtor_start_and_end(row: Rule) -> None:
    assert "Art" in row.article
    assert row.title
    assert row.title_zh
    assert row.debtor
    assert row.starts
    assert row.met_by or row.nature is Nature.WINDOW
    assert row.effective_to is None or row.effective_from < row.effective_to


@ROWS
def test_every_row_speaks_of_events_and_fields_that_exist(row: Rule) -> None:
    names = {start.event for start in row.starts} | row.met_by | row.released_by
    assert {CASE_PREFIX + name for name in names} <= event_types().keys()
    for start in row.starts:
        event: type[Event] = event_types()[CASE_PREFIX + start.event]
        known = event.model_fields.keys() | Receipt.__dataclass_fields__.keys()
        assert {name for name, _ in start.when} <= known
        assert start.instant in event.model_fields or start.instant == "case_received_time"


@ROWS
def test_a_row_has_a_figure_or_a_named_date_or_says_that_the_law_has_none(row: Rule) -> None:
    assert not (row.length and row.named_in)
    if row.named_in:
        assert row.named_in in HandoffReceived.model_fields
    if row.nature is Nature.WINDOW:
        assert row.length


def test_the_figures_are_those_of_the_regulations() -> None:
    figures = {(row.rule_id, row.version): (row.length, row.unit) for row in RULES if row.length}
    days, working = Unit.CALENDAR_DAY, Unit.WORKING_DAY
    assert figures == {
        ("D1", "2022"): (15, days),
        ("D3", "2022"): (15, days),
        ("D4", "2022"): (15, days),
        ("D5", "2022"): (5, working),
        ("D10", "2022"): (60, days),
        ("D12", "2022"): (30, days),
        ("D1", "2005"): (15, days),
        ("D3", "2005"): (15, days),
        ("D4", "2005"): (15, days),
        ("D10", "2005"): (60, days),
        ("D12", "2005"): (30, days),
    }
    assert {row.rule_id: row.extension_days_max for row in RULES if row.extension_days_max} == {"D10": 30}


@pytest.mark.parametrize("day", [IN_FORCE_2005, date(2022, 4, 30), date(2022, 5, 1), date(2026, 1, 1)])
def test_on_any_day_a_rule_id_has_one_row(day: date) -> None:
    ids = [row.rule_id for row in RULES if row.is_in_force(day)]
    assert len(ids) == len(set(ids))
    assert {"D1", "D2", "D3", "D4", "D10", "D11", "D12"} <= set(ids)


@pytest.mark.parametrize("rule_id", ["D1", "D2", "D3", "D4", "D10", "D11", "D12"])
def test_the_regulations_change_at_midnight_in_shanghai_by_first_receipt(rule_id: str) -> None:
    last_of_2005 = law_in_force().rule(rule_id, on("2022-04-30", "23:59"))
    first_of_2022 = law_in_force().rule(rule_id, on("2022-05-01", "00:00"))
    assert last_of_2005
    assert first_of_2022
    assert (last_of_2005.version, first_of_2022.version) == ("2005", "2022")


def test_art_23_3_the_right_to_object_has_a_period_since_2022_only() -> None:
    assert law_in_force().rule("D5", on("2022-04-30", "23:59")) is None
    assert law_in_force().rule("D5", on("2022-05-01", "00:00")) is not None


def test_before_the_2005_regulations_there_is_no_row() -> None:
    assert NATIONAL.on(date(2005, 4, 30)) == {}


def test_what_an_extension_looks_at_is_known_to_the_case() -> None:
    looked_at = {name for row in RULES if row.extension_days_max for start in row.starts for name, _ in start.when}
    assert looked_at <= set(Case.__dataclass_fields__)
    assert "came_by" not in Registered.model_fields
