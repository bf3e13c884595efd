"""Review (复查) and re-review (复核): the petitioner asks the next agency above, which takes it up or does not.

Arts. 35 and 36(1). A window starts only at proved receipt, so without a proof nobody is too late. How the file gets
there stands in `review_file`, and what the reviewer decides in `review_opinion`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from domain.calendar import civil_date
from domain.case.agreement import HEARING_OPEN
from domain.case.chapter import (
    REACHES_ACCUSED,
    Chapter,
    Decider,
    Moment,
    Reception,
    before,
    frame,
    reaches_accused,
)
from domain.case.review_refusals import (
    ALREADY_REVIEWED,
    FILE_NOT_THERE,
    HANDLED_HERE,
    NOT_YET_REVIEWED,
    OPINION_IN_FILE,
    SUPERIOR_UNKNOWN,
    WINDOW_NOT_LAPSED,
    not_the_next_higher,
)
from domain.case.state import FINISHED, HOLDING, LASTING, Case, Phase, RecordId, Review
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed
from domain.jurisdiction import Agencies
from domain.vocabulary import AgencyKind, Provenance, ReviewRefusal, ReviewStage

WINDOWS: Mapping[ReviewStage, str] = MappingProxyType({ReviewStage.REVIEW: "D12", ReviewStage.REREVIEW: "D14"})
"""The row of the duty table that is the petitioner's window for asking."""

# --- events -----------------------------------------------------------------------------------------------------------


class ReviewRequested(Event):
    """The petitioner asked this agency to review the opinion of the one below it, Art. 35 or 36(1); its days run."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewRequested"
    stage: ReviewStage
    of_agency: AgencyId
    to_agency: AgencyId
    agency_kind: AgencyKind
    first_received_time: AwareDatetime


class ReviewDeclined(Event):
    """The request was not taken up, for a reason that the file proves, Arts. 35 and 36(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewDeclined"
    stage: ReviewStage
    to_agency: AgencyId
    reason: ReviewRefusal
    explanation: Sealed


class ReviewDeclineReceived(Event):
    """The agency whose opinion was asked about learnt that it is not reviewed, Arts. 35 and 36(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewDeclineReceived"
    stage: ReviewStage
    from_agency: AgencyId
    reason: ReviewRefusal
    cause: RecordId


# --- evolve -----------------------------------------------------------------------------------------------------------


def _requested(case: Case | None, event: ReviewRequested) -> Case:
    begun = Case(
        event.petition_id,
        event.agency,
        event.agency_kind,
        first_received_time=event.first_received_time,
        received_time=event.occurred_time,
        phase=Phase.REVIEWING,
        review=Review(
            event.stage,
            event.of_agency,
            event.of_agency,
            requested_time=event.occurred_time,
            reviewed_time=_reviewed_time(case, event) if case else None,
        ),
    )
    if case is None:
        return begun
    return replace(
        begun,
        channel=case.channel,
        category=case.category,
        accused_agencies=case.accused_agencies,
        materials=case.materials,
        **{name: getattr(case, name) for name in LASTING},
        # A hand-off that is not settled stays known: its report or its ruling may still come.
        earlier=tuple(held for held in case.holdings if held.incoming or held.outgoing),
    )


def _reviewed_time(case: Case, event: ReviewRequested) -> datetime | None:
    """When the opinion was issued, by its agency's own clock, that was last reviewed here."""
    review = case.review
    if review is None or (review.stage, review.of_agency) != (event.stage, event.of_agency):
        return None
    return review.reviewed_time if review.result is None else review.opinion_time


def _decline_received(case: Case, event: ReviewDeclineReceived) -> dict[str, Any]:
    if case.phase is not Phase.UNDER_REVIEW or case.reviewer != event.from_agency:
        return {}
    return {"reviewer": None, "phase": Phase.REVIEW_SERVED if case.review else Phase.SERVED}


# --- commands ---------------------------------------------------------------------------------------------------------


class RequestReview(Command):
    """Take in the petitioner's request for review, Art. 35, or re-review, Art. 36(1).

    `first_received_time` stands on the opinion that the petitioner shows; by it the law in force is known.
    """

    petition_id: UUID
    agency: AgencyId
    agency_kind: AgencyKind
    stage: ReviewStage
    of_agency: AgencyId
    first_received_time: AwareDatetime


class DeclineReview(Command):
    """Do not take the request up, for a reason that the file proves, Arts. 35 and 36(1)."""

    reason: ReviewRefusal
    explanation: Sealed


# --- decide -----------------------------------------------------------------------------------------------------------


def superior_problem(
    of_agency: str, reviewer: str, time: datetime, agencies: Agencies, *, may_be_unknown: bool
) -> Refusal | None:
    """Find out whether the reviewer is not the next agency above; older records may name one that nobody declared."""
    superior = agencies.next_higher(of_agency, civil_date(time))
    if superior is None:
        return None if may_be_unknown else SUPERIOR_UNKNOWN
    return None if superior == reviewer else not_the_next_higher(superior)


def _request(case: Case | None, command: RequestReview, time: datetime, moment: Moment) -> Decision:
    if time < command.first_received_time or (case is not None and time < case.received_time):
        return before("occurred_time", "receipt", "收到之日")
    is_old = command.provenance is not Provenance.RECORDED
    if problem := superior_problem(command.of_agency, command.agency, time, moment.agencies, may_be_unknown=is_old):
        return problem
    if case is not None and reaches_accused(case, command.of_agency, moment.agencies):
        return REACHES_ACCUSED
    if case is not None and _has_own_work(case):
        return HANDLED_HERE
    if case is not None and _has_review(case, command):
        return ALREADY_REVIEWED
    fields = command.model_dump(exclude={"occurred_time"})
    return (ReviewRequested(**fields, occurred_time=time, to_agency=command.of_agency),)


def _has_own_work(case: Case) -> bool:
    """Tell whether the agency handles the petition, or has to rule where it goes."""
    has_to_rule = case.outgoing is not None and case.outgoing.objection_open
    return has_to_rule or (case.review is None and case.phase in _HANDLING_ITSELF)


_HANDLING_ITSELF = HOLDING | FINISHED - {Phase.NOT_ACCEPTED} | {Phase.DIVERTED}
"""Where the agency works on the petition, or gave the answer, itself: another's opinion on it is then not in force."""


def _has_review(case: Case, command: RequestReview) -> bool:
    """Tell whether a review runs here, or one was made here that nobody above has asked about since."""
    if case.phase in (Phase.REVIEWING, Phase.REVIEW_ISSUED, Phase.ENDED):
        return True
    review = case.review if case.phase is Phase.REVIEW_SERVED else None
    return bool(review and review.stands and review.of_agency == command.of_agency)


def _decline(case: Case, command: DeclineReview, time: datetime, moment: Moment) -> Decision:
    review = case.review
    assert review is not None
    if not review.has_file:
        return FILE_NOT_THERE
    if case.hearing_opened_time is not None:
        return HEARING_OPEN
    if reaches_accused(case, review.of_agency, moment.agencies):
        return REACHES_ACCUSED
    is_proved, otherwise = _PROOFS[command.reason]
    if not is_proved(case, review, moment):
        return otherwise
    return (
        ReviewDeclined(
            **frame(case, command, time),
            stage=review.stage,
            to_agency=review.of_agency,
            reason=command.reason,
            explanation=command.explanation,
        ),
    )


def _is_lapsed(case: Case, review: Review, moment: Moment) -> bool:
    rule = moment.law.rule(WINDOWS[review.stage], case.first_received_time)
    if rule is None or review.served_time is None:
        return False
    return review.requested_time >= moment.law.due_of(rule, review.served_time).due_time


def _without_opinion(_case: Case, review: Review, _moment: Moment) -> bool:
    return review.opinion_time is None and review.stage is ReviewStage.REVIEW


def _without_review(_case: Case, review: Review, _moment: Moment) -> bool:
    return review.opinion_time is None and review.stage is ReviewStage.REREVIEW


def _is_reviewed(_case: Case, review: Review, _moment: Moment) -> bool:
    return review.is_repeated


_PROOFS = {
    ReviewRefusal.WINDOW_LAPSED: (_is_lapsed, WINDOW_NOT_LAPSED),
    ReviewRefusal.NO_OPINION_SERVED: (_without_opinion, OPINION_IN_FILE),
    ReviewRefusal.NO_REVIEW_YET: (_without_review, OPINION_IN_FILE),
    ReviewRefusal.ALREADY_REVIEWED: (_is_reviewed, NOT_YET_REVIEWED),
}
"""For each reason, what the file has to show for it, and what is said where it does not."""

CHAPTER = Chapter(
    begin={ReviewRequested: _requested},
    evolve={
        ReviewDeclined: lambda *_: {"phase": Phase.REVIEW_DECLINED},
        ReviewDeclineReceived: _decline_received,
    },
    decide={
        RequestReview: Decider(None, _request),
        DeclineReview: Decider(frozenset({Phase.REVIEWING}), _decline),
    },
    receive={
        ReviewDeclined: Reception(
            lambda sent, frame, *_: ReviewDeclineReceived(
                **frame, stage=sent.stage, from_agency=sent.agency, reason=sent.reason
            )
        ),
    },
)
