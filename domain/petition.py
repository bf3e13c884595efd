"""A petition across all agencies: the fold that the office, the simulation and the auditors share.

`PetitionFile` takes the facts of every agency's case on one petition, in the order of the bus, and keeps the hand-offs,
the duties and the custody. `apply` returns what a fact changed, so that a view can write just that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.breach import BreachRecorded
from domain.custody import Custody, Segment
from domain.duties import CASE_PREFIX, Duty, DutyBook
from domain.event import Happening
from domain.law import Law


class Handoff(NamedTuple):
    """One offer of custody, from the offer to its receipt, its objection and its report."""

    handoff_id: UUID
    number: int
    kind: str
    from_agency: str
    to_agency: str
    offered_time: datetime
    report_due_date: date | None = None
    received_time: datetime | None = None
    objected_time: datetime | None = None
    objection_reason: str | None = None
    objection_late: bool | None = None
    ruled_time: datetime | None = None
    returned: bool = False
    reported_time: datetime | None = None


@dataclass(slots=True)
class Changes:
    """What one or several facts changed, by key; a later change of the same thing replaces the earlier."""

    handoffs: dict[UUID, Handoff] = field(default_factory=dict)
    duties: dict[str, Duty] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    breaches: dict[tuple[str, int], tuple[BreachRecorded, datetime]] = field(default_factory=dict)


class PetitionFile:
    """The folded picture of one petition over all agencies."""

    __slots__ = (
        "books",
        "breach_rungs",
        "category",
        "channel",
        "custody",
        "events",
        "first_agency",
        "first_received_time",
        "handoffs",
        "last_event_time",
        "outcome",
        "petition_id",
        "phase",
        "returns",
    )

    def __init__(self, petition_id: UUID) -> None:
        self.petition_id = petition_id
        self.books: dict[UUID, DutyBook] = {}
        self.breach_rungs: dict[str, int] = {}
        self.custody = Custody()
        self.handoffs: dict[UUID, Handoff] = {}
        self.first_received_time: datetime | None = None
        self.first_agency: str | None = None
        self.channel: str | None = None
        self.category: str | None = None
        self.outcome: str | None = None
        self.phase = ""
        self.returns = 0
        self.events = 0
        self.last_event_time: datetime | None = None

    def apply(self, happening: Happening, law: Law, changes: Changes) -> None:
        """Fold one fact and add what it changed to `changes`."""
        event: Any = happening.event
        if event.type_name == BreachRecorded.type_name:
            self._breach(event, happening.recorded_time, changes)
        if not event.type_name.startswith(CASE_PREFIX):
            return  # a fact about the petition's road that moves nothing on it
        name = event.type_name.removeprefix(CASE_PREFIX)
        self.events += 1
        self.last_event_time = event.occurred_time
        if self.custody.admits(name, event):
            self._summarise(name, event)
        book = self.books.get(happening.case_id)
        if book is None:
            book = self.books[happening.case_id] = DutyBook(happening.case_id)
        for duty in book.apply(happening, law):
            changes.duties[duty.duty_id] = duty
        until = self._window_end(event, law) if name == "OpinionServed" else None
        for segment in self.custody.apply(name, event, until):
            changes.segments[segment.number] = segment
        if (handoff := self._handoff(name, event)) is not None:
            self.handoffs[handoff.handoff_id] = changes.handoffs[handoff.handoff_id] = handoff

    def _breach(self, event: BreachRecorded, recorded_time: datetime, changes: Changes) -> None:
        self.breach_rungs[event.duty_id] = max(event.rung, self.breach_rungs.get(event.duty_id, 0))
        changes.breaches[event.duty_id, event.rung] = (event, recorded_time)
        for duty in self.duties:
            if duty.duty_id == event.duty_id:
                changes.duties[duty.duty_id] = duty

    def _summarise(self, name: str, event: Any) -> None:
        if name == "Registered" and self.first_received_time is None:
            self.first_received_time = event.received_time
            self.first_agency = event.agency
            self.channel = event.channel
        elif name == "Classified":
            self.category = event.category
        elif name == "OpinionIssued":
            self.outcome = event.outcome
        elif name == "ObjectionUpheld":
            self.returns += 1
        self.phase = _PHASES.get(name, self.phase)

    def _window_end(self, event: Any, law: Law) -> datetime | None:
        if self.first_received_time is None:
            return None
        rule = law.rule("D12", self.first_received_time)
        return law.due_of(rule, event.occurred_time).due_time if rule else None

    def _handoff(self, name: str, event: Any) -> Handoff | None:
        if name == "HandedOff":
            return Handoff(
                event.handoff_id,
                len(self.handoffs) + 1,
                event.kind,
                event.agency,
                event.to_agency,
                event.occurred_time,
                event.report_due_date,
            )
        change = _HANDOFF_CHANGES.get(name)
        handoff = self.handoffs.get(event.handoff_id) if change else None
        if change is None or handoff is None:
            return None
        return handoff._replace(
            **{target: getattr(event, source) for target, source in change.items()}, **_FLAGS.get(name, {})
        )

    @property
    def duties(self) -> Iterable[Duty]:
        """Every duty on the petition, of all agencies."""
        return (duty for book in self.books.values() for duty in book.duties.values())

    def has_ended(self, now: datetime) -> bool:
        """Tell whether the petition's road is over at `now`: not accepted, or the petitioner's window lapsed."""
        return self.custody.ended_time is not None and self.custody.ended_time <= now


_PHASES = {
    "Registered": "registered",
    "Classified": "classified",
    "HandedOff": "offered",
    "HandoffReceived": "received",
    "ObjectionRaised": "objected",
    "ObjectionUpheld": "returned",
    "ObjectionRejected": "received",
    "Accepted": "accepted",
    "NotAccepted": "not_accepted",
    "OpinionIssued": "opinion_issued",
    "OpinionServed": "served",
}

_HANDOFF_CHANGES: dict[str, dict[str, str]] = {
    "HandoffReceived": {"received_time": "occurred_time"},
    "ObjectionRaised": {
        "objected_time": "occurred_time",
        "objection_reason": "reason",
        "objection_late": "late",
    },
    "ObjectionUpheld": {"ruled_time": "occurred_time"},
    "ObjectionRejected": {"ruled_time": "occurred_time"},
    "ReportedBack": {"reported_time": "occurred_time"},
}
_FLAGS: dict[str, dict[str, Any]] = {"ObjectionUpheld": {"returned": True}, "ObjectionRejected": {"returned": False}}
