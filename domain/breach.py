"""A breach: the recorded fact that a duty's date passed unmet, once per duty and rung (I5).

The watch writes it into the office's own log. Its stream id follows from duty and rung, so whatever restarts or
replicas there are, the log takes it once. A breach is a fact about an agency's date, never a verdict on a person.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from domain.event import AgencyId, Event

BREACH_NAMESPACE = UUID("0f6f2a86-51f5-5d0b-9d0a-3c1c1c7f5b02")


class BreachRecorded(Event):
    """The date of a duty passed unmet; `rung` 1 is the date itself, further rungs are the office's configuration."""

    type_name: ClassVar[str] = "lianxi.duty.v1.BreachRecorded"
    duty_id: str
    rung: Annotated[int, Field(ge=1)]
    rule_id: str
    rule_version: str
    article: str
    debtor: AgencyId
    due_date: date
    due_time: AwareDatetime
    calendar_version: str


def breach_id_of(duty_id: str, rung: int) -> UUID:
    """The id of the stream that holds the one breach of a duty at a rung."""
    return uuid5(BREACH_NAMESPACE, f"{duty_id}/{rung}")
