"""A recomputation: a due date that moved with a corrected calendar or a local figure; a fact, never silent (I4).

The office records it once per duty and calendar version, before the views show the new date.
"""

from datetime import date
from typing import ClassVar
from uuid import UUID, uuid5

from domain.event import AgencyId, Event

RECOMPUTATION_NAMESPACE = UUID("b2d3a9c4-7c51-5f0a-8f55-5d7b2c9e4a03")


class DueDateRecomputed(Event):
    """A duty's date was worked out again with another calendar, or another local figure; both stand here, versioned.

    A date is absent where nobody had set a figure that the law leaves open, or where it was taken away again.
    """

    type_name: ClassVar[str] = "lianxi.duty.v1.DueDateRecomputed"
    duty_id: str
    rule_id: str
    rule_version: str
    article: str
    debtor: AgencyId
    due_date_before: date | None
    due_date_after: date | None
    calendar_before: str
    calendar_after: str
    provisional: bool


def recomputation_id_of(duty_id: str, calendar_after: str) -> UUID:
    """The id of the stream that holds the one recomputation of a duty with a calendar."""
    return uuid5(RECOMPUTATION_NAMESPACE, f"{duty_id}/{calendar_after}")
