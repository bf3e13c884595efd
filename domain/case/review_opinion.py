"""The opinion of review and re-review: it upholds, changes or revokes, it is served, and the handler acts on it.

Arts. 35 and 36. The Regulations speak only of the opinion; its three results are practice. A revoked opinion sends the
matter back to its handler, who handles it anew; an opinion of re-review that does not is final, Art. 36(3).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime

from domain.case.agreement import HEARING_OPEN
from domain.case.chapter import (
    REACHES_ACCUSED,
    Arrival,
    Chapter,
    Decider,
    Moment,
    Reception,
    before,
    frame,
    is_history,
    reaches_accused,
)
from domain.case.review_refusals import (
    ALREADY_REVIEWED,
    FILE_NOT_THERE,
    NO_OPINION_TO_REVIEW,
    NOT_A_REVIEWER,
    REVIEW_OUTCOME_MISMATCH,
    REVIEW_WITHOUT_BASIS,
)
from domain.case.state import Case, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, LegalBases, Reference, Refusal, Sealed
from domain.vocabulary import Outcome, Provenance, ReviewResult, ReviewStage, ServiceMethod

# --- events -----------------------------------------------------------------------------------------------------------


class ReviewOpinionIssued(Event):
    """The written opinion of the reviewer, Art. 35, or re-reviewer, Art. 36(1); `to_agency` is the handler."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewOpinionIssued"
    stage: ReviewStage
    to_agency: AgencyId
    result: ReviewResult
    outcome: Outcome | None = None
    legal_bases: LegalBases
    facts: Sealed
    opinion: Sealed


class ReviewOpinionServed(Event):
    """It reached the petitioner, with proof: the thirty days of Art. 36(1) run, or the road ends, Art. 36(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewOpinionServed"
    stage: ReviewStage
    result: ReviewResult
    method: ServiceMethod
    proof: Reference


class ReviewResultReceived(Event):
    """The handler learnt what became of its opinion, Arts. 35 and 36; a revoked one is handled anew from here on."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewResultReceived"
    stage: ReviewStage
    to_agency: AgencyId
    result: ReviewResult
    outcome: Outcome | None = None
    issued_time: AwareDatetime
    cause: RecordId


class ReviewResultConfirmed(Event):
    """The reviewer learnt that its opinion arrived at the handler, Arts. 35 and 36."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewResultConfirmed"
    stage: ReviewStage
    received_time: AwareDatetime
    cause: RecordId


# --- evolve -----------------------------------------------------------------------------------------------------------


def _issued(case: Case, event: ReviewOpinionIssued) -> dict[str, Any]:
    assert case.review is not None
    return {
        "phase": Phase.REVIEW_ISSUED,
        "review": replace(case.review, result=event.result),
        "outcome": case.review.outcome if event.result is ReviewResult.UPHOLD else event.outcome,
        "opinion_time": event.occurred_time,
    }


def _served(_case: Case, event: ReviewOpinionServed) -> dict[str, Any]:
    if event.result is ReviewResult.REVOKE:
        # The matter is with its handler again: there is nothing to ask about until it has given another opinion.
        return {"phase": Phase.REVIEW_SERVED}
    is_final = event.stage is ReviewStage.REREVIEW
    return {"phase": Phase.ENDED if is_final else Phase.REVIEW_SERVED, "served_time": event.occurred_time}


def _resulted(case: Case, event: ReviewResultReceived) -> dict[str, Any]:
    if event.stage is ReviewStage.REVIEW and case.reviewer not in (None, event.to_agency):
        # The re-reviewer's word came first, and stands above this one.
        return {}
    changes: dict[str, Any] = {"reviewer": event.to_agency}
    if event.result is ReviewResult.CHANGE:
        changes |= {"outcome": event.outcome, "awaits_execution": event.outcome is Outcome.SUPPORT}
    elif event.result is ReviewResult.REVOKE and case.phase in _WITH_OPINION:
        changes |= dict.fromkeys(("outcome", "opinion_time", "served_time"))
        changes |= {"phase": Phase.ACCEPTED, "awaits_execution": False}
        if case.phase is not Phase.OPINION_ISSUED:
            # With service the sixty days were over; those of an opinion that nobody served run on.
            changes |= {"accepted_time": event.occurred_time, "extended_days": 0, "is_redone": True}
    return changes


_WITH_OPINION = frozenset({Phase.OPINION_ISSUED, Phase.SERVED, Phase.UNDER_REVIEW})

# --- commands ---------------------------------------------------------------------------------------------------------


class IssueReviewOpinion(Command):
    """Issue the written opinion of review, Art. 35, or re-review, Art. 36; one that changes says its own outcome."""

    result: ReviewResult
    outcome: Outcome | None = None
    legal_bases: LegalBases = ()
    facts: Sealed
    opinion: Sealed


class ServeReviewOpinion(Command):
    """Record that the opinion of review or re-review was served, how, and where the proof is kept, Arts. 35 and 36."""

    method: ServiceMethod
    proof: Reference


# --- decide -----------------------------------------------------------------------------------------------------------


def _issue(case: Case, command: IssueReviewOpinion, time: datetime, moment: Moment) -> Decision:
    review = case.review
    assert review is not None
    if problem := _issue_problem(case, command, moment):
        return problem
    return (
        ReviewOpinionIssued(
            **frame(case, command, time),
            stage=review.stage,
            to_agency=review.handler,
            result=command.result,
            outcome=command.outcome,
            legal_bases=command.legal_bases,
            facts=command.facts,
            opinion=command.opinion,
        ),
    )


def _issue_problem(case: Case, command: IssueReviewOpinion, moment: Moment) -> Refusal | None:
    assert case.review is not None
    for refusal, is_so in (
        (FILE_NOT_THERE, not case.review.has_file),
        (NO_OPINION_TO_REVIEW, case.review.opinion_time is None),
        (ALREADY_REVIEWED, case.review.is_repeated),
        (HEARING_OPEN, case.hearing_opened_time is not None),
        (REVIEW_WITHOUT_BASIS, not command.legal_bases),
        (REVIEW_OUTCOME_MISMATCH, (command.result is ReviewResult.CHANGE) != (command.outcome is not None)),
        (REACHES_ACCUSED, reaches_accused(case, case.review.handler, moment.agencies)),
    ):
        if is_so:
            return refusal
    return None


def _serve(case: Case, command: ServeReviewOpinion, time: datetime, _moment: Moment) -> Decision:
    assert case.review is not None
    assert case.review.result is not None
    if case.opinion_time and time < case.opinion_time:
        return before("occurred_time", "the opinion", "出具意见之日")
    return (
        ReviewOpinionServed(
            **frame(case, command, time),
            stage=case.review.stage,
            result=case.review.result,
            method=command.method,
            proof=command.proof,
        ),
    )


# --- receive ----------------------------------------------------------------------------------------------------------


def _sender_problem(case: Case, sent: ReviewOpinionIssued, arrival: Arrival) -> Refusal | None:
    is_above = sent.agency == case.reviewer or arrival.agencies.is_under(case.agency, sent.agency)
    is_old = sent.provenance is not Provenance.RECORDED and is_history(sent.occurred_time, arrival.history_before)
    return None if is_above or is_old else NOT_A_REVIEWER


def _learn_result(sent: ReviewOpinionIssued, frame: dict[str, Any], *_: Any) -> Event:
    return ReviewResultReceived(
        **frame,
        stage=sent.stage,
        to_agency=sent.agency,
        result=sent.result,
        outcome=sent.outcome,
        issued_time=sent.occurred_time,
    )


CHAPTER = Chapter(
    evolve={
        ReviewOpinionIssued: _issued,
        ReviewOpinionServed: _served,
        ReviewResultReceived: _resulted,
        ReviewResultConfirmed: lambda *_: {},
    },
    decide={
        IssueReviewOpinion: Decider(frozenset({Phase.REVIEWING}), _issue),
        ServeReviewOpinion: Decider(frozenset({Phase.REVIEW_ISSUED}), _serve),
    },
    receive={
        ReviewOpinionIssued: Reception(_learn_result, problem=_sender_problem),
        ReviewResultReceived: Reception(
            lambda sent, frame, *_: ReviewResultConfirmed(**frame, stage=sent.stage, received_time=sent.occurred_time)
        ),
    },
)
