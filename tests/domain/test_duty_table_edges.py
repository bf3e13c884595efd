"""The duty table kept twice, as a careful clerk keeps books: `duty_rows.txt` is each row read against the Regulations.

Whoever changes a row changes its reading too, and reads the article again. How rows are found is told beneath.
"""

from datetime import date
from pathlib import Path

import pytest

from domain.duty_table import NATIONAL, RULES, rule_row
from domain.rules import IN_FORCE_2005, IN_FORCE_2022, Debtor, Fact, Procedure, Rule, RuleTable, Start, when

READING = Path(__file__).with_name("duty_rows.txt").read_text("utf-8").strip().split("\n\n")


def of_fact(fact: Fact) -> str:
    conditions = ", ".join(f"{name} = {' or '.join(map(str, values))}" for name, values in fact.when)
    instant = f" at {fact.instant}" if isinstance(fact, Start) and fact.instant != "occurred_time" else ""
    return fact.event + (f" ({conditions})" if conditions else "") + instant


def read_aloud(row: Rule) -> str:
    until = f" to {row.effective_to}" if row.effective_to else ""
    figure = f"{row.length} {row.unit}" if row.length else f"named in {row.named_in}" if row.named_in else row.rhythm
    marks = {
        f"extended by up to {row.extension_days_max}": row.extension_days_max,
        "rolled forward": row.roll_forward,
        "the date may be left open": row.may_be_unnamed,
        "external": row.external,
        f"stands still from {row.suspended_by} to {row.resumed_by}": row.suspended_by,
        f"about {row.about}": row.about,
        f"enforced by {' '.join(row.enforced_by)}": row.enforced_by,
    }
    lines = [
        f"{row.rule_id}, {row.article}, {row.nature}, {row.procedure}, owed by: {row.debtor}",
        f"{row.title_zh} {row.title}",
        f"{figure or 'no figure in law'}; from {row.effective_from}{until}",
        *(mark for mark, stands in marks.items() if stands),
        *(f"starts: {of_fact(fact)}" for fact in row.starts),
        *(f"met by: {of_fact(fact)}" for fact in row.met_by),
        *(f"released by: {of_fact(fact)}" for fact in row.released_by),
    ]
    return "\n  ".join(lines)


ALOUD = {read_aloud(row).partition(", owed by")[0]: read_aloud(row) for row in RULES}
READ = {text.partition(", owed by")[0]: text for text in READING}


def test_every_row_was_read_and_every_reading_has_its_row() -> None:
    assert ALOUD.keys() == READ.keys()
    assert len(ALOUD) == len(RULES)


@pytest.mark.parametrize("heading", READ)
def test_each_row_says_what_its_article_says(heading: str) -> None:
    assert ALOUD.get(heading) == READ[heading]


def test_the_regulations_are_in_force_from_these_days() -> None:
    assert date(2005, 5, 1) == IN_FORCE_2005
    assert date(2022, 5, 1) == IN_FORCE_2022
    assert "D1" in NATIONAL.on(date(2005, 5, 1)).by_id


# --- how rows are found ---------------------------------------------------------------------------------------------


def row(rule_id: str, version: str, since: date, until: date | None = None) -> Rule:
    return Rule(
        rule_id=rule_id,
        version=version,
        article="Art. 1",
        title="",
        title_zh="",
        debtor=Debtor.HOLDER,
        procedure=Procedure.INTAKE,
        effective_from=since,
        effective_to=until,
    )


def test_a_row_that_ended_without_another_in_its_place_is_found_no_more() -> None:
    table = RuleTable((row("OLD", "1", date(2020, 1, 1), date(2021, 1, 1)),))
    assert "OLD" in table.on(date(2020, 12, 31)).by_id
    assert "OLD" not in table.on(date(2021, 1, 1)).by_id


def test_of_two_rows_for_one_day_the_later_completes_the_earlier() -> None:
    table = RuleTable((row("D", "1", date(2020, 1, 1)), row("D", "1+local", date(2021, 1, 1))))
    assert table.on(date(2020, 6, 1)).by_id["D"].version == "1"
    assert table.on(date(2021, 1, 1)).by_id["D"].version == "1+local"


def test_tables_are_the_same_if_their_versions_are() -> None:
    assert RuleTable(RULES, "+local-1") == RuleTable((), "+local-1")
    assert RuleTable(RULES, "+local-1") != RuleTable(RULES)
    assert NATIONAL != ""
    assert len({RuleTable(RULES), NATIONAL, RuleTable(RULES, "+local-1")}) == 2


def test_a_local_figure_rests_on_the_national_row_of_its_version() -> None:
    assert rule_row("D1", "2022+local-7") is rule_row("D1", "2022")


# --- when a fact counts ---------------------------------------------------------------------------------------------


class Source:
    """Something with fields that a condition may look at."""

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


def test_a_condition_is_read_from_the_first_source_that_has_its_field() -> None:
    fact = Fact("Accepted", when(category=("suggestion", "accusation")))
    assert fact.holds(Source(category="suggestion"), Source(category="appeal"))
    assert not fact.holds(Source(category="appeal"), Source(category="suggestion"))
    assert fact.holds(Source(), Source(category="accusation"))


def test_a_condition_on_what_nothing_says_does_not_hold() -> None:
    assert not Fact("Accepted", when(category="suggestion")).holds(Source(), Source())


def test_every_condition_has_to_hold() -> None:
    fact = Fact("Accepted", when(category="appeal", route="litigation"))
    assert fact.holds(Source(category="appeal", route="litigation"))
    assert not fact.holds(Source(category="appeal", route="arbitration"))
    assert not fact.holds(Source(category="suggestion", route="litigation"))
