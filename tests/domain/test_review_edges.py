"""Review and re-review at their edges: equal instants, older records, what the file brings and a revocation undoes."""

from typing import Any

import pytest

from domain.case import (
    DeclineReview,
    HearingOpened,
    IssueReviewOpinion,
    Materials,
    Phase,
    RequestReview,
    ServeReviewOpinion,
)
from domain.event import Event
from domain.vocabulary import Outcome, Provenance, ReviewRefusal, ReviewResult, ReviewStage, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    CITY_HOUSING,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    PETITION,
    RECEIVED,
    accepted,
    extended,
    handed_off,
    handoff_received,
    objection_answered,
    objection_raised,
    objection_received,
    on,
    opinion_issued,
    opinion_served,
    registered,
    sealed,
)
from tests.domain.facts_handling import fact
from tests.domain.facts_review import (
    AFTER_OPINION,
    ASKED,
    END,
    ISSUED,
    NO_OPINION,
    OPENED,
    REVIEW_ISSUED,
    REVIEWING,
    SERVED,
    TABLE,
    file_received,
    opened,
    requested,
    result_received,
    review_issued,
    review_served,
    town,
)
from tests.domain.story import case

REVOKE = ReviewResult.REVOKE
ASK = RequestReview(
    petition_id=PETITION,
    agency=CITY_HOUSING,
    agency_kind=KINDS[CITY_HOUSING],
    stage=ReviewStage.REVIEW,
    of_agency=HOUSING,
    first_received_time=RECEIVED,
)


# --- equal instants -------------------------------------------------------------------------------------------------


def test_art_35_review_may_be_asked_in_the_instant_of_receipt_and_not_before() -> None:
    town.at(RECEIVED).when(ASK).then(requested(occurred_time=RECEIVED))
    known = town.given(registered(CITY_HOUSING, ASKED), handed_off(CITY_HOUSING, HOUSING)).at(END)
    asked = ASK.model_copy(update={"occurred_time": ASKED})
    known.when(asked).then(requested())
    town.at(RECEIVED).when(ASK.model_copy(update={"first_received_time": ASKED})).then_refused("TIME_BEFORE_RECEIPT")


def test_art_35_who_handles_the_petition_itself_has_no_opinion_of_another_to_review() -> None:
    held = handoff_received(CITY_HOUSING, HOUSING)
    for past in ((registered(CITY_HOUSING),), (held,), (held, accepted(CITY_HOUSING))):
        town.given(*past).at(END).when(ASK).then_refused("HANDLED_HERE")


def test_art_35_a_request_that_comes_too_early_leaves_an_objection_to_be_ruled_on() -> None:
    objected = objection_received(agency=CITY_HOUSING)
    handed = (registered(CITY_HOUSING), handed_off(CITY_HOUSING, HOUSING))
    town.given(*handed, objected).at(END).when(ASK).then_refused("HANDLED_HERE")
    story = town.given(*handed, requested(), objected).at(END)
    known = story.case
    assert known is not None
    assert (known.phase, known.review) == (Phase.HANDED_OFF, None)
    assert known.outgoing is not None
    assert known.outgoing.objection_open


def test_art_36_a_request_is_not_declined_while_its_hearing_is_open() -> None:
    declines = DeclineReview(reason=ReviewRefusal.NO_OPINION_SERVED, explanation=sealed())
    heard = fact(HearingOpened, agency=CITY_HOUSING, occurred_time=END)
    town.given(*REVIEWING, heard).at(END).when(declines).then_refused("HEARING_OPEN")


def test_art_35_a_request_for_review_falls_away_when_the_petition_itself_is_handed_to_the_reviewer() -> None:
    handed = handoff_received(CITY_HOUSING, HOUSING, time=ASKED)
    past = (requested(), handed)
    answer = DeclineReview(reason=ReviewRefusal.NO_OPINION_SERVED, explanation=sealed())
    town.given(*past, file_received()).at(END).when(answer).then_refused("WRONG_PHASE")
    town.given(*past).when_arrives(opened(), agency=CITY_HOUSING).then(
        file_received(occurred_time=NOW, cause="sender:1")
    )
    case = town.given(
        *past, objection_raised(agency=CITY_HOUSING), objection_answered(upheld=True, agency=CITY_HOUSING)
    ).case
    assert case is not None
    assert case.phase is Phase.RETURNED


def test_art_35_an_opinion_may_be_served_in_the_instant_in_which_it_is_issued() -> None:
    serve = ServeReviewOpinion(method=ServiceMethod.POST, proof="post-office:RR456", occurred_time=REVIEW_ISSUED)
    story = town.given(*REVIEWING, review_issued()).at(END)
    story.when(serve).then(review_served(occurred_time=REVIEW_ISSUED))


# --- older records --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "code"), [(requested(), "SUPERIOR_UNKNOWN"), (review_issued(), "NOT_A_REVIEWER")])
def test_art_35_only_older_records_are_taken_in_without_a_declared_superior(sent: Any, code: str) -> None:
    imported = sent.model_copy(update={"provenance": Provenance.IMPORTED})
    untold = case.given(*AFTER_OPINION).at(END)
    # Neither a fact of the present from before the agency joined, nor an older record from after it did.
    untold.open_for_history_before(END).when_arrives(sent, agency=HOUSING).then_refused(code)
    untold.open_for_history_before(sent.occurred_time).when_arrives(imported, agency=HOUSING).then_refused(code)
    untold.when_arrives(imported, agency=HOUSING).then_refused(code)


def test_art_35_an_older_request_opens_the_file_though_nobody_declared_the_superior() -> None:
    old = requested(provenance=Provenance.IMPORTED)
    told = case.given(*AFTER_OPINION).at(END).open_for_history_before(END)
    told.when_arrives(old, agency=HOUSING).then(opened(occurred_time=ASKED, provenance=Provenance.SYNTHETIC))


# --- the file -------------------------------------------------------------------------------------------------------


def test_art_35_whoever_answers_that_there_is_no_such_opinion_is_not_under_review() -> None:
    after = town.given(*AFTER_OPINION, opened(**NO_OPINION)).case
    assert after is not None
    assert after.phase is Phase.SERVED


def test_art_35_the_reviewer_knows_what_the_file_says_of_the_petition() -> None:
    materials = Materials(content=sealed("content"))
    brought = {"first_received_time": on("2023-02-01"), "accused_agencies": (LABOUR,), "materials": materials}
    known = town.given(requested(), file_received(**brought)).case
    assert known is not None
    assert {name: getattr(known, name) for name in brought} == brought


# --- the opinion ----------------------------------------------------------------------------------------------------


def test_art_36_2_while_a_hearing_is_open_no_opinion_is_given() -> None:
    hearing = fact(HearingOpened, agency=CITY_HOUSING, time=OPENED)
    command = IssueReviewOpinion(
        result=ReviewResult.UPHOLD, legal_bases=TABLE, facts=sealed("facts"), opinion=sealed("opinion")
    )
    town.given(*REVIEWING, hearing).at(END).when(command).then_refused("HEARING_OPEN")


SUPPORTED = (*AT_HOUSING, accepted(), extended(), opinion_issued(time=ISSUED))


@pytest.mark.parametrize("served", [(), (opinion_served(time=SERVED),)], ids=["issued", "served"])
def test_art_35_a_revocation_undoes_what_the_opinion_began_even_if_no_review_was_opened(
    served: tuple[Event, ...],
) -> None:
    before = town.given(*SUPPORTED, *served).case
    after = town.given(*SUPPORTED, *served, result_received(REVOKE)).case
    assert before is not None
    assert after is not None
    assert (before.awaits_execution, before.extended_days, before.outcome) == (True, 30, Outcome.SUPPORT)
    # The sixty days, which the service ends, are extended still where nobody served the opinion.
    assert (after.awaits_execution, after.extended_days, after.outcome) == (False, 0 if served else 30, None)
    assert (after.phase, after.reviewer) == (Phase.ACCEPTED, CITY_HOUSING)
