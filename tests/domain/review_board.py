"""A handler, its reviewer and its re-reviewer with the post between them: any order that a real bus allows, in memory.

The petitioner acts through them: whoever is asked for review enters the request. Each agency has its own clock.
"""

from collections.abc import Iterator
from datetime import timedelta

from domain.case import (
    AcceptPetition,
    ClassifyPetition,
    CloseHearing,
    DeclineReview,
    IssueOpinion,
    IssueReviewOpinion,
    OpenHearing,
    RegisterPetition,
    RequestReview,
    ServeOpinion,
    ServeReviewOpinion,
)
from domain.event import Command, Refusal
from domain.jurisdiction import Agencies
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
from tests.domain.board import Board, Desk
from tests.domain.facts import CITY_HOUSING, HOUSING, KINDS, PETITION, PROVINCE_HOUSING, RECEIVED, sealed
from tests.domain.facts_review import LADDER, TABLE

AGENCIES = Agencies(LADDER)
STAGES = {
    CITY_HOUSING: (ReviewStage.REVIEW, HOUSING),
    PROVINCE_HOUSING: (ReviewStage.REREVIEW, CITY_HOUSING),
}


class ReviewBoard(Board):
    """One petition that the bureau has accepted, and the three who may have to do with it from then on."""

    def __init__(self, clock_errors: tuple[timedelta, ...]) -> None:
        kinds = {name: KINDS[name] for name in (HOUSING, CITY_HOUSING, PROVINCE_HOUSING)}
        opening = (
            RegisterPetition(petition_id=PETITION, agency=HOUSING, agency_kind=KINDS[HOUSING], channel=Channel.LETTER),
            ClassifyPetition(category=Category.APPEAL),
            AcceptPetition(route=Route.PETITION_PROCEDURE),
        )
        super().__init__(kinds, AGENCIES, clock_errors, HOUSING, opening)

    def possible(self) -> list[tuple[str, Command]]:
        """Every command that some agency could carry out now."""
        return [
            (name, command)
            for name, desk in self.desks.items()
            for command in (_HANDLING if name == HOUSING else self._reviewing(desk))
            if not isinstance(self.decided(desk, command), Refusal)
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
