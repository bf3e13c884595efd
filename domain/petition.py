"""A petition across all agencies: the fold that the office, the simulation and the auditors share.

`PetitionFile` takes the facts of every agency's case on one petition, in the order of the bus, and keeps the hand-offs,
the duties and the custody. `apply` returns what a fact changed, so that a view can write just that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.approaching import DueDateApproaching
from domain.breach import BreachRecorded
from domain.case.record import QueryCodeIssued
from domain.custody import Custody, Segment
from domain.docket import RETURNS_TO_DOCKET, DocketGround, PetitionDocketed
from domain.duties import CASE_PREFIX, Duty, DutyBook
from domain.event import Happening
from domain.law import Law
from domain.rating import RatingGiven, RatingSheet
from domain.vocabulary import Adoption, LinkKind, ReviewResult, ReviewStage


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


class Docket(NamedTuple):
    """A ground on which the petition is put to the Joint Meeting, and when that was put on record, if it was."""

    ground: str
    agencies: tuple[str, ...]
    reached_time: datetime
    docketed_time: datetime | None = None


@dataclass(slots=True)
class Changes:
    """What one or several facts changed, by key; a later change of the same thing replaces the earlier."""

    handoffs: dict[UUID, Handoff] = field(default_factory=dict)
    duties: dict[str, Duty] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    breaches: dict[tuple[str, int], tuple[BreachRecorded, datetime]] = field(default_factory=dict)
    dockets: dict[str, Docket] = field(default_factory=dict)
    query_code: QueryCodeIssued | None = None
    is_rating_moved: bool = False


class PetitionFile:
    """The folded picture of one petition over all agencies."""

    __slots__ = (
        "books",
        "breach_rungs",
        "category",
        "channel",
        "custody",
        "dockets",
        "events",
        "first_agency",
        "first_received_time",
        "handoffs",
        "is_collective",
        "is_repeat",
        "last_event_time",
        "linked_petition_id",
        "outcome",
        "petition_id",
        "phase",
        "ratings",
        "returns",
        "urgency",
        "warned_dates",
    )

    def __init__(self, petition_id: UUID) -> None:
        self.petition_id = petition_id
        self.books: dict[UUID, DutyBook] = {}
        self.breach_rungs: dict[str, int] = {}
        self.warned_dates: dict[str, date] = {}
        self.custody = Custody()
        self.handoffs: dict[UUID, Handoff] = {}
        self.dockets: dict[str, Docket] = {}
        self.ratings = RatingSheet()
        self.first_received_time: datetime | None = None
        self.first_agency: str | None = None
        self.channel: str | None = None
        self.category: str | None = None
        self.outcome: str | None = None
        self.urgency: str | None = None
        self.is_repeat = False
        self.is_collective = False
        self.linked_petition_id: UUID | None = None
        self.phase = ""
        self.returns = 0
        self.events = 0
        self.last_event_time: datetime | None = None

    def apply(self, happening: Happening, law: Law, changes: Changes) -> None:
        """Fold one fact and add what it changed to `changes`."""
        event: Any = happening.event
        if not event.type_name.startswith(CASE_PREFIX):
            # The office's own facts move nothing on the petition's road.
            self._apply_office_fact(event, happening.recorded_time, changes)
            return
        name = event.type_name.removeprefix(CASE_PREFIX)
        self.events += 1
        self.last_event_time = event.occurred_time
        if self.custody.admits(name, event):
            self._summarise(name, event)
            self._serve_petitioner(name, event, changes)
            window = _WINDOWS.get(name)
            until = self._window_end(window, event, law) if window else None
            for segment in self.custody.move(name, event, until):
                changes.segments[segment.number] = segment
        book = self.books.get(happening.case_id)
        if book is None:
            book = self.books[happening.case_id] = DutyBook(happening.case_id)
        for duty in book.apply(happening, law):
            changes.duties[duty.duty_id] = duty
        if (handoff := self._handoff(name, event)) is not None:
            self.handoffs[handoff.handoff_id] = changes.handoffs[handoff.handoff_id] = handoff
            if name in _BOUNCING:
                self._look_for_docket(handoff, event, changes)

    def _apply_office_fact(self, event: Any, recorded_time: datetime, changes: Changes) -> None:
        if event.type_name == BreachRecorded.type_name:
            self._breach(event, recorded_time, changes)
        elif event.type_name == DueDateApproaching.type_name:
            self._warned(event, changes)
        elif event.type_name == PetitionDocketed.type_name:
            self._docketed(event, recorded_time, changes)
        elif event.type_name == RatingGiven.type_name:
            self.ratings.rate(event)
            changes.is_rating_moved = True

    def _serve_petitioner(self, name: str, event: Any, changes: Changes) -> None:
        changes.is_rating_moved = self.ratings.apply(name, event) or changes.is_rating_moved
        if name == "QueryCodeIssued" and event.agency == self.first_agency:
            changes.query_code = event

    def _look_for_docket(self, handoff: Handoff, event: Any, changes: Changes) -> None:
        """See whether the petition now goes to and fro so that the Joint Meeting must hear of it."""
        if handoff.returned and self.returns >= RETURNS_TO_DOCKET:
            returned = {one.from_agency for one in self.handoffs.values() if one.returned}
            returned |= {one.to_agency for one in self.handoffs.values() if one.returned}
            self._reach(DocketGround.THIRD_RETURN, returned, event, changes)
        there, back = (handoff.from_agency, handoff.to_agency), (handoff.to_agency, handoff.from_agency)
        objected = {(one.from_agency, one.to_agency) for one in self.handoffs.values() if one.objected_time}
        if {there, back} <= objected:
            self._reach(DocketGround.MUTUAL_OBJECTION, set(there), event, changes)

    def _reach(self, ground: DocketGround, agencies: set[str], event: Any, changes: Changes) -> None:
        if ground not in self.dockets:
            docket = Docket(ground, tuple(sorted(agencies)), event.occurred_time)
            self.dockets[ground] = changes.dockets[ground] = docket

    def _docketed(self, event: PetitionDocketed, recorded_time: datetime, changes: Changes) -> None:
        docket = Docket(event.ground, event.agencies, event.reached_time, recorded_time)
        self.dockets[event.ground] = changes.dockets[event.ground] = docket

    def _breach(self, event: BreachRecorded, recorded_time: datetime, changes: Changes) -> None:
        self.breach_rungs[event.duty_id] = max(event.rung, self.breach_rungs.get(event.duty_id, 0))
        changes.breaches[event.duty_id, event.rung] = (event, recorded_time)
        self._show_again(event.duty_id, changes)

    def _warned(self, event: DueDateApproaching, changes: Changes) -> None:
        self.warned_dates[event.duty_id] = event.due_date
        self._show_again(event.duty_id, changes)

    def _show_again(self, duty_id: str, changes: Changes) -> None:
        for duty in self.duties:
            if duty.duty_id == duty_id:
                changes.duties[duty_id] = duty

    def _summarise(self, name: str, event: Any) -> None:
        if name == "Registered" and self.first_received_time is None:
            self.first_received_time = event.received_time
            self.first_agency = event.agency
            self.channel = event.channel
            self.is_collective = event.is_collective
            self.linked_petition_id = event.split_from
        elif name == "Classified":
            self.category = event.category
        elif name == "Linked":
            self.is_repeat = self.is_repeat or event.link == LinkKind.REPEAT
            self.linked_petition_id = event.to_petition_id
        elif name == "UrgentFlagged":
            self.urgency = event.level
        elif name == "OpinionIssued" or (name == "ReviewOpinionIssued" and event.outcome is not None):
            self.outcome = event.outcome
        elif name == "ObjectionUpheld":
            self.returns += 1
        phase_of = _PHASES_BY_RESULT.get(name)
        self.phase = (phase_of(event) if phase_of else _PHASES.get(name)) or self.phase

    def _window_end(self, rule_id: str, event: Any, law: Law) -> datetime | None:
        if self.first_received_time is None:
            return None
        rule = law.rule(rule_id, self.first_received_time)
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
    "DivertedToProcedure": "diverted",
    "ResumedFromProcedure": "accepted",
    "ProcedureConcluded": "concluded",
    "SuggestionReplied": "concluded",
    "AccusationConcluded": "concluded",
    "Settled": "settled",
    "ReviewRequested": "reviewing",
    "ReviewDeclined": "review_declined",
    "ReviewOpinionIssued": "review_issued",
}

_PHASES_BY_RESULT: dict[str, Callable[[Any], str]] = {
    "SuggestionDecided": lambda event: "concluded" if event.adoption == Adoption.NOT_ADOPTED else "adopted",
    "ReviewOpinionServed": lambda event: "ended" if event.stage == ReviewStage.REREVIEW else "review_served",
    "ReviewResultReceived": lambda event: "accepted" if event.result == ReviewResult.REVOKE else "",
}
"""Where the phase depends on what was decided; empty where it stays as it is."""

_BOUNCING = frozenset({"ObjectionRaised", "ObjectionUpheld"})
"""The facts that may put a petition on the docket."""

_WINDOWS = {"OpinionServed": "D12", "ReviewOpinionServed": "D14"}
"""Which row of the duty table says how long the petitioner may ask for a review of what was served."""

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
