"""Given some facts, when a command or another agency's fact comes, then exactly these facts follow, or this refusal."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.case import Arrival, Case, Moment, decide, evolve, receive
from domain.event import Command, Decision, Event, Refusal
from domain.jurisdiction import NO_AGENCIES, Agencies, Agency
from services.kit.law import law_in_force
from tests.domain.facts import KINDS, NOW


@dataclass(frozen=True)
class Answer:
    """What the domain answered."""

    decision: Decision

    def then(self, *events: Event) -> None:
        """Assert that exactly these facts follow."""
        assert self.decision == events

    def then_refused(self, code: str) -> Refusal:
        """Assert the refusal's code and hand the refusal over for a closer look."""
        assert isinstance(self.decision, Refusal), f"expected {code}, got {self.decision}"
        assert self.decision.code == code
        return self.decision


@dataclass(frozen=True)
class Story:
    """One agency's case, its past, and the time at which it is told."""

    past: tuple[Event, ...] = ()
    now: datetime = NOW
    history_before: datetime | None = field(default=None)
    agencies: Agencies = NO_AGENCIES
    related: Case | None = None

    def given(self, *events: Event) -> "Story":
        return replace(self, past=(*self.past, *events))

    def at(self, now: datetime) -> "Story":
        return replace(self, now=now)

    def open_for_history_before(self, time: datetime) -> "Story":
        return replace(self, history_before=time)

    def among(self, *agencies: Agency) -> "Story":
        return replace(self, agencies=Agencies(agencies))

    def beside(self, *events: Event) -> "Story":
        """Let the agency know another petition, the one that the command names."""
        return replace(self, related=Story(events).case)

    @property
    def case(self) -> Case | None:
        """The past folded into a state."""
        state: Case | None = None
        for event in self.past:
            state = evolve(state, event)
        return state

    def when(self, command: Command) -> Answer:
        """Give the command to the case."""
        moment = Moment(self.now, law_in_force(), self.history_before, self.agencies, self.related)
        return Answer(decide(self.case, command, moment))

    def when_arrives(self, sent: Event, *, agency: str, cause: str = "sender:1") -> Answer:
        """Let a fact that another agency recorded arrive at `agency`."""
        arrival = Arrival(cause, agency, KINDS[agency], self.now, self.history_before, self.agencies)
        return Answer(receive(self.case, sent, arrival))


case = Story()
"""An agency that knows nothing of the petition yet."""
