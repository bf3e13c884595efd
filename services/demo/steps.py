"""What a story is made of: steps, each an act of one agency, and when it is time for each.

Data only. Times are relative, to the step before or to the date of a duty, because no story knows the calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID


class After(NamedTuple):
    """So many days after the step before."""

    days: float


class Around(NamedTuple):
    """So many days after the date of the agency's duty under a rule; before it, if negative."""

    rule: str
    days: float


When = After | Around


class InDays(NamedTuple):
    """A field that holds the civil date so many days after the step."""

    days: int


class AtThatTime(NamedTuple):
    """A field that holds the time of the step."""


class Step(NamedTuple):
    """One act of one agency: a method of the case service, its fields, and when it is time for it."""

    agency: str
    rpc: str
    fields: Mapping[str, Any]
    when: When


@dataclass
class Story:
    """What happens to one petition; `begins_days` counts from the opening of the demonstration."""

    number: int
    kind: str
    petition_id: UUID
    begins_days: float
    steps: list[Step] = field(default_factory=list)

    def tell(self, agency: str, rpc: str, when: When, **fields: Any) -> None:
        """Add a step."""
        self.steps.append(Step(agency, rpc, fields, when))
