"""Asking for review and re-review, and what is not taken up, Arts. 35 and 36(1)."""

from datetime import datetime
from typing import Any

import pytest

from domain.case import DeclineReview, Phase, RequestReview
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import HandoffKind, Provenance, ReviewRefusal, ReviewResult, ReviewStage
from tests.domain.facts import (
    CITY_HOUSING,
    HOUSING,
    JUST_BEFORE,
    KINDS,
    LABOUR,
    NOW,
    PETITION,
    PETITIONS,
    PROVINCE_HOUSING,
    RECEIVED,
    classified,
    handed_off,
    on,
    registered,
    report_received,
    sealed,
)
from tests.domain.facts_review import (
    AFTER_REVIEW,
    ASKED,
    ASKED_AGAIN,
    END,
    LADDER,
    NO_OPINION,
    OPENED_AGAIN,
    REREVIEWING,
    REVIEW_SERVED,
    REVIEWING,
    UNDER_REVIEW,
    decline_received,
    declined,
    file_received,
    file_received_again,
    opened_again,
    requested,
    requested_again,
    review_issued,
    review_served,
    town,
)
from tests.domain.story import case


def ask(**changes: Any) -> RequestReview:
    fields = {
        "petition_id": PETITION,
        "agency": CITY_HOUSING,
        "agency_kind": KINDS[CITY_HOUSING],
        "stage": ReviewStage.REVIEW,
        "of_agency": HOUSING,
        "first_received_time": RECEIVED,
    }
    return RequestReview.model_validate(fields | changes)


ASK_AGAIN = ask(stage=ReviewStage.REREVIEW, of_agency=CITY_HOUSING, agency=PROVINCE_HOUSING)


def decline(reason: ReviewRefusal) -> DeclineReview:
    return DeclineReview(reason=reason, explanation=sealed())


# --- the request ----------------------------------------------------------------------------------------------------


def test_art_35_review_is_asked_of_the_next_agency_above() -> None:
    town.at(ASKED).when(ask()).then(requested())


def test_art_36_1_rereview_is_asked_of_the_next_agency_above_the_reviewer() -> None:
    town.at(ASKED_AGAIN).when(ASK_AGAIN).then(requested_again())


@pytest.mark.parametrize("agency", [PROVINCE_HOUSING, LABOUR])
def test_art_35_any_other_agency_refuses_and_says_whom_to_ask(agency: str) -> None:
    refusal = town.at(ASKED).when(ask(agency=agency)).then_refused("NOT_THE_NEXT_HIGHER")
    assert refusal.article == "Arts. 35, 36(1)"
    assert CITY_HOUSING in refusal.remedy


def test_art_35_where_the_directory_names_no_superior_nobody_guesses_one() -> None:
    case.at(ASKED).when(ask()).then_refused("SUPERIOR_UNKNOWN")


def test_art_35_older_records_may_name_a_reviewer_whom_nobody_declared() -> None:
    old = case.at(END).open_for_history_before(END)
    command = ask(occurred_time=ASKED, provenance=Provenance.IMPORTED)
    old.when(command).then(requested(provenance=Provenance.IMPORTED))


def test_art_35_the_heir_of_an_abolished_superior_reviews() -> None:
    heir = Agency(CITY_HOUSING, KINDS[CITY_HOUSING], abolished=on("2023-04-01").date(), successors=(LABOUR,))
    story = case.among(LADDER[0], heir, Agency(LABOUR, KINDS[LABOUR])).at(ASKED)
    story.when(ask(agency=LABOUR)).then(requested(agency=LABOUR))
    story.when(ask()).then_refused("NOT_THE_NEXT_HIGHER")


def test_a_request_does_not_come_before_the_petition() -> None:
    town.at(ASKED).when(ask(first_received_time=END)).then_refused("TIME_BEFORE_RECEIPT")


def test_art_35_a_reviewer_that_had_handed_the_petition_down_still_knows_the_hand_off() -> None:
    past = (
        registered(CITY_HOUSING),
        classified(CITY_HOUSING),
        handed_off(CITY_HOUSING, kind=HandoffKind.ASSIGNMENT, report_due_date=on("2023-06-01").date()),
    )
    story = town.given(*past).at(ASKED)
    story.when(ask()).then(requested())
    reviewing = story.given(requested()).case
    assert reviewing is not None
    assert (reviewing.phase, len(reviewing.earlier)) == (Phase.REVIEWING, 1)
    reported = story.given(requested(), report_received(agency=CITY_HOUSING)).case
    assert reported is not None
    assert [held.outgoing.reported for held in reported.earlier if held.outgoing] == [True]


@pytest.mark.parametrize("past", [REVIEWING[:1], REVIEWING, (*REVIEWING, review_issued()), AFTER_REVIEW])
def test_art_35_what_is_reviewed_here_is_not_reviewed_a_second_time(past: tuple[Event, ...]) -> None:
    town.given(*past).at(END).when(ask()).then_refused("ALREADY_REVIEWED")


def test_art_36_3_what_was_rereviewed_is_not_asked_about_again() -> None:
    end: dict[str, Any] = {"agency": PROVINCE_HOUSING, "stage": ReviewStage.REREVIEW, "occurred_time": OPENED_AGAIN}
    ended = (*REREVIEWING, review_issued(**end), review_served(**end))
    town.given(*ended).at(END).when(ASK_AGAIN).then_refused("ALREADY_REVIEWED")


def test_art_35_what_was_revoked_and_handled_anew_can_be_reviewed_again() -> None:
    revoked = (*REVIEWING, review_issued(ReviewResult.REVOKE), review_served(ReviewResult.REVOKE))
    town.given(*revoked).at(END).when(ask()).then(requested(occurred_time=END))


def test_art_35_after_a_rereview_the_reviewer_may_be_asked_about_a_new_opinion() -> None:
    town.given(*AFTER_REVIEW, opened_again()).at(END).when(ask()).then(requested(occurred_time=END))


def test_art_30_3_a_review_is_never_asked_of_what_the_reviewer_knows_to_be_accused() -> None:
    accused = classified(CITY_HOUSING, accused_agencies=(HOUSING,))
    past = (registered(CITY_HOUSING), accused)
    town.given(*past).at(ASKED).when(ask()).then_refused("ACCUSATION_REACHES_ACCUSED")


# --- not taken up ---------------------------------------------------------------------------------------------------

LAPSED = decline(ReviewRefusal.WINDOW_LAPSED)


def asked_at(time: datetime) -> tuple[Event, ...]:
    return (requested(occurred_time=time), file_received(occurred_time=time))


def test_art_35_a_request_after_thirty_days_from_proved_receipt_may_be_declined() -> None:
    # Received on 4 April: the thirtieth day is 4 May.
    late, now = on("2023-05-05", "00:00"), on("2023-05-20")
    town.given(*asked_at(late)).at(now).when(LAPSED).then(declined(occurred_time=now))


def test_art_35_a_request_on_the_thirtieth_day_is_in_time() -> None:
    in_time = on("2023-05-05", "00:00") + JUST_BEFORE
    town.given(*asked_at(in_time)).at(END).when(LAPSED).then_refused("WINDOW_NOT_LAPSED")


def test_art_35_a_window_that_ends_on_a_day_off_goes_on_to_the_next_working_day() -> None:
    # Received on 1 April: the thirtieth day, 1 May, and the two after it are holidays.
    served = {"opinion_time": NOW, "served_time": on("2023-04-01")}
    for time, refused in ((on("2023-05-04", "23:59"), True), (on("2023-05-05", "00:00"), False)):
        past = (requested(occurred_time=time), file_received(occurred_time=time, **served))
        answer = town.given(*past).at(END).when(LAPSED)
        if refused:
            answer.then_refused("WINDOW_NOT_LAPSED")
        else:
            answer.then(declined(occurred_time=END))


def test_art_35_without_proof_of_receipt_no_window_has_ended() -> None:
    past = (requested(occurred_time=END), file_received(occurred_time=END, served_time=None))
    town.given(*past).at(END).when(LAPSED).then_refused("WINDOW_NOT_LAPSED")


def test_art_36_1_the_window_for_rereview_runs_from_receipt_of_the_review_opinion() -> None:
    # Received on 24 April: the thirtieth day is 24 May.
    for time, refused in ((on("2023-05-24", "23:59"), True), (on("2023-05-25", "00:00"), False)):
        past = (requested_again(occurred_time=time), file_received_again(occurred_time=time))
        answer = town.given(*past).at(END).when(LAPSED)
        if refused:
            answer.then_refused("WINDOW_NOT_LAPSED")
        else:
            rereview = {"agency": PROVINCE_HOUSING, "stage": ReviewStage.REREVIEW, "to_agency": CITY_HOUSING}
            answer.then(declined(**rereview, occurred_time=END))


@pytest.mark.parametrize("reason", ReviewRefusal)
def test_art_35_nothing_is_declined_before_the_file_is_there(reason: ReviewRefusal) -> None:
    town.given(requested()).at(END).when(decline(reason)).then_refused("FILE_NOT_THERE")


def test_art_35_only_the_file_shows_that_no_opinion_was_served() -> None:
    unserved = decline(ReviewRefusal.NO_OPINION_SERVED)
    town.given(*REVIEWING).at(END).when(unserved).then_refused("OPINION_IN_FILE")
    past = (requested(), file_received(**NO_OPINION))
    answer = declined(occurred_time=END, reason=ReviewRefusal.NO_OPINION_SERVED)
    town.given(*past).at(END).when(unserved).then(answer)


def test_art_36_1_a_rereview_of_what_nobody_reviewed_is_declined_as_that() -> None:
    rereview = {"stage": ReviewStage.REREVIEW}
    asked = town.given(requested(**rereview), file_received(**rereview, **NO_OPINION)).at(END)
    asked.when(decline(ReviewRefusal.NO_OPINION_SERVED)).then_refused("OPINION_IN_FILE")
    no_review = declined(**rereview, occurred_time=END, reason=ReviewRefusal.NO_REVIEW_YET)
    asked.when(decline(ReviewRefusal.NO_REVIEW_YET)).then(no_review)
    town.given(*REVIEWING).at(END).when(decline(ReviewRefusal.NO_REVIEW_YET)).then_refused("OPINION_IN_FILE")


@pytest.mark.parametrize("stage", ReviewStage)
def test_art_36_1_who_reviewed_is_not_asked_again_and_keeps_its_opinion(stage: ReviewStage) -> None:
    again = RequestReview(
        petition_id=PETITION,
        agency=CITY_HOUSING,
        agency_kind=KINDS[CITY_HOUSING],
        stage=stage,
        of_agency=HOUSING,
        first_received_time=RECEIVED,
    )
    town.given(*AFTER_REVIEW).at(END).when(again).then_refused("ALREADY_REVIEWED")


def test_art_35_only_the_same_opinion_was_already_reviewed() -> None:
    repeated = decline(ReviewRefusal.ALREADY_REVIEWED)
    town.given(*REVIEWING).at(END).when(repeated).then_refused("NOT_YET_REVIEWED")
    again = (*AFTER_REVIEW, opened_again(), requested(occurred_time=ASKED_AGAIN))
    same = (*again, file_received(occurred_time=OPENED_AGAIN, cause="sender:7"))
    answer = declined(occurred_time=END, reason=ReviewRefusal.ALREADY_REVIEWED)
    town.given(*same).at(END).when(repeated).then(answer)
    new = (*again, file_received(occurred_time=OPENED_AGAIN, opinion_time=REVIEW_SERVED, cause="sender:7"))
    town.given(*new).at(END).when(repeated).then_refused("NOT_YET_REVIEWED")


def test_art_35_the_handler_learns_that_its_opinion_is_not_reviewed() -> None:
    story = town.given(*UNDER_REVIEW).at(REVIEW_SERVED)
    story.when_arrives(declined(), agency=HOUSING, cause="sender:2").then(decline_received())
    served = story.given(decline_received()).case
    assert served is not None
    assert (served.phase, served.reviewer) == (Phase.SERVED, None)
    reviewer = town.given(*AFTER_REVIEW, opened_again(), decline_received(from_agency=PROVINCE_HOUSING)).case
    assert reviewer is not None
    assert reviewer.phase is Phase.REVIEW_SERVED


def test_what_was_declined_by_another_than_the_present_reviewer_changes_nothing() -> None:
    after = town.given(*UNDER_REVIEW, decline_received(from_agency=PETITIONS)).case
    assert after is not None
    assert after.phase is Phase.UNDER_REVIEW


def test_after_a_refusal_the_petitioner_may_ask_again() -> None:
    town.given(*REVIEWING, declined()).at(END).when(ask()).then(requested(occurred_time=END))
