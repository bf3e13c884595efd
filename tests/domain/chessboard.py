"""Three agencies and the post between them, in memory: every order of relaying and delivery that a real bus allows.

Each agency has its own log and its own clock. A record first goes to the bus that the office reads, in the order of its
log, and then, if it is addressed, into the post of its addressee; post from different senders overtakes each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

from domain.case import (
    ADDRESSED,
    AcceptPetition,
    Arrival,
    Case,
    ClassifyPetition,
    DeclinePetition,
    ExtendHandling,
    HandOff,
    IssueOpinion,
    MaterialsUnsealed,
    Moment,
    NotifyReceipt,
    RaiseObjection,
    ReceiptNotified,
    RegisterPetition,
    ReportBack,
    RuleOnObjection,
    ServeOpinion,
    UnsealMaterials,
    case_id_of,
    decide,
    evolve,
    receive,
)
from domain.event import Command, Event, Happening, Refusal
from domain.petition import Changes, PetitionFile
from domain.vocabulary import (
    AgencyKind,
    Category,
    HandoffKind,
    ObjectionReason,
    Outcome,
    Purpose,
    RefusalReason,
    Route,
    ServiceMethod,
)
from services.kit.law import law_in_force
from tests.domain.facts import PETITION, sealed

LAW = law_in_force(2026)
SHUNNED = "accused-bureau"
"""The agency that accusations name; it takes no part, and nothing may ever be handed to it."""


@dataclass
class Agency:
    """One agency: its case, its log, how much of it went out, and how far its clock is off."""

    name: str
    kind: AgencyKind
    clock_error: timedelta
    case: Case | None = None
    log: list[Event] = field(default_factory=list)
    relayed: int = 0

    @property
    def seen_by_office(self) -> list[Event]:
        return self.log[: self.relayed]


Letter = tuple[str, Event, str]
"""A sender's record on its way: its id, the fact, the addressee."""


class Chessboard:
    """One petition among three agencies, as the agencies know it and as the office sees it."""

    def __init__(self, kinds: tuple[AgencyKind, ...], clock_errors: tuple[timedelta, ...], now: datetime) -> None:
        names = ("north", "east", "south")
        self.agencies = {
            name: Agency(name, kind, error) for name, kind, error in zip(names, kinds, clock_errors, strict=True)
        }
        self.now = now
        self.bus: list[Happening] = []
        self.post: dict[tuple[str, str], list[Letter]] = {}
        self.delivered: list[Letter] = []
        self.office = PetitionFile(PETITION)

    def clock(self, agency: Agency) -> datetime:
        return self.now + agency.clock_error

    def register(self, name: str, command: RegisterPetition) -> None:
        agency = self.agencies[name]
        decision = decide(None, command, Moment(self.clock(agency), LAW))
        assert not isinstance(decision, Refusal), decision
        self._record(agency, decision)
        self.relay(name)

    def give(self, name: str, command: Command) -> Refusal | None:
        """Give a command to an agency; a refusal is an answer like any other."""
        agency = self.agencies[name]
        decision = decide(agency.case, command, Moment(self.clock(agency), LAW))
        if isinstance(decision, Refusal):
            return decision
        self._record(agency, decision)
        return None

    def possible(self, kinds: tuple[type[Command], ...]) -> list[tuple[str, Command]]:
        """Every command of these kinds that some agency could carry out now."""
        moves: list[tuple[str, Command]] = []
        for agency in self.agencies.values():
            if agency.case is None:
                continue
            moment = Moment(self.clock(agency), LAW)
            moves += [
                (agency.name, command)
                for command in self._commands(agency)
                if isinstance(command, kinds) and not isinstance(decide(agency.case, command, moment), Refusal)
            ]
        return moves

    def _commands(self, agency: Agency) -> Iterator[Command]:
        others = [name for name in self.agencies if name != agency.name]
        handoff_id = UUID(int=(len(agency.log) << 8) + list(self.agencies).index(agency.name))
        report = self.now.date() + timedelta(days=20)
        for other, kind in product(others, HandoffKind):
            named = report if kind is HandoffKind.ASSIGNMENT else None
            yield HandOff(handoff_id=handoff_id, kind=kind, to_agency=other, report_due_date=named)
        yield RaiseObjection(reason=ObjectionReason.WRONG_LEVEL, explanation=sealed())
        yield RuleOnObjection(uphold=True)
        yield RuleOnObjection(uphold=False)
        for category in Category:
            accused = (SHUNNED,) if category is Category.ACCUSATION else ()
            yield ClassifyPetition(category=category, accused_agencies=accused)
        for route in (None, Route.PETITION_PROCEDURE, Route.LITIGATION):
            yield AcceptPetition(route=route)
        # What may be done at any time is offered once, so that random histories do not consist of it.
        done = {type(event) for event in agency.log}
        if ReceiptNotified not in done:
            yield NotifyReceipt(method=ServiceMethod.ELECTRONIC)
        if MaterialsUnsealed not in done:
            yield UnsealMaterials(official="clerk", purpose=Purpose.HANDLING)
        yield DeclinePetition(reason=RefusalReason.OUTSIDE_POWERS, explanation=sealed())
        notified = self.clock(agency)
        yield ExtendHandling(days=17, approver="head", notified_time=notified, reason=sealed())
        yield IssueOpinion(outcome=Outcome.EXPLAIN, legal_bases=("a law",), facts=sealed(), opinion=sealed())
        yield ServeOpinion(method=ServiceMethod.POST, proof="proof:1")
        yield ReportBack(report=sealed())

    def relay(self, name: str) -> bool:
        """Bring the agency's next record to the office, and then into the post; tell whether there was one."""
        agency = self.agencies[name]
        if agency.relayed == len(agency.log):
            return False
        event = agency.log[agency.relayed]
        agency.relayed += 1
        position = agency.relayed
        happening = Happening(event, case_id_of(PETITION, name), position, name, position, self.now)
        self.bus.append(happening)
        self.office.apply(happening, LAW, Changes())
        if type(event) in ADDRESSED:
            to_agency: str = event.to_agency  # type: ignore[attr-defined]
            self.post.setdefault((name, to_agency), []).append((f"{name}:{position}", event, to_agency))
        return True

    def waiting(self) -> list[tuple[str, str]]:
        """The pairs of agencies with post between them."""
        return [pair for pair, letters in self.post.items() if letters]

    def deliver(self, pair: tuple[str, str]) -> None:
        letter = self.post[pair].pop(0)
        assert self._arrive(letter), "a fact that arrives for the first time changes something"
        self.delivered.append(letter)

    def redeliver(self, letter: Letter) -> None:
        assert not self._arrive(letter), "a fact that arrives again changes nothing"

    def _arrive(self, letter: Letter) -> bool:
        cause, sent, name = letter
        agency = self.agencies[name]
        decision = receive(agency.case, sent, Arrival(cause, name, agency.kind, self.clock(agency)))
        assert not isinstance(decision, Refusal), f"{decision.code}: what agencies rightly send is never refused"
        self._record(agency, decision)
        return bool(decision)

    def _record(self, agency: Agency, events: tuple[Event, ...]) -> None:
        for event in events:
            agency.case = evolve(agency.case, event)
            agency.log.append(event)

    def settle(self) -> None:
        """Relay and deliver until nothing is on its way."""
        moving = True
        while moving:
            relayed = [self.relay(name) for name in self.agencies]
            pairs = self.waiting()
            for pair in pairs:
                self.deliver(pair)
            moving = any(relayed) or bool(pairs)
