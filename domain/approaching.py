"""A warning: the recorded fact that a duty's date comes near and the duty is still open, once per duty and date.

How long before is the office's own choice: the law knows no warning. Where a date moves, the new one is warned of anew.
"""

from datetime import date
from typing import ClassVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime

from domain.event import AgencyId, Event

WARNING_NAMESPACE = UUID("9d4f3c11-7a55-5b0e-8c5d-2f6f0a8be417")


class DueDateApproaching(Event):
    """The duty is open and its date is near; `agency` is the office that says so, `debtor` who owes it."""

    type_name: ClassVar[str] = "lianxi.duty.v1.DueDateApproaching"
    duty_id: str
    rule_id: str
    rule_version: str
    article: str
    debtor: AgencyId
    due_date: date
    due_time: AwareDatetime
    calendar_version: str


def warning_id_of(duty_id: str, due_date: date) -> UUID:
    """The id of the stream that holds the one warning of a duty's date."""
    return uuid5(WARNING_NAMESPACE, f"{duty_id}/{due_date}")
