"""Agencies with the post between them, in memory: any order of relaying and delivery that a real bus allows.

Each agency has its own case on the one petition, its own log and its own clock. Boards that play a chapter begin here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.case import ADDRESSED, Arrival, Case, Moment, case_id_of, decide, evolve, receive
from domain.event import Command, Event, Happening, Refusal
from domain.jurisdiction import Agencies
from domain.petition import Changes, PetitionFile
from domain.vocabulary import AgencyKind
from services.kit.law import law_in_force
from tests.domain.facts import PETITION, RECEIVED

LAW = law_in_force()
Letter = tuple[str, Any]


@dataclass
class Desk:
    """One agency: its case, its log, how much of it went out, and how far its clock is off."""

    name: str
    clock_error: timedelta
    case: Case | None = None
    log: list[Event] = field(default_factory=list)
    relayed: int = 0


class Board:
    """One petition among agencies, opened by the first of them with a few commands, ten minutes apart."""

    def __init__(
        self,
        kinds: Mapping[str, AgencyKind],
        agencies: Agencies,
        clock_errors: Sequence[timedelta],
        opener: str,
        opening: Sequence[Command],
    ) -> None:
        self._kinds, self._agencies = kinds, agencies
        self.desks = {name: Desk(name, error) for name, error in zip(kinds, clock_errors, strict=True)}
        self.now = RECEIVED
        self.post: dict[tuple[str, str], list[Letter]] = {}
        self.delivered: list[tuple[str, Letter]] = []
        self.office = PetitionFile(PETITION)
        for command in opening:
            self.now += timedelta(minutes=10)
            assert self.give(opener, command) is None

    def give(self, name: str, command: Command) -> Refusal | None:
        """Give a command to an agency; a refusal is an answer like any other."""
        decision = self.decided(self.desks[name], command)
        if isinstance(decision, Refusal):
            return decision
        self._record(self.desks[name], decision)
        return None

    def decided(self, desk: Desk, command: Command) -> tuple[Event, ...] | Refusal:
        """What the agency's case answers to a command now."""
        return decide(desk.case, command, Moment(self._clock(desk), LAW, agencies=self._agencies))

    def _clock(self, desk: Desk) -> datetime:
        return self.now + desk.clock_error

    def relay(self, name: str) -> bool:
        """Bring the agency's next record to the bus, and then into the post; tell whether there was one."""
        desk = self.desks[name]
        if desk.relayed == len(desk.log):
            return False
        event: Any = desk.log[desk.relayed]
        desk.relayed += 1
        happening = Happening(event, case_id_of(PETITION, name), desk.relayed, name, desk.relayed, self.now)
        self.office.apply(happening, LAW, Changes())
        if type(event) in ADDRESSED:
            self.post.setdefault((name, event.to_agency), []).append((f"{name}:{desk.relayed}", event))
        return True

    def waiting(self) -> list[tuple[str, str]]:
        """The pairs of agencies with post between them."""
        return [pair for pair, letters in self.post.items() if letters]

    def deliver(self, pair: tuple[str, str]) -> None:
        letter = self.post[pair].pop(0)
        assert self._arrive(pair[1], letter), "a fact that arrives for the first time is kept"
        self.delivered.append((pair[1], letter))

    def redeliver(self, number: int) -> None:
        """Deliver a letter once more that was delivered before."""
        name, letter = self.delivered[number % len(self.delivered)]
        assert not self._arrive(name, letter), "a fact that arrives again changes nothing"

    def _arrive(self, name: str, letter: Letter) -> bool:
        cause, sent = letter
        desk = self.desks[name]
        decision = receive(
            desk.case, sent, Arrival(cause, name, self._kinds[name], self._clock(desk), agencies=self._agencies)
        )
        assert not isinstance(decision, Refusal), f"{decision.code}: what agencies rightly send is never refused"
        self._record(desk, decision)
        return bool(decision)

    def _record(self, desk: Desk, events: tuple[Event, ...]) -> None:
        for event in events:
            desk.case = evolve(desk.case, event)
            desk.log.append(event)

    def settle(self) -> None:
        """Relay and deliver until nothing is on its way."""
        moving = True
        while moving:
            relayed = [self.relay(name) for name in self.desks]
            pairs = self.waiting()
            for pair in pairs:
                self.deliver(pair)
            moving = any(relayed) or bool(pairs)
