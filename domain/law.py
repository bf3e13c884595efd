"""The law by which facts are judged: the duty table and the calendar of working days, as one value with one version.

Both may change while a matter is open: a year's holidays are published, an office sets a figure that the law leaves
open. Each change makes another `Law` with another version, and whatever was worked out by the old one is worked out
anew, never silently (I4). It reads nothing: who builds a law hands it both.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from domain.calendar import Due, WorkCalendar, civil_date
from domain.duty_table import NATIONAL
from domain.rules import Rule, RuleTable, due_from


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The rows and the calendar in force together; two laws are the same if their versions are."""

    calendar: WorkCalendar
    table: RuleTable = NATIONAL
    collective_from: int = 5
    """From how many people on a joint petition is a collective one: practice, not law, so an office may set it."""
    version: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", self.calendar.version + self.table.version)

    def rule(self, rule_id: str, first_received_time: datetime) -> Rule | None:
        """The row of that id for a matter first received at that instant, or None where the law then had none."""
        return self.table.on(civil_date(first_received_time)).get(rule_id)

    def due_of(self, rule: Rule, start_time: datetime, *, extension_days: int = 0, named: date | None = None) -> Due:
        """Work out a row's due date from its starting instant; `named` is the date that an assignment names itself."""
        return self.due_from(rule, civil_date(start_time), extension_days=extension_days, named=named)

    def due_from(self, rule: Rule, start: date, *, extension_days: int = 0, named: date | None = None) -> Due:
        """Work out a row's due date from the civil day of its start."""
        return due_from(rule, start, self.calendar, extension_days=extension_days, named=named)

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and other.version == self.version
