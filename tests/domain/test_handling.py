"""Handling to its end: extension (Art. 34), opinion (Art. 32), service (Art. 35) and report back (Art. 22(1)(3))."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.case import DivertedToProcedure, ExtendHandling, IssueOpinion, ReportBack, ServeOpinion
from domain.event import Event
from domain.vocabulary import Category, HandoffKind, Outcome, Route, ServiceMethod
from tests.domain.facts import (
    ASSIGNED_TO_HOUSING,
    AT_HOUSING,
    HOUSING,
    JUST_BEFORE,
    LABOUR,
    NOW,
    PETITIONS,
    SECOND,
    THIRD,
    accepted,
    classified,
    extended,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    registered,
    reported_back,
    sealed,
)
from tests.domain.facts_handling import fact
from tests.domain.story import case

ACCEPTED: tuple[Event, ...] = (*AT_HOUSING, accepted(time=NOW))
ISSUED = (*ACCEPTED, opinion_issued())
SERVED = (*ISSUED, opinion_served())
REPORT = ReportBack(report=sealed("report"))
SERVE = ServeOpinion(method=ServiceMethod.POST, proof="post-office:RR123")
ASSIGNMENT_SERVED = (*ASSIGNED_TO_HOUSING, accepted(), opinion_issued(), opinion_served())


def extend(days: int = 30, time: datetime = NOW, **changes: Any) -> ExtendHandling:
    fields: dict[str, Any] = {
        "days": days,
        "approver": "head-of-housing",
        "notified_time": time,
        "reason": sealed("reason"),
    }
    return ExtendHandling(**(fields | changes))


def issue(*bases: str, outcome: Outcome = Outcome.SUPPORT) -> IssueOpinion:
    return IssueOpinion(outcome=outcome, legal_bases=bases, facts=sealed("facts"), opinion=sealed("opinion"))


# Accepted on 3 March 2023: sixty days end on 2 May, ninety on 1 June.


@pytest.mark.parametrize(("days", "due"), [(1, "2023-05-03"), (30, "2023-06-01")])
def test_art_34_handling_is_extended_by_up_to_thirty_days(days: int, due: str) -> None:
    case.given(*ACCEPTED).when(extend(days)).then(extended(days=days, due_date=on(due).date()))


@pytest.mark.parametrize("days", [0, 31, -1])
def test_art_34_an_extension_is_at_least_one_and_at_most_thirty_days(days: int) -> None:
    assert case.given(*ACCEPTED).when(extend(days)).then_refused("EXTENSION_TOO_LONG").article == "Art. 34"


def test_art_34_handling_is_extended_once() -> None:
    case.given(*ACCEPTED, extended(days=5)).when(extend(5)).then_refused("ALREADY_EXTENDED")


def test_art_34_an_extension_names_who_approved_it() -> None:
    with pytest.raises(ValidationError, match="approver"):
        extend(approver="")


def test_art_34_the_last_instant_of_the_sixty_days_can_still_be_extended() -> None:
    last_instant = on("2023-05-03", "00:00") + JUST_BEFORE
    case.given(*ACCEPTED).at(last_instant).when(extend(30, last_instant)).then(extended(last_instant))


def test_art_34_a_period_that_is_over_is_not_extended() -> None:
    over = on("2023-05-03", "00:00")
    case.given(*ACCEPTED).at(over).when(extend(30, over)).then_refused("EXTENSION_AFTER_DUE")


def test_art_34_an_extension_presupposes_acceptance() -> None:
    case.given(*AT_HOUSING).when(extend()).then_refused("WRONG_PHASE")
    early = extend(occurred_time=on("2023-03-02"))
    case.given(*ACCEPTED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


@pytest.mark.parametrize(
    ("notified", "code"), [(on("2023-03-02"), "TIME_BEFORE_ACCEPTANCE"), (on("2023-03-04"), "TIME_IN_FUTURE")]
)
def test_art_34_the_notice_of_an_extension_lies_between_acceptance_and_now(notified: datetime, code: str) -> None:
    refusal = case.given(*ACCEPTED).when(extend(notified_time=notified)).then_refused(code)
    assert refusal.field == "notified_time"


@pytest.mark.parametrize("route", [route for route in Route if route is not Route.PETITION_PROCEDURE])
def test_art_34_only_the_sixty_days_can_be_extended(route: Route) -> None:
    case.given(*AT_HOUSING, accepted(route=route)).when(extend()).then_refused("NOTHING_TO_EXTEND")


@pytest.mark.parametrize(("received", "code"), [("2022-04-30", None), ("2022-05-01", "NOTHING_TO_EXTEND")])
def test_the_sixty_days_of_2005_run_for_suggestions_too(received: str, code: str | None) -> None:
    time = on(received)
    given = handoff_received(time=time, first_received_time=time, category=Category.SUGGESTION)
    story = case.given(given, accepted(time=time, category=Category.SUGGESTION, route=None)).at(time)
    answer = story.when(extend(30, time))
    if code:
        answer.then_refused(code)
    else:
        answer.then(extended(time, due_date=(time + timedelta(days=90)).date()))


@pytest.mark.parametrize("outcome", Outcome)
def test_art_32_an_opinion_supports_explains_or_does_not_support(outcome: Outcome) -> None:
    basis = "Property Management Regulations, Art. 35"
    case.given(*ACCEPTED).when(issue(basis, outcome=outcome)).then(opinion_issued(outcome=outcome))


def test_art_32_1_an_opinion_without_legal_basis_is_refused() -> None:
    refusal = case.given(*ACCEPTED).when(issue()).then_refused("OPINION_WITHOUT_BASIS")
    assert (refusal.article, refusal.field) == ("Art. 32(1)", "legal_bases")


def test_art_32_an_opinion_presupposes_acceptance() -> None:
    case.given(*AT_HOUSING).when(issue("a law")).then_refused("WRONG_PHASE")
    backdated = issue("a law").model_copy(update={"occurred_time": on("2023-03-02")})
    case.given(*ACCEPTED).when(backdated).then_refused("TIME_BEFORE_ACCEPTANCE")


def test_art_32_there_is_one_opinion() -> None:
    case.given(*ISSUED).when(issue("a law")).then_refused("WRONG_PHASE")


def test_art_35_an_opinion_is_served_with_proof() -> None:
    case.given(*ISSUED).when(SERVE).then(opinion_served())


def test_art_35_nothing_is_served_before_there_is_an_opinion() -> None:
    case.given(*ACCEPTED).when(SERVE).then_refused("WRONG_PHASE")
    backdated = SERVE.model_copy(update={"occurred_time": NOW + JUST_BEFORE})
    case.given(*ISSUED).when(backdated).then_refused("TIME_BEFORE_OPINION")


def test_art_35_an_opinion_is_served_once() -> None:
    case.given(*SERVED).when(SERVE).then_refused("WRONG_PHASE")


def test_art_22_1_3_an_assignment_is_reported_back() -> None:
    case.given(*ASSIGNMENT_SERVED).when(REPORT).then(reported_back())


def test_art_22_1_3_an_assignment_is_reported_back_once() -> None:
    case.given(*ASSIGNMENT_SERVED, reported_back()).when(REPORT).then_refused("ALREADY_REPORTED")


def test_art_22_1_3_an_unfinished_assignment_is_not_reported_back() -> None:
    case.given(*ASSIGNED_TO_HOUSING, accepted(), opinion_issued()).when(REPORT).then_refused("WRONG_PHASE")


def test_art_22_1_3_an_assignment_led_into_another_procedure_is_reported_without_waiting_for_it() -> None:
    led = (*ASSIGNED_TO_HOUSING, accepted(route=Route.LITIGATION), fact(DivertedToProcedure))
    case.given(*led).when(REPORT).then(reported_back())


@pytest.mark.parametrize("kind", [HandoffKind.TRANSFER, HandoffKind.REFERRAL])
def test_only_assignments_are_reported_back(kind: HandoffKind) -> None:
    served = (handoff_received(kind=kind), *SERVED[1:])
    case.given(*served).when(REPORT).then_refused("NOT_ASSIGNED")


def test_what_came_from_the_petitioner_is_reported_to_nobody() -> None:
    served = (registered(HOUSING), classified(HOUSING), *SERVED[1:])
    case.given(*served).when(REPORT).then_refused("NOT_ASSIGNED")


def test_whoever_passed_an_assignment_on_still_reports_it_back() -> None:
    passed_on = (*ASSIGNED_TO_HOUSING, handed_off(HOUSING, LABOUR, SECOND))
    case.given(*passed_on).when(REPORT).then(reported_back())


def test_an_assignment_that_came_round_as_a_transfer_is_still_reported_to_the_assigner() -> None:
    came_round = (
        *ASSIGNED_TO_HOUSING,
        handed_off(HOUSING, LABOUR, SECOND),
        handoff_received(HOUSING, LABOUR, THIRD, NOW, cause="labour:4"),
        *SERVED[1:],
    )
    case.given(*came_round).when(REPORT).then(reported_back())
    case.given(*came_round, reported_back()).when(REPORT).then_refused("ALREADY_REPORTED")


def test_art_30_3_no_report_goes_to_an_assigner_that_is_accused() -> None:
    accused = classified(HOUSING, Category.ACCUSATION, accused_agencies=(PETITIONS,))
    served = (
        *ASSIGNED_TO_HOUSING,
        accused,
        accepted(category=Category.ACCUSATION, route=None),
        *ISSUED[2:],
        opinion_served(),
    )
    case.given(*served).when(REPORT).then_refused("ACCUSATION_REACHES_ACCUSED")
