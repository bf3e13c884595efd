"""Facts of review and re-review for stories: the city's housing authority is above the bureau, the province's above it.

The bureau's opinion is issued on 3 April 2023 and reaches the petitioner on Tuesday 4 April, so the window for review
is open to the end of 4 May; the city's is issued on 20 April and served on the 24th.
"""

from datetime import datetime
from typing import Any

from domain.case import (
    CaseFileReceived,
    ReviewDeclined,
    ReviewDeclineReceived,
    ReviewOpened,
    ReviewOpinionIssued,
    ReviewOpinionServed,
    ReviewRequested,
    ReviewResultConfirmed,
    ReviewResultReceived,
)
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import Category, Outcome, ReviewRefusal, ReviewResult, ReviewStage, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    CITY_HOUSING,
    HOUSING,
    KINDS,
    PETITION,
    PROVINCE_HOUSING,
    RECEIVED,
    accepted,
    on,
    opinion_issued,
    opinion_served,
    sealed,
)
from tests.domain.story import case

ISSUED, SERVED = on("2023-04-03"), on("2023-04-04")
ASKED, OPENED = on("2023-04-10"), on("2023-04-11")
REVIEW_ISSUED, REVIEW_SERVED = on("2023-04-20"), on("2023-04-24")
ASKED_AGAIN, OPENED_AGAIN = on("2023-05-08"), on("2023-05-09")
END = on("2023-06-05")
TABLE = ("Property Management Regulations, Art. 35",)
LADDER = (
    Agency(HOUSING, KINDS[HOUSING], superior=CITY_HOUSING),
    Agency(CITY_HOUSING, KINDS[CITY_HOUSING], superior=PROVINCE_HOUSING),
    Agency(PROVINCE_HOUSING, KINDS[PROVINCE_HOUSING]),
)

town = case.among(*LADDER)
"""A story where the directory says who stands above whom."""


def _build(event: type[Any], agency: str, time: datetime, fields: dict[str, Any], changes: dict[str, Any]) -> Any:
    frame = {"petition_id": PETITION, "agency": agency, "occurred_time": time}
    return event(**(frame | fields | changes))


def requested(**changes: Any) -> ReviewRequested:
    fields = {
        "stage": ReviewStage.REVIEW,
        "of_agency": HOUSING,
        "to_agency": HOUSING,
        "agency_kind": KINDS[CITY_HOUSING],
        "first_received_time": RECEIVED,
    }
    event: ReviewRequested = _build(ReviewRequested, CITY_HOUSING, ASKED, fields, changes)
    return event


def requested_again(**changes: Any) -> ReviewRequested:
    """The request for re-review, at the province."""
    rereview: dict[str, Any] = {"agency": PROVINCE_HOUSING, "occurred_time": ASKED_AGAIN}
    rereview |= {"stage": ReviewStage.REREVIEW, "of_agency": CITY_HOUSING, "to_agency": CITY_HOUSING}
    return requested(**rereview | changes)


_FILE: dict[str, Any] = {
    "stage": ReviewStage.REVIEW,
    "handler": HOUSING,
    "first_received_time": RECEIVED,
    "category": Category.APPEAL,
    "outcome": Outcome.NOT_SUPPORT,
    "opinion_time": ISSUED,
    "served_time": SERVED,
}
_FILE_AGAIN: dict[str, Any] = _FILE | {
    "stage": ReviewStage.REREVIEW,
    "opinion_time": REVIEW_ISSUED,
    "served_time": REVIEW_SERVED,
}
NO_OPINION = {"outcome": None, "opinion_time": None, "served_time": None}


def opened(**changes: Any) -> ReviewOpened:
    fields = _FILE | {"to_agency": CITY_HOUSING, "requested_time": ASKED, "cause": "sender:1"}
    event: ReviewOpened = _build(ReviewOpened, HOUSING, OPENED, fields, changes)
    return event


def opened_again(**changes: Any) -> ReviewOpened:
    """The city's answer to the province."""
    fields = _FILE_AGAIN | {"to_agency": PROVINCE_HOUSING, "requested_time": ASKED_AGAIN, "cause": "sender:4"}
    event: ReviewOpened = _build(ReviewOpened, CITY_HOUSING, OPENED_AGAIN, fields, changes)
    return event


def file_received(**changes: Any) -> CaseFileReceived:
    fields = _FILE | {"from_agency": HOUSING, "cause": "sender:1"}
    event: CaseFileReceived = _build(CaseFileReceived, CITY_HOUSING, OPENED, fields, changes)
    return event


def file_received_again(**changes: Any) -> CaseFileReceived:
    """The city's file, at the province."""
    fields = _FILE_AGAIN | {"from_agency": CITY_HOUSING, "cause": "sender:1"}
    event: CaseFileReceived = _build(CaseFileReceived, PROVINCE_HOUSING, OPENED_AGAIN, fields, changes)
    return event


def declined(**changes: Any) -> ReviewDeclined:
    fields = {
        "stage": ReviewStage.REVIEW,
        "to_agency": HOUSING,
        "reason": ReviewRefusal.WINDOW_LAPSED,
        "explanation": sealed(),
    }
    event: ReviewDeclined = _build(ReviewDeclined, CITY_HOUSING, REVIEW_ISSUED, fields, changes)
    return event


def decline_received(**changes: Any) -> ReviewDeclineReceived:
    fields = {
        "stage": ReviewStage.REVIEW,
        "from_agency": CITY_HOUSING,
        "reason": ReviewRefusal.WINDOW_LAPSED,
        "cause": "sender:2",
    }
    event: ReviewDeclineReceived = _build(ReviewDeclineReceived, HOUSING, REVIEW_SERVED, fields, changes)
    return event


def review_issued(result: ReviewResult = ReviewResult.UPHOLD, **changes: Any) -> ReviewOpinionIssued:
    fields = {
        "stage": ReviewStage.REVIEW,
        "to_agency": HOUSING,
        "result": result,
        "legal_bases": TABLE,
        "facts": sealed("facts"),
        "opinion": sealed("opinion"),
    }
    event: ReviewOpinionIssued = _build(ReviewOpinionIssued, CITY_HOUSING, REVIEW_ISSUED, fields, changes)
    return event


def review_served(result: ReviewResult = ReviewResult.UPHOLD, **changes: Any) -> ReviewOpinionServed:
    fields = {
        "stage": ReviewStage.REVIEW,
        "result": result,
        "method": ServiceMethod.POST,
        "proof": "post-office:RR456",
    }
    event: ReviewOpinionServed = _build(ReviewOpinionServed, CITY_HOUSING, REVIEW_SERVED, fields, changes)
    return event


def result_received(result: ReviewResult = ReviewResult.UPHOLD, **changes: Any) -> ReviewResultReceived:
    fields = {
        "stage": ReviewStage.REVIEW,
        "to_agency": CITY_HOUSING,
        "result": result,
        "issued_time": REVIEW_ISSUED,
        "cause": "sender:2",
    }
    event: ReviewResultReceived = _build(ReviewResultReceived, HOUSING, REVIEW_SERVED, fields, changes)
    return event


def result_confirmed(**changes: Any) -> ReviewResultConfirmed:
    fields = {"stage": ReviewStage.REVIEW, "received_time": REVIEW_SERVED, "cause": "sender:3"}
    event: ReviewResultConfirmed = _build(ReviewResultConfirmed, CITY_HOUSING, END, fields, changes)
    return event


AFTER_OPINION: tuple[Event, ...] = (
    *AT_HOUSING,
    accepted(),
    opinion_issued(time=ISSUED, outcome=Outcome.NOT_SUPPORT),
    opinion_served(time=SERVED),
)
"""The bureau's case: it did not support the petition, and the petitioner has the opinion."""

UNDER_REVIEW = (*AFTER_OPINION, opened())
REVIEWING = (requested(), file_received())
AFTER_REVIEW = (*REVIEWING, review_issued(), review_served())
"""The city's case: it reviewed and upheld, and the petitioner has its opinion."""

REREVIEWING = (requested_again(), file_received_again())
