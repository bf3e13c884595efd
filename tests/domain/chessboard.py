"""Some agencies and the post between them, in memory: every order of relaying and delivery that a real bus allows.

Each agency has its own log and its own clock. A record first goes to the bus that the office reads, in the order of its
log, and then, if it is addressed, into the post of its addressee; post from different senders overtakes each other.
What the agencies may think of stands in `player`.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.case import (
    ADDRESSED,
    Arrival,
    Case,
    Moment,
    Phase,
    RegisterPetition,
    case_id_of,
    decide,
    evolve,
    receive,
)
from domain.custody import Custody
from domain.event import Command, Event, Happening, Refusal
from domain.jurisdiction import Agencies
from domain.jurisdiction import Agency as Listed
from domain.petition import Changes, PetitionFile
from domain.rating import RatingSheet
from domain.vocabulary import AgencyKind, Channel
from services.kit.law import law_in_force
from tests.domain.facts import PETITION
from tests.domain.player import Seat, Words, commands_of

LAW = law_in_force(2026)
NORTH, EAST, SOUTH, OFFICE = "north", "east", "south", "office"
SHUNNED, SHUNNED_BRANCH, SHUNNED_HEIR = "accused-bureau", "accused-branch", "accused-heir"
"""An agency that accusations name, one under it, and its successor: none of them may ever be handed anything."""

_CITY, _SUPERIORS = "110000", {EAST: NORTH, SOUTH: EAST, SHUNNED: NORTH, SHUNNED_BRANCH: SHUNNED, SHUNNED_HEIR: NORTH}


def directory(kinds: Mapping[str, AgencyKind], south_abolished: date | None = None) -> Agencies:
    """North above east above south, beside them the accused; south may end one day, and east is its heir."""
    ends = {SHUNNED: (date(2021, 1, 1), (SHUNNED_HEIR,)), SOUTH: (south_abolished, (EAST,))}
    bystanders = dict.fromkeys((SHUNNED, SHUNNED_BRANCH, SHUNNED_HEIR), AgencyKind.AGENCY)
    listed = []
    for name, kind in {**kinds, **bystanders}.items():
        abolished, successors = ends.get(name, (None, ()))
        heirs = successors if abolished else ()
        listed.append(Listed(name, kind, _CITY, _SUPERIORS.get(name), abolished=abolished, successors=heirs))
    return Agencies(listed)


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
Move = tuple[str, Command]
"""Who acts, and how."""
Step = tuple[Phase | None, str, Phase]
"""Where a case stood, the fact that moved it, and where it stands."""


class Chessboard:
    """One petition among some agencies, as the agencies know it and as the office sees it."""

    def __init__(
        self,
        kinds: Mapping[str, AgencyKind],
        now: datetime,
        clock_errors: Iterable[timedelta] = (),
        south_abolished: date | None = None,
    ) -> None:
        errors = [*clock_errors, *[timedelta()] * len(kinds)]
        self.agencies = {
            name: Agency(name, kind, error) for (name, kind), error in zip(kinds.items(), errors, strict=False)
        }
        self.directory = directory(kinds, south_abolished)
        self.now = now
        self.bus: list[Happening] = []
        self.post: dict[tuple[str, str], list[Letter]] = {}
        self.delivered: list[Letter] = []
        self.office = PetitionFile(PETITION)
        self.steps: list[Step] = []
        self.addressed: set[tuple[str, str, str, tuple[str, ...]]] = set()
        """Who addressed which kind of fact to whom, and whom the petition accused by then."""

    def fork(self) -> "Chessboard":
        """A board on which the game goes on from here, and this one stays as it is."""
        other = copy(self)
        other.agencies = {name: copy(agency) for name, agency in self.agencies.items()}
        for agency in other.agencies.values():
            agency.log = list(agency.log)
        other.bus, other.delivered = list(self.bus), list(self.delivered)
        other.post = {pair: list(letters) for pair, letters in self.post.items() if letters}
        other.office = _forked(self.office)
        other.steps, other.addressed = [], set(self.addressed)
        return other

    def clock(self, agency: Agency) -> datetime:
        return self.now + agency.clock_error

    def register(self, name: str, *, reply_address_known: bool = True) -> None:
        command = RegisterPetition(
            petition_id=PETITION,
            agency=name,
            agency_kind=self.agencies[name].kind,
            channel=Channel.LETTER,
            reply_address_known=reply_address_known,
        )
        assert self.give(name, command) is None
        self.relay(name)

    def give(self, name: str, command: Command) -> Refusal | None:
        """Give a command to an agency; a refusal is an answer like any other."""
        agency = self.agencies[name]
        decision = decide(agency.case, command, self._moment(agency))
        if isinstance(decision, Refusal):
            return decision
        self._record(agency, decision)
        return None

    def possible(self, kinds: Iterable[type[Command]], each: Words = list) -> Iterator[Move]:
        """Every command of these kinds that some agency could carry out now."""
        for agency in self.agencies.values():
            moment, seat = self._moment(agency), self._seat(agency, each)
            for command in commands_of(seat, kinds):
                if not isinstance(decide(agency.case, command, moment), Refusal):
                    yield agency.name, command

    def _moment(self, agency: Agency) -> Moment:
        return Moment(self.clock(agency), LAW, agencies=self.directory)

    def _seat(self, agency: Agency, each: Words) -> Seat:
        others = tuple(name for name in self.agencies if name != agency.name)
        first = self.office.first_received_time
        assert first is not None
        return Seat(
            agency=agency.name,
            kind=agency.kind,
            known=agency.case,
            others=others,
            involved=tuple(name for name in others if self.agencies[name].case),
            accusable=(SHUNNED, *others),
            first_received_time=first,
            now=self.clock(agency),
            fresh=UUID(int=(len(agency.log) << 8) + list(self.agencies).index(agency.name)),
            each=each,
        )

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
        if book := self.office.books.get(happening.case_id):
            self.office.books[happening.case_id] = _with_own_lists(book)
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
        arrival = Arrival(cause, name, agency.kind, self.clock(agency), agencies=self.directory)
        decision = receive(agency.case, sent, arrival)
        assert not isinstance(decision, Refusal), f"{decision.code}: what agencies rightly send is never refused"
        self._record(agency, decision)
        return bool(decision)

    def _record(self, agency: Agency, events: tuple[Event, ...]) -> None:
        for event in events:
            before, agency.case = agency.case, evolve(agency.case, event)
            agency.log.append(event)
            if type(event) in ADDRESSED:
                to_agency: str = event.to_agency  # type: ignore[attr-defined]
                # What is shown says itself whom it accuses; a receipt only echoes what its addressee had sent.
                accused = getattr(event, "accused_agencies", agency.case.accused_agencies)
                self.addressed.add((agency.name, type(event).__name__, to_agency, accused))
            self.steps.append((before.phase if before else None, type(event).__name__, agency.case.phase))

    def relay_all(self) -> None:
        """Bring all records to the office and into the post."""
        for name in self.agencies:
            while self.relay(name):
                pass

    def settle(self) -> None:
        """Relay and deliver until nothing is on its way."""
        self.relay_all()
        while pairs := self.waiting():
            for pair in pairs:
                self.deliver(pair)
            self.relay_all()


def _forked(file: PetitionFile) -> PetitionFile:
    """Copy what a fold changes in place; facts, duties and segments are values, and books are copied when written."""
    other = copy(file)
    for name in PetitionFile.__slots__:
        value = getattr(file, name)
        if isinstance(value, dict | list | set):
            setattr(other, name, copy(value))
        elif isinstance(value, Custody | RatingSheet):
            setattr(other, name, _with_own_lists(value))
    return other


def _with_own_lists(value: Any) -> Any:
    other = copy(value)
    for name in type(value).__slots__:
        if isinstance(own := getattr(value, name), dict | list | set):
            setattr(other, name, copy(own))
    return other
