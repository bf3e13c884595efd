"""Figures that an office sets where the law leaves one open, each with its jurisdiction, its basis and its first day.

The law wins: a row that has a figure, a named date, a yearly rhythm or a clock of its own is refused. A local row is
the national one with a length; it governs matters first received from its first day on, until a later row for the same
step takes over. What an office has not set stays without a date. The size of a collective visit (集体访) is set here
too, because no article says it: practice, not law.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from itertools import pairwise
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from domain.articles import article_zh
from domain.calendar import Unit, WorkCalendar
from domain.duty_table import NATIONAL
from domain.event import Value
from domain.law import COLLECTIVE_FROM, Law
from domain.rules import Nature, Rhythm, Rule, RuleTable

Basis = Annotated[str, StringConstraints(min_length=4, max_length=200, strip_whitespace=True)]
"""The local rule or decision that a figure rests on, by name and article."""


class LocalRule(Value):
    """One figure: for which step, where, how long, from when, and on what basis."""

    rule: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{2,20}$")]
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    length: Annotated[int, Field(ge=1, le=3_660)]
    unit: Unit
    effective_from: date
    basis: Basis

    @field_validator("unit")
    @classmethod
    def _is_of_time(cls, unit: Unit) -> Unit:
        if unit is Unit.PERSON:
            raise ValueError("a period is counted in calendar_day or working_day")
        return unit


class CollectiveVisit(Value):
    """From how many persons on a visit counts as collective."""

    from_persons: Annotated[int, Field(ge=2, le=1_000)]
    basis: Basis


class LocalRules(Value):
    """Everything that one place sets for itself."""

    rule: tuple[LocalRule, ...] = ()
    collective_visit: CollectiveVisit | None = None


class LocalRulesRefused(ValueError):
    """The local rules touch what the law itself settles, or contradict themselves; `problems` names each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def law_of(calendar: WorkCalendar, local: LocalRules | None = None) -> Law:
    """Put the national rows, the local figures and the calendar together; raise `LocalRulesRefused`."""
    if local is None or local == LocalRules():
        return Law(calendar)
    if problems := [*_overruling(local), *_contradicting(local)]:
        raise LocalRulesRefused(problems)
    rows = (*NATIONAL.rows, *_rows(local))
    visit = local.collective_visit
    digest = _digest(local.model_dump_json())
    return Law(calendar, RuleTable(rows, f"+local-{digest}"), visit.from_persons if visit else COLLECTIVE_FROM)


def _overruling(local: LocalRules) -> Iterator[str]:
    for number, figure in enumerate(local.rule, 1):
        row = NATIONAL.on(figure.effective_from).by_id.get(figure.rule)
        if row is None:
            known = ", ".join(row.rule_id for row in NATIONAL.on(figure.effective_from).by_id.values() if not _why(row))
            yield f"rule {number}, field rule: no row {figure.rule} on {figure.effective_from}; open are {known}"
        elif why := _why(row):
            yield (
                f"rule {number} ({figure.rule}), field length: {row.article} {why} and leaves no figure open; "
                f"{article_zh(row.article)}已有规定,不得另定期限"
            )


def _why(row: Rule) -> str:
    """Why a row takes no local figure; empty where the law leaves one open."""
    if row.length is not None:
        return f"gives {row.length} itself"
    if row.named_in is not None:
        return "lets the date be named in each case"
    if row.nature is Nature.LIMIT:
        return "is a limit and no period"
    if row.external:
        return "leaves the clock to the organ's own rules"
    return "says yearly" if row.rhythm is Rhythm.YEARLY else ""


def _contradicting(local: LocalRules) -> Iterator[str]:
    for earlier, later in pairwise(_in_order(local)):
        if earlier.rule != later.rule:
            continue
        if earlier.jurisdiction != later.jurisdiction:
            yield f"{later.rule}, field jurisdiction: both {earlier.jurisdiction} and {later.jurisdiction} set a figure"
        elif earlier.effective_from == later.effective_from:
            yield f"{later.rule}, field effective_from: two figures from {later.effective_from}"


def _in_order(local: LocalRules) -> list[LocalRule]:
    return sorted(local.rule, key=lambda figure: (figure.rule, figure.effective_from))


def _rows(local: LocalRules) -> Iterator[Rule]:
    figures = _in_order(local)
    takes_over = {
        (earlier.rule, earlier.effective_from): later.effective_from
        for earlier, later in pairwise(figures)
        if earlier.rule == later.rule
    }
    for figure in figures:
        row = NATIONAL.on(figure.effective_from).by_id[figure.rule]
        yield replace(
            row,
            version=f"{row.version}+local-{_digest(figure.model_dump_json())}",
            length=figure.length,
            unit=figure.unit,
            jurisdiction=figure.jurisdiction,
            basis=figure.basis,
            effective_from=figure.effective_from,
            effective_to=takes_over.get((figure.rule, figure.effective_from), row.effective_to),
        )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
