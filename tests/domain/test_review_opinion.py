"""The opinions of review and re-review, their service, and what they do to the opinion below, Arts. 35 and 36."""

from datetime import datetime
from typing import Any

import pytest

from domain.case import ExtendHandling, IssueReviewOpinion, Phase, ServeReviewOpinion, UnsealMaterials
from domain.event import Event
from domain.vocabulary import Outcome, Provenance, Purpose, ReviewResult, ReviewStage, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    CITY_HOUSING,
    HOUSING,
    LABOUR,
    NOW,
    PROVINCE_HOUSING,
    accepted,
    extended,
    on,
    opinion_issued,
    sealed,
)
from tests.domain.facts_review import (
    AFTER_OPINION,
    AFTER_REVIEW,
    END,
    ISSUED,
    NO_OPINION,
    OPENED_AGAIN,
    REREVIEWING,
    REVIEW_ISSUED,
    REVIEW_SERVED,
    REVIEWING,
    TABLE,
    UNDER_REVIEW,
    file_received,
    file_received_again,
    opened,
    opened_again,
    requested,
    requested_again,
    result_confirmed,
    result_received,
    review_issued,
    review_served,
    town,
)
from tests.domain.story import case

UPHOLD, CHANGE, REVOKE = ReviewResult.UPHOLD, ReviewResult.CHANGE, ReviewResult.REVOKE
SERVE = ServeReviewOpinion(method=ServiceMethod.POST, proof="post-office:RR456")
REREVIEW: dict[str, Any] = {"agency": PROVINCE_HOUSING, "stage": ReviewStage.REREVIEW}


def issue(result: ReviewResult = UPHOLD, outcome: Outcome | None = None, **changes: Any) -> IssueReviewOpinion:
    fields = {"legal_bases": TABLE, "facts": sealed("facts"), "opinion": sealed("opinion")}
    return IssueReviewOpinion.model_validate({"result": result, "outcome": outcome, **fields, **changes})


# --- the opinion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("result", "outcome"), [(UPHOLD, None), (CHANGE, Outcome.SUPPORT), (REVOKE, None)])
def test_art_35_the_reviewer_upholds_changes_or_revokes(result: ReviewResult, outcome: Outcome | None) -> None:
    story = town.given(*REVIEWING).at(REVIEW_ISSUED)
    story.when(issue(result, outcome)).then(review_issued(result, outcome=outcome))


def test_art_36_1_the_opinion_of_the_rereviewer_goes_to_the_handler() -> None:
    story = town.given(*REREVIEWING).at(OPENED_AGAIN)
    story.when(issue()).then(review_issued(**REREVIEW, occurred_time=OPENED_AGAIN, to_agency=HOUSING))


@pytest.mark.parametrize(
    ("result", "outcome", "stands"),
    [(UPHOLD, None, Outcome.NOT_SUPPORT), (CHANGE, Outcome.EXPLAIN, Outcome.EXPLAIN), (REVOKE, None, None)],
)
def test_the_reviewer_knows_which_outcome_stands_now(
    result: ReviewResult, outcome: Outcome | None, stands: Outcome | None
) -> None:
    after = town.given(*REVIEWING, review_issued(result, outcome=outcome)).case
    assert after is not None
    assert (after.phase, after.outcome) == (Phase.REVIEW_ISSUED, stands)


def test_art_32_1_a_review_opinion_states_its_legal_basis() -> None:
    refusal = town.given(*REVIEWING).at(REVIEW_ISSUED).when(issue(legal_bases=())).then_refused("REVIEW_WITHOUT_BASIS")
    assert "32(1)" in refusal.article


@pytest.mark.parametrize(("result", "outcome"), [(CHANGE, None), (UPHOLD, Outcome.SUPPORT), (REVOKE, Outcome.EXPLAIN)])
def test_art_32_1_only_a_changed_opinion_says_another_outcome(result: ReviewResult, outcome: Outcome | None) -> None:
    story = town.given(*REVIEWING).at(REVIEW_ISSUED)
    story.when(issue(result, outcome)).then_refused("REVIEW_OUTCOME_MISMATCH")


def test_art_35_nothing_is_decided_without_the_file() -> None:
    town.given(requested()).at(REVIEW_ISSUED).when(issue()).then_refused("FILE_NOT_THERE")


def test_art_35_where_no_opinion_was_given_there_is_none_to_review() -> None:
    past = (requested(), file_received(**NO_OPINION))
    town.given(*past).at(REVIEW_ISSUED).when(issue()).then_refused("NO_OPINION_TO_REVIEW")


def test_art_35_the_same_opinion_is_not_reviewed_twice_while_the_rereview_runs() -> None:
    asked_again = (requested(occurred_time=OPENED_AGAIN), file_received(occurred_time=OPENED_AGAIN, cause="sender:7"))
    past = (*AFTER_REVIEW, opened_again(), *asked_again)
    town.given(*past).at(END).when(issue(REVOKE)).then_refused("ALREADY_REVIEWED")


def test_art_36_what_the_rereviewer_revoked_is_not_rereviewed_again() -> None:
    revoked = (*REREVIEWING, review_issued(REVOKE, **REREVIEW, occurred_time=OPENED_AGAIN))
    again = (requested_again(occurred_time=END), file_received_again(occurred_time=END, cause="sender:7"))
    past = (*revoked, review_served(REVOKE, **REREVIEW, occurred_time=OPENED_AGAIN), *again)
    town.given(*past).at(END).when(issue()).then_refused("ALREADY_REVIEWED")


def test_art_35_a_handler_that_cannot_prove_service_does_not_bar_the_petitioner() -> None:
    past = (requested(), file_received(served_time=None))
    town.given(*past).at(REVIEW_ISSUED).when(issue()).then(review_issued())


def test_art_30_3_no_result_goes_to_an_accused_handler() -> None:
    past = (requested(), file_received(accused_agencies=(HOUSING,)))
    town.given(*past).at(REVIEW_ISSUED).when(issue()).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_art_35_the_materials_are_open_to_the_reviewer() -> None:
    look = UnsealMaterials(official="post:reviewer", purpose=Purpose.REVIEW)
    answer = town.given(*REVIEWING).at(REVIEW_ISSUED).when(look).decision
    assert isinstance(answer, tuple)


# --- its service ----------------------------------------------------------------------------------------------------


def test_art_36_1_from_service_the_window_for_rereview_runs() -> None:
    story = town.given(*REVIEWING, review_issued()).at(REVIEW_SERVED)
    story.when(SERVE).then(review_served())
    served = story.given(review_served()).case
    assert served is not None
    assert (served.phase, served.served_time) == (Phase.REVIEW_SERVED, REVIEW_SERVED)


@pytest.mark.parametrize(
    ("result", "phase"), [(UPHOLD, Phase.ENDED), (CHANGE, Phase.ENDED), (REVOKE, Phase.REVIEW_SERVED)]
)
def test_art_36_3_with_the_opinion_of_the_rereview_the_road_ends_unless_it_revokes(
    result: ReviewResult, phase: Phase
) -> None:
    past = (*REREVIEWING, review_issued(result, **REREVIEW, occurred_time=OPENED_AGAIN))
    fact = review_served(result, **REREVIEW, occurred_time=END)
    town.given(*past).at(END).when(SERVE).then(fact)
    after = town.given(*past, fact).case
    assert after is not None
    assert after.phase is phase


def test_art_36_1_a_revoked_opinion_opens_no_window() -> None:
    after = town.given(*REVIEWING, review_issued(REVOKE), review_served(REVOKE)).case
    assert after is not None
    assert after.served_time is None


def test_an_opinion_is_not_served_before_it_is_issued() -> None:
    early = ServeReviewOpinion(method=ServiceMethod.POST, proof="p:1", occurred_time=requested().occurred_time)
    past = (*REVIEWING, review_issued())
    town.given(*past).at(END).when(early).then_refused("TIME_BEFORE_OPINION")
    town.given(*REVIEWING).at(END).when(SERVE).then_refused("WRONG_PHASE")


# --- at the handler -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ReviewResult)
def test_art_35_the_handler_learns_the_result_and_says_so(result: ReviewResult) -> None:
    story = town.given(*UNDER_REVIEW).at(REVIEW_SERVED)
    outcome = Outcome.SUPPORT if result is CHANGE else None
    sent, fact = review_issued(result, outcome=outcome), result_received(result, outcome=outcome)
    story.when_arrives(sent, agency=HOUSING, cause="sender:2").then(fact)
    reviewer = town.given(*REVIEWING, sent).at(END)
    confirmed = result_confirmed()
    reviewer.when_arrives(fact, agency=CITY_HOUSING, cause="sender:3").then(confirmed)
    reviewer.given(confirmed).when_arrives(fact, agency=CITY_HOUSING, cause="sender:3").then()


def state_of(*past: Event) -> tuple[Any, ...]:
    after = town.given(*past).case
    assert after is not None
    return after.phase, after.outcome, after.awaits_execution, after.served_time is not None


def test_art_35_an_upheld_opinion_stays_as_it_is() -> None:
    assert state_of(*UNDER_REVIEW, result_received()) == (Phase.UNDER_REVIEW, Outcome.NOT_SUPPORT, False, True)


@pytest.mark.parametrize(("outcome", "awaits"), [(Outcome.SUPPORT, True), (Outcome.EXPLAIN, False)])
def test_art_32_2_a_change_to_support_is_to_be_executed(outcome: Outcome, awaits: bool) -> None:
    changed = (*UNDER_REVIEW, result_received(CHANGE, outcome=outcome))
    assert state_of(*changed) == (Phase.UNDER_REVIEW, outcome, awaits, True)


def test_art_35_a_revoked_opinion_is_handled_anew_from_the_day_the_handler_learns_it() -> None:
    after = town.given(*UNDER_REVIEW, result_received(REVOKE)).case
    assert after is not None
    assert (after.phase, after.accepted_time, after.extended_days) == (Phase.ACCEPTED, REVIEW_SERVED, 0)
    assert (after.outcome, after.opinion_time, after.served_time) == (None, None, None)


def test_art_36_the_rereviewer_s_word_stands_above_a_review_result_that_comes_late() -> None:
    final = result_received(CHANGE, stage=ReviewStage.REREVIEW, to_agency=PROVINCE_HOUSING, outcome=Outcome.EXPLAIN)
    late = result_received(CHANGE, outcome=Outcome.SUPPORT, cause="sender:9")
    assert state_of(*UNDER_REVIEW, final, late) == (Phase.UNDER_REVIEW, Outcome.EXPLAIN, False, True)


def test_art_36_1_a_revocation_on_rereview_reaches_the_original_handler() -> None:
    story = town.given(*UNDER_REVIEW, result_received(UPHOLD)).at(END)
    sent = review_issued(REVOKE, **REREVIEW, occurred_time=OPENED_AGAIN)
    fact = result_received(
        REVOKE,
        stage=ReviewStage.REREVIEW,
        to_agency=PROVINCE_HOUSING,
        issued_time=OPENED_AGAIN,
        occurred_time=END,
        cause="sender:5",
    )
    story.when_arrives(sent, agency=HOUSING, cause="sender:5").then(fact)
    assert state_of(*story.past, fact)[0] is Phase.ACCEPTED


@pytest.mark.parametrize("past", [AT_HOUSING, (*AT_HOUSING, accepted())])
def test_a_revocation_changes_nothing_where_there_is_no_opinion(past: tuple[Event, ...]) -> None:
    before, after = town.given(*past).case, town.given(*past, result_received(REVOKE)).case
    assert before is not None
    assert after is not None
    assert after.phase is before.phase


def test_art_35_an_opinion_that_was_never_served_can_be_revoked() -> None:
    past = (*AFTER_OPINION[:-1], opened(served_time=None), result_received(REVOKE))
    assert state_of(*past)[0] is Phase.ACCEPTED


def extend_on(time: datetime) -> ExtendHandling:
    return ExtendHandling(days=30, approver="post:head", notified_time=time, reason=sealed("reason"))


def test_art_34_handling_anew_what_was_revoked_has_no_period_that_could_be_extended() -> None:
    story = town.given(*UNDER_REVIEW, result_received(REVOKE)).at(REVIEW_SERVED)
    story.when(extend_on(REVIEW_SERVED)).then_refused("NOTHING_TO_EXTEND")


@pytest.mark.parametrize(("days", "code"), [(0, None), (10, "ALREADY_EXTENDED")])
def test_art_34_the_sixty_days_of_an_opinion_that_was_never_served_run_on_when_it_is_revoked(
    days: int, code: str | None
) -> None:
    before = (*AT_HOUSING, accepted(), *((extended(days=days),) if days else ()), opinion_issued(time=ISSUED))
    story = town.given(*before, opened(served_time=None), result_received(REVOKE)).at(REVIEW_SERVED)
    after = story.case
    assert after is not None
    assert (after.accepted_time, after.extended_days, after.is_redone) == (NOW, days, False)
    answer = story.when(extend_on(REVIEW_SERVED))
    if code:
        answer.then_refused(code)
    else:
        answer.then(extended(REVIEW_SERVED, approver="post:head", due_date=on("2023-06-01").date()))


def test_art_35_the_redone_opinion_takes_the_same_road() -> None:
    redone = (*UNDER_REVIEW, result_received(REVOKE), opinion_issued(time=OPENED_AGAIN))
    assert state_of(*redone)[:2] == (Phase.OPINION_ISSUED, Outcome.SUPPORT)


def test_art_35_nobody_who_is_not_above_overturns_an_opinion() -> None:
    story = town.given(*UNDER_REVIEW).at(REVIEW_SERVED)
    sent = review_issued(REVOKE, agency=LABOUR)
    story.when_arrives(sent, agency=HOUSING, cause="sender:9").then_refused("NOT_A_REVIEWER")


def test_art_35_older_records_are_taken_in_without_a_declared_superior() -> None:
    old = case.given(*AFTER_OPINION).at(END).open_for_history_before(END)
    sent = review_issued(provenance=Provenance.IMPORTED)
    fact = result_received(occurred_time=REVIEW_ISSUED, provenance=Provenance.SYNTHETIC, cause="sender:1")
    old.when_arrives(sent, agency=HOUSING).then(fact)
