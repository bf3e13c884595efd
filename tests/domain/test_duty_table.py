"""The duty table as data: every row of the Regulations, whole, with known events and the law of the day."""

from datetime import date
from itertools import chain

import pytest

from domain.calendar import Unit
from domain.case import Case, Registered
from domain.duties import CASE_PREFIX, Receipt
from domain.duty_table import NATIONAL, RULES
from domain.event import Event, event_types
from domain.rules import IN_FORCE_2005, Nature, Rhythm, Rule
from services.kit.law import law_in_force
from tests.domain.facts import on

ROWS = pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row.rule_id}-{row.version}")
OF_PETITIONS = pytest.mark.parametrize(
    "row", [row for row in RULES if row.starts], ids=lambda row: f"{row.rule_id}-{row.version}"
)
DAY, WORKING = Unit.CALENDAR_DAY, Unit.WORKING_DAY
THE_LAW: dict[str, tuple[str, object]] = {
    "D1": ("Art. 22(1)", (15, DAY)),
    "D2": ("Art. 22(1)(3)", "named"),
    "D3": ("Art. 23(2)", (15, DAY)),
    "D4": ("Art. 23(3)", (15, DAY)),
    "D5": ("Art. 23(3)", (5, WORKING)),
    "D6": ("Art. 23(4)", "external"),
    "D7": ("Art. 24(1)", None),
    "D8-COMMITTEE": ("Art. 25(1)", Rhythm.PROMPTLY),
    "D8-DEPARTMENT": ("Art. 25(1)", Rhythm.PROMPTLY),
    "D8-OFFICE": ("Art. 25(1)", Rhythm.PROMPTLY),
    "D9-SUPERIOR": ("Art. 25(2)", None),
    "D9-NATIONAL": ("Art. 25(2)", None),
    "D10": ("Art. 34", (60, DAY)),
    "D11-PROCEDURE": ("Art. 31(1)-(5)", "external"),
    "D11-SUGGESTION": ("Art. 29(1)", None),
    "D11-REPLY": ("Art. 29(1)", None),
    "D11-ACCUSATION": ("Art. 30(1)", None),
    "D12": ("Art. 35", (30, DAY)),
    "D13": ("Art. 35", (30, DAY)),
    "D14": ("Art. 36(1)", (30, DAY)),
    "D15": ("Art. 36(1)", (30, DAY)),
    "D16": ("Art. 20(3)", (5, Unit.PERSON)),
    "D17": ("Art. 20(1)", None),
    "D18": ("Art. 19(3)", None),
    "D19": ("Art. 36(3)", None),
    "D20": ("Art. 39(1)", Rhythm.YEARLY),
    "D21": ("Art. 41(1)", Rhythm.YEARLY),
    "D22": ("Art. 40(4)", None),
    "D23": ("Art. 12(2)", Rhythm.PROMPTLY),
    "D24": ("Art. 9(2)", Rhythm.REGULAR),
    "D24-LEADERS": ("Art. 18(2)", Rhythm.REGULAR),
    "D25": ("Art. 39(3)", "named"),
    "D26": ("Art. 38", Rhythm.AS_NEEDED),
    "EXECUTION": ("Art. 32(2)", None),
}
"""Every deadline and limit of the Regulations of 2022 with its article and its figure, written without the table."""


def figure_of(row: Rule) -> object:
    if row.length:
        return row.length, row.unit
    if row.named_in:
        return "named"
    return "external" if row.external else row.rhythm


@pytest.mark.parametrize("rule_id", THE_LAW)
def test_every_deadline_and_limit_of_the_regulations_has_its_row(rule_id: str) -> None:
    [row] = [row for row in RULES if (row.rule_id, row.version) == (rule_id, "2022")]
    assert (row.article, figure_of(row)) == THE_LAW[rule_id]


def test_no_number_from_1_to_26_is_missing() -> None:
    assert {rule_id.partition("-")[0] for rule_id in THE_LAW} == {
        *(f"D{number}" for number in range(1, 27)),
        "EXECUTION",
    }


@ROWS
def test_every_row_has_article_debtor_and_term(row: Rule) -> None:
    assert "Art. " in row.article or row.article.startswith("Measures")
    assert row.title
    assert row.title_zh
    assert row.debtor.term
    assert row.jurisdiction == "CN"
    assert row.effective_to is None or row.effective_from < row.effective_to


@ROWS
def test_a_row_of_a_petition_starts_and_ends_and_no_other_does(row: Rule) -> None:
    is_of_a_petition = row.nature in (Nature.DUTY, Nature.WINDOW)
    assert bool(row.starts) == bool(row.met_by) == is_of_a_petition
    assert bool(row.enforced_by) <= (row.nature is Nature.LIMIT)


@OF_PETITIONS
def test_every_row_speaks_of_events_and_fields_that_exist(row: Rule) -> None:
    others = {name for name in (row.suspended_by, row.resumed_by) if name}
    assert {CASE_PREFIX + name for name in others} <= event_types().keys()
    for fact in chain(row.starts, row.met_by, row.released_by):
        event: type[Event] = event_types()[CASE_PREFIX + fact.event]
        known = event.model_fields.keys() | Receipt.__dataclass_fields__.keys()
        assert {name for name, _ in fact.when} <= known
    for start in row.starts:
        fields = event_types()[CASE_PREFIX + start.event].model_fields
        assert start.instant in fields or start.instant == "case_received_time"
        assert {row.named_in, row.about} - {None} <= fields.keys()


@ROWS
def test_a_row_has_a_figure_or_a_named_date_or_says_that_the_law_has_none(row: Rule) -> None:
    assert not (row.length and row.named_in)
    if row.nature is Nature.WINDOW:
        assert row.length


def test_of_2005_a_row_cites_the_older_regulations_wherever_they_name_the_step() -> None:
    cited = {rule_id: row.article for rule_id, row in NATIONAL.on(date(2022, 4, 30)).by_id.items()}
    of_2022 = {rule_id for rule_id, article in cited.items() if not article.startswith("2005 Regulations")}
    # The older ones know neither the objection nor what Art. 23(4) says of organs.
    assert of_2022 == {"D5-RULING", "D6"}
    assert (cited["D7"], cited["D7-ASSIST"]) == ("2005 Regulations Art. 24", "2005 Regulations Art. 24")


def test_of_2005_the_figures_are_those_of_the_older_regulations() -> None:
    figures = {row.rule_id: (row.length, row.unit) for row in RULES if row.length and row.version == "2005"}
    assert figures == {
        "D1": (15, DAY),
        "D3": (15, DAY),
        "D4": (15, DAY),
        "D10": (60, DAY),
        "D12": (30, DAY),
        "D13": (30, DAY),
        "D14": (30, DAY),
        "D15": (30, DAY),
        "D16": (5, Unit.PERSON),
        "D22": (30, DAY),
    }


def test_art_34_only_the_sixty_days_may_be_extended_by_thirty() -> None:
    assert {row.rule_id: row.extension_days_max for row in RULES if row.extension_days_max} == {"D10": 30}


def test_art_36_2_only_the_re_review_stands_still_for_a_hearing() -> None:
    suspended = {row.rule_id: (row.suspended_by, row.resumed_by, row.unit) for row in RULES if row.suspended_by}
    assert suspended == {"D15": ("HearingOpened", "HearingClosed", DAY)}


@pytest.mark.parametrize("day", [IN_FORCE_2005, date(2022, 4, 30), date(2022, 5, 1), date(2026, 1, 1)])
def test_on_any_day_a_rule_id_has_one_row(day: date) -> None:
    ids = [row.rule_id for row in RULES if row.is_in_force(day)]
    assert len(ids) == len(set(ids))
    assert {"D1", "D2", "D3", "D4", "D10", "D11-PROCEDURE", "D12", "D13", "D14", "D15"} <= set(ids)


@pytest.mark.parametrize("rule_id", ["D1", "D2", "D3", "D4", "D10", "D11-PROCEDURE", "D12", "D13", "D14", "D15"])
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
    assert dict(NATIONAL.on(date(2005, 4, 30)).by_id) == {}


def test_what_an_extension_looks_at_is_known_to_the_case() -> None:
    looked_at = {name for row in RULES if row.extension_days_max for start in row.starts for name, _ in start.when}
    assert looked_at <= set(Case.__dataclass_fields__)
    assert "came_by" not in Registered.model_fields
