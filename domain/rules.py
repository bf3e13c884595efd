"""What a row of the duty table is, how rows are found by the day a matter was first received, and a row's due date.

A row is keyed by rule id and effective date. Where the law gives no figure the row has none: it still names who must
move, so that at no moment nobody owes anything. A *window* is a right that lapses, not an obligation that is breached.
The rows themselves are `domain.duty_table`; `domain.duties` folds facts by them.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.calendar import Due, DueState, Unit, WorkCalendar, civil_date

IN_FORCE_2022 = date(2022, 5, 1)
IN_FORCE_2005 = date(2005, 5, 1)
EXTENSION_DAYS_MAX = 30


class Nature(StrEnum):
    """Whether the row binds its debtor, or opens a window of time for a right."""

    DUTY = "duty"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a period: an event type, conditions, and where the starting instant stands.

    A condition names a field of the event, or of the agency's receipt of the petition (`domain.duties.Receipt`). The
    instant is a field of the event, or `case_received_time`: after a return no fresh period is granted, so the first
    start is kept.
    """

    event: str
    when: tuple[tuple[str, tuple[object, ...]], ...] = ()
    instant: str = "occurred_time"

    def holds(self, *sources: object) -> bool:
        """Tell whether every condition holds, each read from the first source that has its field."""
        for name, values in self.when:
            for source in sources:
                if hasattr(source, name):
                    if getattr(source, name) not in values:
                        return False
                    break
            else:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the duty table; events are named without their `lianxi.case.v1.` prefix.

    A row is about the hand-off by which the agency came to hold the petition, or, if `outgoing`, about one that the
    agency itself made. What ends a hand-off's duties names that hand-off, so a petition that comes round twice never
    mixes them up.
    """

    rule_id: str
    version: str
    article: str
    title: str
    title_zh: str
    debtor: str
    starts: tuple[Start, ...]
    met_by: frozenset[str]
    released_by: frozenset[str] = frozenset()
    length: int | None = None
    unit: Unit = Unit.CALENDAR_DAY
    named_in: str | None = None
    extension_days_max: int = 0
    roll_forward: bool = False
    nature: Nature = Nature.DUTY
    outgoing: bool = False
    effective_from: date = IN_FORCE_2022
    effective_to: date | None = None

    def is_in_force(self, first_received: date) -> bool:
        """Tell whether the row governs a matter first received on that civil date."""
        return self.effective_from <= first_received and (
            self.effective_to is None or first_received < self.effective_to
        )


class RuleTable:
    """The rows that are in force together; `version` names what was added to the national rows, and is empty without.

    Tables are compared by version, because the fold asks for the rows of a day again and again.
    """

    __slots__ = ("_changes", "_spans", "rows", "version")

    def __init__(self, rows: tuple[Rule, ...], version: str = "") -> None:
        self.rows = rows
        self.version = version
        self._changes = sorted({day for row in rows for day in (row.effective_from, row.effective_to) if day})
        self._spans: list[dict[str, Rule]] = [
            {row.rule_id: row for row in rows if row.is_in_force(day)} for day in self._changes
        ]

    def on(self, first_received: date) -> dict[str, Rule]:
        """The rows that govern a matter first received on that civil date, by rule id."""
        span = bisect_right(self._changes, first_received)
        return self._spans[span - 1] if span else {}

    def row(self, rule_id: str, version: str) -> Rule:
        """The row of that id and version; raise `KeyError` where the table has none."""
        for rule in self.rows:
            if (rule.rule_id, rule.version) == (rule_id, version):
                return rule
        raise KeyError(f"{rule_id} of {version}")

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleTable) and other.version == self.version


def due_of(
    rule: Rule, start_time: datetime, calendar: WorkCalendar, *, extension_days: int = 0, named: date | None = None
) -> Due:
    """Work out a row's due date from its starting instant; `named` is the date that an assignment names itself."""
    return due_from(rule, civil_date(start_time), calendar, extension_days=extension_days, named=named)


def due_from(
    rule: Rule, start: date, calendar: WorkCalendar, *, extension_days: int = 0, named: date | None = None
) -> Due:
    """Work out a row's due date from the civil day of its start; raise `ValueError` where the law has no figure."""
    if named is not None:
        steps = f"the assignment names {named}; ends at 24:00 of that day, Asia/Shanghai"
        return Due(named, DueState.FINAL, calendar.version, (steps,))
    if rule.length is None:
        raise ValueError(f"{rule.rule_id} has no figure in law")
    return calendar.due(start, rule.length + extension_days, rule.unit, roll_forward=rule.roll_forward)


def rule_in_force(rule_id: str, first_received_time: datetime) -> Rule | None:
    """The national row of that id for a matter first received at that instant, or None where the law then had none."""
    from domain.duty_table import NATIONAL  # the rows are made of this module's classes

    return NATIONAL.on(civil_date(first_received_time)).get(rule_id)
