"""A handler, its reviewer and its re-reviewer with the post between them: any order that a real bus allows, in memory.

The petitioner acts through them: whoever is asked for review enters the request. Each agency has its own clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.case import (
    ADDRESSED,
    AcceptPetition,
    Arrival,
    Case,
    ClassifyPetition,
    CloseHearing,
    DeclineReview,
    IssueOpinion,
    IssueReviewOpinion,
    Moment,
    OpenHearing,
    RegisterPetition,
    RequestReview,
    ServeOpinion,
    ServeReviewOpinion,
    case_id_of,
    decide,
    evolve,
    receive,
)
from domain.event import Command, Event, Happening, Refusal
from domain.jurisdiction import Agencies
from domain.petition import Changes, PetitionFile
from domain.vocabulary import (
    Category,
    Channel,
    Outcome,
    ReviewRefusal,
    ReviewResult,
    ReviewStage,
    Route,
    ServiceMethod,
)
from services.kit.law import law_in_force
from tests.domain.facts import CITY_HOUSING, HOUSING, KINDS, PETITION, PROVINCE_HOUSING, RECEIVED, sealed
from tests.domain.facts_review import LADDER, TABLE

LAW, AGENCIES = law_in_force(), Agencies(LADDER)
STAGES = {
    CITY_HOUSING: (ReviewStage.REVIEW, HOUSING),
    PROVINCE_HOUSING: (ReviewStage.REREVIEW, CITY_HOUSING),
}
Letter = tuple[str, Event]


@dataclass
class Desk:
    """One agency: its case, its log, and how much of it went out."""

    name: str
    clock_error: timedelta
    case: Case | None = None
    log: list[Event] = field(default_factory=list)
    relayed: int = 0


class ReviewBoard:
    """One petition that the bureau has accepted, and the three who may have to do with it from then on."""

    def __init__(self, clock_errors: tuple[timedelta, ...]) -> None:
        names = (HOUSING, CITY_HOUSING, PROVINCE_HOUSING)
        self.desks = {name: Desk(name, error) for name, error in zip(names, clock_errors, strict=True)}
        self.now = RECEIVED
        self.post: dict[tuple[str, str], list[Letter]] = {}
        self.delivered: list[tuple[str, Letter]] = []
        self.office = PetitionFile(PETITION)
        for command in (
            RegisterPetition(petition_id=PETITION, agency=HOUSING, agency_kind=KINDS[HOUSING], channel=Channel.LETTER),
            ClassifyPetition(category=Category.APPEAL),
            AcceptPetition(route=Route.PETITION_PROCEDURE),
        ):
            self.now += timedelta(minutes=10)
            assert self.give(HOUSING, command) is None

    def give(self, name: str, command: Command) -> Refusal | None:
        """Give a command to an agency; a refusal is an answer like any other."""
        decision = self._decided(self.desks[name], command)
        if isinstance(decision, Refusal):
            return decision
        self._record(self.desks[name], decision)
        return None

    def possible(self) -> list[tuple[str, Command]]:
        """Every command that some agency could carry out now."""
        return [
            (name, command)
            for name, desk in self.desks.items()
            for command in (_HANDLING if name == HOUSING else self._reviewing(desk))
            if not isinstance(self._decided(desk, command), Refusal)
        ]

    def _reviewing(self, desk: Desk) -> Iterator[Command]:
        stage, of_agency = STAGES[desk.name]
        # Too early a request is tried as well, but only about an agency that has to do with the petition.
        if self.desks[of_agency].case is not None:
            yield RequestReview(
                petition_id=PETITION,
                agency=desk.name,
                agency_kind=KINDS[desk.name],
                stage=stage,
                of_agency=of_agency,
                first_received_time=RECEIVED,
            )
        if desk.case is not None:
            yield from _DECIDING

    def _decided(self, desk: Desk, command: Command) -> tuple[Event, ...] | Refusal:
        return decide(desk.case, command, Moment(self._clock(desk), LAW, agencies=AGENCIES))

    def _clock(self, desk: Desk) -> datetime:
        return self.now + desk.clock_error

    def relay(self, name: str) -> bool:
        """Bring the agency's next record to the office, and then into the post; tell whether there was one."""
        desk = self.desks[name]
        if desk.relayed == len(desk.log):
            return False
        event = desk.log[desk.relayed]
        desk.relayed += 1
        happening = Happening(event, case_id_of(PETITION, name), desk.relayed, name, desk.relayed, self.now)
        self.office.apply(happening, LAW, Changes())
        if type(event) in ADDRESSED:
            to_agency: str = event.to_agency  # type: ignore[attr-defined]
            self.post.setdefault((name, to_agency), []).append((f"{name}:{desk.relayed}", event))
        return True

    def waiting(self) -> list[tuple[str, str]]:
        """The pairs of agencies with post between them."""
        return [pair for pair, letters in self.post.items() if letters]

    def deliver(self, pair: tuple[str, str]) -> None:
        letter = self.post[pair].pop(0)
        assert self._arrive(pair[1], letter), "a fact that arrives for the first time changes something"
        self.delivered.append((pair[1], letter))

    def redeliver(self, number: int) -> None:
        """Deliver a letter once more that was delivered before."""
        name, letter = self.delivered[number % len(self.delivered)]
        assert not self._arrive(name, letter), "a fact that arrives again changes nothing"

    def _arrive(self, name: str, letter: Letter) -> bool:
        cause, sent = letter
        desk = self.desks[name]
        arrival = Arrival(cause, name, KINDS[name], self._clock(desk), agencies=AGENCIES)
        decision = receive(desk.case, sent, arrival)
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


_SERVICE = {"method": ServiceMethod.POST, "proof": "proof:1"}
_TEXTS = {"legal_bases": TABLE, "facts": sealed("facts"), "opinion": sealed("opinion")}
_HANDLING: tuple[Command, ...] = (
    *(IssueOpinion.model_validate({"outcome": outcome, **_TEXTS}) for outcome in Outcome),
    ServeOpinion.model_validate(_SERVICE),
)
_DECIDING: tuple[Command, ...] = (
    *(IssueReviewOpinion.model_validate({"result": result, **_TEXTS}) for result in ReviewResult),
    IssueReviewOpinion.model_validate({"result": ReviewResult.CHANGE, "outcome": Outcome.SUPPORT, **_TEXTS}),
    *(DeclineReview(reason=reason, explanation=sealed()) for reason in ReviewRefusal),
    ServeReviewOpinion.model_validate(_SERVICE),
    OpenHearing(),
    CloseHearing(),
)
