"""The file (案卷) goes up to the reviewer: the agency below answers a request for review with all that it has.

Arts. 35 and 36(1). The answer is truthful whatever it says: an opinion that does not stand, or whose service nobody
proved, is not named as if it did. Only the next agency above is ever given a file, and never the accused.
"""

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import AwareDatetime

from domain.case.chapter import REACHES_ACCUSED, Arrival, Chapter, Reception, is_history, reaches_accused
from domain.case.review import ReviewRequested, superior_problem
from domain.case.state import Case, Materials, Phase, RecordId
from domain.event import AgencyId, Event, Refusal
from domain.vocabulary import Category, Outcome, Provenance, ReviewStage

# --- events -----------------------------------------------------------------------------------------------------------


class ReviewOpened(Event):
    """The agency whose opinion is asked about learnt of it and sends the file, Arts. 35 and 36(1).

    It says which opinion of its own stands and when that reached the petitioner; nothing, where there is none.
    `handler` is the agency that handled the matter itself. `requested_time` is when the petitioner asked: that keeps
    the thirty days, however long the request was on its way to here.
    """

    type_name: ClassVar[str] = "lianxi.case.v1.ReviewOpened"
    stage: ReviewStage
    to_agency: AgencyId
    requested_time: AwareDatetime | None = None
    handler: AgencyId
    first_received_time: AwareDatetime
    category: Category | None = None
    accused_agencies: tuple[AgencyId, ...] = ()
    outcome: Outcome | None = None
    opinion_time: AwareDatetime | None = None
    served_time: AwareDatetime | None = None
    materials: Materials = Materials()
    cause: RecordId


class CaseFileReceived(Event):
    """The file arrived at the reviewer, with the materials, Arts. 35 and 36(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.CaseFileReceived"
    stage: ReviewStage
    from_agency: AgencyId
    handler: AgencyId
    first_received_time: AwareDatetime
    category: Category | None = None
    accused_agencies: tuple[AgencyId, ...] = ()
    outcome: Outcome | None = None
    opinion_time: AwareDatetime | None = None
    served_time: AwareDatetime | None = None
    materials: Materials = Materials()
    cause: RecordId


_ON_FILE = frozenset(ReviewOpened.model_fields) & frozenset(CaseFileReceived.model_fields) - frozenset(
    {"cause", *Event.model_fields}
)
_OF_OPINION = ("outcome", "opinion_time", "served_time")

# --- evolve -----------------------------------------------------------------------------------------------------------


def _opened(case: Case, event: ReviewOpened) -> dict[str, Any]:
    is_served = event.served_time is not None and case.phase in (Phase.SERVED, Phase.REVIEW_SERVED)
    return {"reviewer": event.to_agency, "phase": Phase.UNDER_REVIEW if is_served else case.phase}


def _arrived(case: Case, event: CaseFileReceived) -> dict[str, Any]:
    if case.review is None or not _is_awaited(case, event.from_agency, event.stage):
        # The petition itself was handed to this agency meanwhile: it handles, and there is no opinion to review.
        return {}
    opinion = {name: getattr(event, name) for name in _OF_OPINION}
    return {
        "first_received_time": event.first_received_time,
        "category": event.category,
        "accused_agencies": event.accused_agencies,
        "materials": event.materials,
        "review": replace(case.review, handler=event.handler, has_file=True, **opinion),
    }


# --- receive ----------------------------------------------------------------------------------------------------------


def _sender_problem(case: Case, sent: ReviewRequested, arrival: Arrival) -> Refusal | None:
    is_old = sent.provenance is not Provenance.RECORDED and is_history(sent.occurred_time, arrival.history_before)
    if problem := superior_problem(
        case.agency, sent.agency, sent.occurred_time, arrival.agencies, may_be_unknown=is_old
    ):
        return problem
    return REACHES_ACCUSED if reaches_accused(case, sent.agency, arrival.agencies) else None


def _has_opinion(case: Case, stage: ReviewStage) -> bool:
    """Tell whether an opinion of the kind asked about stands here: of handling for a review, of review for another."""
    if stage is ReviewStage.REVIEW:
        return case.review is None
    return case.review is not None and case.review.stage is ReviewStage.REVIEW and case.review.stands


def _open(sent: ReviewRequested, frame: dict[str, Any], _arrival: Arrival, case: Case) -> Event:
    known = _OF_OPINION if _has_opinion(case, sent.stage) else ()
    return ReviewOpened(
        **frame | {name: getattr(case, name) for name in known},
        stage=sent.stage,
        to_agency=sent.agency,
        requested_time=sent.occurred_time,
        handler=case.review.handler if case.review else case.agency,
        first_received_time=case.first_received_time,
        category=case.category,
        accused_agencies=case.accused_agencies,
        materials=case.materials,
    )


def _take_file(sent: ReviewOpened, frame: dict[str, Any], *_: Any) -> Event:
    return CaseFileReceived(**frame, from_agency=sent.agency, **{name: getattr(sent, name) for name in _ON_FILE})


def _is_expected(case: Case, sent: ReviewOpened) -> bool:
    """Tell whether the file was asked for: by the review that runs, or by one that a hand-off made idle."""
    return bool(case.incoming or case.outgoing) or _is_awaited(case, sent.agency, sent.stage)


def _is_awaited(case: Case, from_agency: str, stage: ReviewStage) -> bool:
    review = case.review
    return review is not None and (review.of_agency, review.stage) == (from_agency, stage)


CHAPTER = Chapter(
    evolve={ReviewOpened: _opened, CaseFileReceived: _arrived},
    receive={
        ReviewRequested: Reception(_open, problem=_sender_problem),
        ReviewOpened: Reception(_take_file, stands=_is_expected),
    },
)
