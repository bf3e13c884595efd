"""A case's ledger after some facts, for the stories of the duty book."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from domain.duties import Duty, DutyBook
from domain.event import Event, Happening
from services.kit.law import law_in_force
from tests.domain.facts import (
    on,
)

CASE = UUID(int=7)
LATER = on("2024-03-01")
OF_2005 = on("2022-04-30", "23:59")


def book_of(events: Sequence[Event]) -> DutyBook:
    book = DutyBook(CASE)
    for version, event in enumerate(events, 1):
        recorded = event.occurred_time + timedelta(hours=1)
        book.apply(Happening(event, CASE, version, "node", version, recorded), law_in_force(2026))
    return book


def duties_after(*events: Event) -> dict[str, Duty]:
    """The newest duty of each rule."""
    return {duty.rule_id: duty for duty in book_of(events).duties.values()}


def open_after(*events: Event) -> dict[str, str | None]:
    """The open duties and windows with their dates."""
    return {
        duty.rule_id: duty.due_date.isoformat() if duty.due_date else None
        for duty in book_of(events).duties.values()
        if duty.is_open
    }
