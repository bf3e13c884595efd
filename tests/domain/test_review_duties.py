"""What review and re-review make whom owe, and how a hearing stops the one clock that the law lets stand still."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import DueState, civil_date
from domain.case import ExecutionCompleted, ExecutionRefused, HearingClosed, HearingOpened
from domain.custody import PETITIONER
from domain.duties import Duty, Status
from domain.event import Event
from domain.explanation import steps_of
from domain.vocabulary import Outcome, ReviewResult, ReviewStage
from services.kit.law import law_in_force
from tests.domain.facts import HOUSING, accepted, handoff_received, on, opinion_issued, opinion_served
from tests.domain.facts_handling import fact
from tests.domain.facts_review import (
    declined,
    opened,
    requested,
    requested_again,
    result_received,
    review_issued,
    review_served,
)
from tests.domain.ledger import LATER, OF_2005, duties_after, open_after

SERVED = (handoff_received(), accepted(), opinion_issued(), opinion_served(time=on("2023-04-04")))
AGAIN: dict[str, Any] = {"stage": ReviewStage.REREVIEW}


def hearing(event: type[Event], day: str | date) -> Event:
    time: datetime = on(day if isinstance(day, str) else day.isoformat())
    return fact(event, time=time)


def rereview(*events: Event, **changes: Any) -> Duty:
    """The thirty days of the re-review, which was asked for on 1 May 2023."""
    return duties_after(requested_again(occurred_time=on("2023-05-01"), **changes), *events)["D15"]


# --- review -----------------------------------------------------------------------------------------------------------


def test_art_35_the_petitioner_may_ask_for_thirty_days_and_the_window_lapses() -> None:
    window = duties_after(*SERVED)["D12"]
    assert (window.debtor, window.due_date, window.nature) == (PETITIONER, date(2023, 5, 4), "window")
    assert window.status(LATER) is Status.LAPSED
    assert duties_after(*SERVED, opened())["D12"].status(LATER) is Status.MET


@pytest.mark.parametrize(
    ("asked", "status"), [("2023-05-04T23:59", Status.MET), ("2023-05-05T00:00", Status.LATE), (None, Status.LATE)]
)
def test_art_35_a_petitioner_who_asked_in_time_is_not_late_because_the_handler_learnt_it_later(
    asked: str | None, status: Status
) -> None:
    learnt = opened(occurred_time=on("2023-05-06"), requested_time=on(*asked.split("T")) if asked else None)
    assert duties_after(*SERVED, learnt)["D12"].status(LATER) is status


def test_art_35_the_reviewer_has_thirty_days_from_the_request() -> None:
    assert open_after(requested()) == {"D13": "2023-05-10"}
    assert duties_after(requested(), review_issued())["D13"].is_open
    assert duties_after(requested(), review_issued(), review_served())["D13"].status(LATER) is Status.MET


def test_art_35_a_request_that_is_not_taken_up_releases_the_reviewer() -> None:
    assert duties_after(requested(), declined())["D13"].status(LATER) is Status.RELEASED


def test_of_2005_art_34_the_review_has_the_same_thirty_days() -> None:
    duty = duties_after(requested(first_received_time=OF_2005))["D13"]
    assert (duty.article, duty.due_date) == ("2005 Regulations Art. 34", date(2023, 5, 10))


@pytest.mark.parametrize("result", [ReviewResult.UPHOLD, ReviewResult.CHANGE])
def test_art_36_1_what_the_review_decided_opens_the_next_window(result: ReviewResult) -> None:
    window = duties_after(requested(), review_issued(result), review_served(result))["D14"]
    assert (window.debtor, window.due_date) == (PETITIONER, date(2023, 5, 24))


def test_what_was_revoked_opens_no_window_and_is_handled_anew_without_a_figure() -> None:
    revoked = (requested(), review_issued(ReviewResult.REVOKE), review_served(ReviewResult.REVOKE))
    assert "D14" not in duties_after(*revoked)
    redo = duties_after(*SERVED, opened(), result_received(ReviewResult.REVOKE))["D13-REDO"]
    assert (redo.debtor, redo.due_date, redo.is_open) == (HOUSING, None, True)
    anew = (*SERVED, opened(), result_received(ReviewResult.REVOKE), opinion_issued(), opinion_served())
    assert duties_after(*anew)["D13-REDO"].status(LATER) is Status.MET


# --- execution --------------------------------------------------------------------------------------------------------

SUPPORTED = (handoff_received(), accepted(), opinion_issued(outcome=Outcome.SUPPORT))


def test_art_32_2_a_supporting_opinion_is_carried_out_and_a_refusal_does_not_end_that() -> None:
    assert duties_after(*SUPPORTED)["EXECUTION"].due_date is None
    assert duties_after(*SUPPORTED, fact(ExecutionRefused))["EXECUTION"].is_open
    assert duties_after(*SUPPORTED, fact(ExecutionCompleted))["EXECUTION"].status(LATER) is Status.MET


@pytest.mark.parametrize("outcome", [Outcome.EXPLAIN, Outcome.NOT_SUPPORT])
def test_art_32_2_no_other_opinion_is_to_be_carried_out(outcome: Outcome) -> None:
    assert "EXECUTION" not in duties_after(*SUPPORTED[:2], opinion_issued(outcome=outcome))


@pytest.mark.parametrize("result", [ReviewResult.REVOKE, ReviewResult.CHANGE])
def test_art_32_2_what_the_review_took_away_is_not_to_be_carried_out(result: ReviewResult) -> None:
    assert duties_after(*SUPPORTED, result_received(result))["EXECUTION"].status(LATER) is Status.RELEASED


def test_art_32_2_what_the_review_changed_into_support_is_to_be_carried_out() -> None:
    changed = result_received(ReviewResult.CHANGE, outcome=Outcome.SUPPORT)
    assert duties_after(*SERVED, changed)["EXECUTION"].is_open


# --- the clock of the re-review ---------------------------------------------------------------------------------------


def test_art_36_1_the_re_review_has_thirty_days_for_its_opinion_and_none_for_serving_it() -> None:
    assert rereview().due_date == date(2023, 5, 31)
    issued = (requested_again(), review_issued(**AGAIN))
    duties = duties_after(*issued)
    assert (duties["D15"].status(LATER), duties["D15-SERVICE"].due_date) == (Status.MET, None)
    assert duties["D15-SERVICE"].is_open
    assert duties_after(*issued, review_served(**AGAIN))["D15-SERVICE"].status(LATER) is Status.MET


def test_art_36_2_while_a_hearing_lasts_the_re_review_has_no_date() -> None:
    duty = rereview(hearing(HearingOpened, "2023-05-11"))
    assert (duty.due_date, duty.due_time, duty.due_state) == (None, None, DueState.SUSPENDED)
    assert (duty.budget_days, duty.consumed_days, duty.running_since) == (30, 9, None)
    assert duty.suspended_since == date(2023, 5, 11)
    assert duty.status(LATER) is Status.OPEN
    assert "9 of 30 days used" in duty.arithmetic


def test_art_36_2_the_days_of_the_hearing_are_not_counted() -> None:
    duty = rereview(hearing(HearingOpened, "2023-05-11"), hearing(HearingClosed, "2023-05-13"))
    assert (duty.due_date, duty.due_state) == (date(2023, 6, 3), DueState.FINAL)
    assert (duty.consumed_days, duty.running_since, duty.suspended_since) == (9, date(2023, 5, 13), None)
    assert "+ 21 calendar days = 2023-06-03" in duty.arithmetic


def test_art_36_2_the_arithmetic_of_a_suspension_is_told_in_both_languages() -> None:
    running = rereview(hearing(HearingOpened, "2023-05-11"), hearing(HearingClosed, "2023-05-13"))
    told = [step.zh for step in steps_of(running, law_in_force(2026))]
    assert "听证至 2023-05-13(周六),不计入期限" in told
    assert told[-1] == "至 2023-06-03 24:00(北京时间)届满"
    standing = steps_of(rereview(hearing(HearingOpened, "2023-05-11")), law_in_force(2026))
    assert standing[-1] == (
        "自 2023-05-11 起听证,期限停止计算",
        "hearing since 2023-05-11: the clock stands still, no date yet",
    )


def test_art_36_2_a_hearing_after_the_last_day_leaves_the_breach_as_it_is() -> None:
    duty = rereview(hearing(HearingOpened, "2023-06-05"))
    assert duty.due_date == date(2023, 5, 31)
    assert duty.status(LATER) is Status.BREACHED


def test_art_34_a_hearing_does_not_stop_the_sixty_days_of_handling() -> None:
    heard = (handoff_received(), accepted(), hearing(HearingOpened, "2023-03-10"), hearing(HearingClosed, "2023-03-13"))
    assert duties_after(*heard)["D10"] == duties_after(*heard[:2])["D10"]


def test_art_35_a_hearing_does_not_stop_the_thirty_days_of_the_review() -> None:
    heard = (requested(), hearing(HearingOpened, "2023-04-15"), hearing(HearingClosed, "2023-04-16"))
    assert duties_after(*heard)["D13"] == duties_after(requested())["D13"]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=4))
def test_art_36_2_the_date_is_that_of_counting_every_day_without_a_hearing(gaps: list[tuple[int, int]]) -> None:
    day, held, told = date(2023, 5, 1), set(), []
    for gap, length in gaps:
        first = day + timedelta(days=gap)
        day = first + timedelta(days=length)
        held |= {first + timedelta(days=number) for number in range(length + 1)}
        told += [hearing(HearingOpened, first), hearing(HearingClosed, day)]
    duty = rereview(*told)
    counted = [
        one for number in range(1, 200) if (one := civil_date(duty.opened_time) + timedelta(days=number)) not in held
    ]
    assert duty.due_date == counted[29]
