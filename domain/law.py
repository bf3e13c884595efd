"""The law by which facts are judged: the duty table and the calendar of working days, as one value with one version.

Both may change while a matter is open: a year's holidays are published, an office sets a figure that the law leaves
open. Each change makes another `Law` with another version, and whatever was worked out by the old one is worked out
anew, never silently (I4). It reads nothing: who builds a law hands it both.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from domain.calendar import Due, DueState, Step, WorkCalendar, civil_date, ends_at
from domain.duty_table import NATIONAL
from domain.rules import Rule, RuleTable

COLLECTIVE_FROM = 5
"""From how many persons on a visit counts as collective (集体访): practice, and configuration; no article says it."""


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The rows and the calendar in force together; two laws are the same if their versions are."""

    calendar: WorkCalendar
    table: RuleTable = NATIONAL
    collective_from: int = COLLECTIVE_FROM
    version: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", self.calendar.version + self.table.version)

    def rule(self, rule_id: str, first_received_time: datetime) -> Rule | None:
        """The row of that id for a matter first received at that instant, or None where the law then had none."""
        return self.table.on(civil_date(first_received_time)).by_id.get(rule_id)

    def due_of(self, rule: Rule, start_time: datetime, *, extension_days: int = 0, named: date | None = None) -> Due:
        """Work out a row's due date from its starting instant; `named` is the date that an assignment names itself.

        Raises `ValueError` where neither the law nor an office gives a figure, and for a limit, which is no period.
        """
        return self.due_from(rule, civil_date(start_time), extension_days=extension_days, named=named)

    def due_from(self, rule: Rule, start: date, *, extension_days: int = 0, named: date | None = None) -> Due:
        """Work out a row's due date from the civil day of its start; raises what `due_of` raises."""
        if named is not None:
            steps = (Step(f"交办(或者要求)中指定 {named}", f"the assignment names {named}"), ends_at(named))
            return Due(named, DueState.FINAL, self.calendar.version, steps)
        if rule.length is None:
            raise ValueError(f"{rule.rule_id} has no figure in law")
        return self.calendar.due(start, rule.length + extension_days, rule.unit, roll_forward=rule.roll_forward)

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and other.version == self.version
