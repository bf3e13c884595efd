"""The file goes up to the reviewer, truthfully, and to nobody else, Arts. 35 and 36(1)."""

from typing import Any

import pytest

from domain.case import Phase
from domain.event import Event
from domain.vocabulary import ReviewResult, ReviewStage
from tests.domain.facts import (
    CITY_HOUSING,
    HOUSING,
    LABOUR,
    PROVINCE_HOUSING,
    accepted,
    handoff_received,
    registered,
)
from tests.domain.facts_review import (
    AFTER_OPINION,
    AFTER_REVIEW,
    NO_OPINION,
    OPENED,
    OPENED_AGAIN,
    REVIEWING,
    SERVED,
    UNDER_REVIEW,
    file_received,
    opened,
    opened_again,
    requested,
    requested_again,
    review_issued,
    town,
)
from tests.domain.story import case


def test_art_35_the_handler_opens_its_file_to_the_reviewer() -> None:
    story = town.given(*AFTER_OPINION).at(OPENED)
    story.when_arrives(requested(), agency=HOUSING).then(opened())
    under_review = story.given(opened()).case
    assert under_review is not None
    assert (under_review.phase, under_review.reviewer) == (Phase.UNDER_REVIEW, CITY_HOUSING)


def test_art_36_1_the_reviewer_opens_its_own_opinion_to_the_rereviewer() -> None:
    story = town.given(*AFTER_REVIEW).at(OPENED_AGAIN)
    story.when_arrives(requested_again(), agency=CITY_HOUSING, cause="sender:4").then(opened_again())
    under_review = story.given(opened_again()).case
    assert under_review is not None
    assert (under_review.phase, under_review.reviewer) == (Phase.UNDER_REVIEW, PROVINCE_HOUSING)


def test_art_35_the_file_arrives_with_the_materials_and_the_proof() -> None:
    story = town.given(requested()).at(OPENED)
    story.when_arrives(opened(), agency=CITY_HOUSING).then(file_received())
    reviewing = story.given(file_received()).case
    assert reviewing is not None
    assert reviewing.review is not None
    assert (reviewing.phase, reviewing.review.has_file, reviewing.review.served_time) == (Phase.REVIEWING, True, SERVED)


@pytest.mark.parametrize(
    ("past", "said"),
    [
        ((handoff_received(),), NO_OPINION),
        ((handoff_received(), accepted()), NO_OPINION),
        (AFTER_OPINION[:-1], {"served_time": None}),
    ],
)
def test_art_35_where_no_opinion_was_served_the_handler_says_so_and_goes_on(
    past: tuple[Event, ...], said: dict[str, Any]
) -> None:
    story = town.given(*past).at(OPENED)
    story.when_arrives(requested(), agency=HOUSING).then(opened(**said))
    before, after = story.case, story.given(opened(**said)).case
    assert before is not None
    assert after is not None
    assert after.phase is before.phase


@pytest.mark.parametrize("past", [REVIEWING, (*REVIEWING, review_issued(ReviewResult.REVOKE))])
def test_art_36_1_a_review_without_an_opinion_that_stands_is_answered_so(past: tuple[Event, ...]) -> None:
    story = town.given(*past).at(OPENED_AGAIN)
    story.when_arrives(requested_again(), agency=CITY_HOUSING, cause="sender:4").then(opened_again(**NO_OPINION))


def test_arts_35_and_36_whoever_asks_for_the_other_kind_of_review_finds_no_opinion() -> None:
    wrong = requested(stage=ReviewStage.REREVIEW)
    answer = opened(**NO_OPINION, stage=ReviewStage.REREVIEW)
    town.given(*AFTER_OPINION).at(OPENED).when_arrives(wrong, agency=HOUSING).then(answer)


def test_art_35_nobody_but_the_next_agency_above_is_given_the_file() -> None:
    story = town.given(*AFTER_OPINION).at(OPENED)
    for stranger in (LABOUR, PROVINCE_HOUSING):
        story.when_arrives(requested(agency=stranger), agency=HOUSING).then_refused("NOT_THE_NEXT_HIGHER")
    case.given(*AFTER_OPINION).when_arrives(requested(), agency=HOUSING).then_refused("SUPERIOR_UNKNOWN")


def test_art_30_3_the_file_never_goes_up_to_the_accused() -> None:
    accused = (handoff_received(accused_agencies=(PROVINCE_HOUSING,)), *AFTER_OPINION[1:])
    story = town.given(*accused).at(OPENED)
    # The city's authority is under the accused one.
    story.when_arrives(requested(), agency=HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")
    sent = opened(accused_agencies=(PROVINCE_HOUSING,))
    arriving = town.given(requested()).at(OPENED)
    arriving.when_arrives(sent, agency=CITY_HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_a_request_and_a_file_that_come_again_change_nothing() -> None:
    town.given(*UNDER_REVIEW).when_arrives(requested(), agency=HOUSING, cause="sender:1").then()
    town.given(*REVIEWING).when_arrives(opened(), agency=CITY_HOUSING, cause="sender:1").then()


def test_a_request_about_a_petition_that_the_agency_never_had_is_kept_for_an_operator() -> None:
    town.when_arrives(requested(), agency=HOUSING).then_refused("CASE_UNKNOWN")


def test_a_file_that_nobody_asked_for_is_not_taken_in() -> None:
    town.given(registered(CITY_HOUSING)).when_arrives(opened(), agency=CITY_HOUSING).then_refused("HANDOFF_UNKNOWN")
