"""`breaches`: every missed date that the watch put on record, once per duty and rung."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table
from services.office.views.frame import View


class BreachRow(NamedTuple):
    """One recorded breach; `recorded_time` is the office log's own."""

    duty_id: str
    rung: int
    petition_id: UUID
    rule_id: str
    debtor: str
    due_date: date
    recorded_time: datetime


def rows(petition: PetitionFile, changes: Changes) -> Iterable[BreachRow]:
    """The breaches that were recorded."""
    for breach, recorded_time in changes.breaches.values():
        yield BreachRow(
            breach.duty_id,
            breach.rung,
            petition.petition_id,
            breach.rule_id,
            breach.debtor,
            breach.due_date,
            recorded_time,
        )


VIEW = View(Table("breaches", BreachRow, key=("duty_id", "rung"), indexes=(("by_debtor", "(debtor, due_date)"),)), rows)
