"""The case as a whole at its edges: every chapter is in it, what opens it, what lasts, whom no accusation reaches."""

import pkgutil
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

import domain.case
from domain.case import (
    CLOCK_SKEW_MAX,
    OPENING,
    Case,
    DivertedToProcedure,
    HandOff,
    RegisterPetition,
    RequestReview,
    evolve,
)
from domain.case.aggregate import CHAPTERS
from domain.case.chapter import before
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import Category, HandoffKind
from tests.domain.facts import (
    AT_HOUSING,
    FIRST,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    PETITIONS,
    RECEIVED,
    SECOND,
    THIRD,
    accepted,
    classified,
    handed_off,
    handoff_received,
    objection_answered,
    objection_raised,
    objection_received,
    objection_upheld,
    on,
    registered,
)
from tests.domain.facts_handling import fact
from tests.domain.facts_joint import answer_received, proposal_received, proposed
from tests.domain.story import case

TOWN = (Agency(HOUSING, KINDS[HOUSING], superior=LABOUR), Agency(LABOUR, KINDS[LABOUR]))
THIRD_AGENCY = "water"


def state_after(*past: Event) -> Case:
    state = case.given(*past).case
    assert state is not None
    return state


# --- the tables -----------------------------------------------------------------------------------------------------


def test_every_chapter_is_part_of_the_case() -> None:
    names = [module.name for module in pkgutil.iter_modules(domain.case.__path__, "domain.case.")]
    written = [import_module(name).CHAPTER for name in names if hasattr(import_module(name), "CHAPTER")]
    assert len(written) == len(CHAPTERS)
    assert all(any(one is chapter for chapter in CHAPTERS) for one in written)


def test_a_case_opens_with_a_registration_or_a_request_for_review_and_with_no_other_command() -> None:
    assert {RegisterPetition, RequestReview} == OPENING


def test_clocks_may_differ_by_five_minutes() -> None:
    assert timedelta(minutes=5) == CLOCK_SKEW_MAX


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("receipt", "TIME_BEFORE_RECEIPT"),
        ("acceptance", "TIME_BEFORE_ACCEPTANCE"),
        ("the opinion", "TIME_BEFORE_OPINION"),
        ("the assignment", "TIME_BEFORE_ASSIGNMENT"),
        ("the hearing", "TIME_BEFORE_HEARING"),
        ("the request", "TIME_BEFORE_REQUEST"),
    ],
)
def test_a_time_that_is_too_early_says_what_it_lies_before(what: str, code: str) -> None:
    assert before("occurred_time", what, "").code == code


# --- the fold -------------------------------------------------------------------------------------------------------


def test_the_version_counts_every_fact_also_when_the_petition_comes_again() -> None:
    again = handoff_received(from_agency=LABOUR, handoff_id=SECOND, cause="labour:1")
    past = (*AT_HOUSING, objection_raised(), objection_answered(upheld=True), again)
    assert [state_after(*past[: n + 1]).version for n in range(len(past))] == [1, 2, 3, 4]
    assert state_after(*past).causes == {"petitions:3", "petitions:7", "labour:1"}


def test_a_case_does_not_begin_in_the_middle() -> None:
    with pytest.raises(ValueError, match="cannot begin with"):
        evolve(None, accepted())


LASTING = {
    "consultations",
    "assistants",
    "assistances",
    "urgency",
    "urgent_reports",
    "urgent_acknowledged",
    "recusals_asked",
    "recused",
}


def test_what_an_agency_owes_or_decided_on_a_petition_lasts_though_it_is_handed_over_anew() -> None:
    marks: dict[str, Any] = {name: object() for name in LASTING}
    known = replace(state_after(*AT_HOUSING), **marks, accused_agencies=(LABOUR,))
    again = evolve(known, handoff_received(handoff_id=SECOND, accused_agencies=("water", LABOUR)))
    assert {name: getattr(again, name) for name in LASTING} == marks
    assert again.accused_agencies == ("water", LABOUR)
    named_here = evolve(known, handoff_received(handoff_id=SECOND, accused_agencies=("water",)))
    assert named_here.accused_agencies == ("water", LABOUR)


# --- whom no accusation reaches -------------------------------------------------------------------------------------

TO_HOUSING = HandOff(handoff_id=FIRST, kind=HandoffKind.TRANSFER, to_agency=HOUSING)


def accusing(*accused: str) -> tuple[Event, ...]:
    return registered(), classified(category=Category.ACCUSATION, accused_agencies=accused)


def test_art_30_3_no_accusation_is_handed_to_the_accused_or_to_a_unit_under_it() -> None:
    # What the directory says of the two is not needed to keep it from the accused itself.
    case.given(*accusing(HOUSING)).when(TO_HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")
    town = case.among(*TOWN)
    town.given(*accusing(LABOUR)).when(TO_HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")
    sent = handed_off(category=Category.ACCUSATION, accused_agencies=(THIRD_AGENCY,))
    town.given(*accusing(THIRD_AGENCY)).when(TO_HOUSING).then(sent)


def test_art_30_3_what_arrives_all_the_same_is_not_taken_in() -> None:
    town = case.among(*TOWN)
    for accused in (HOUSING, LABOUR):
        sent = handed_off(category=Category.ACCUSATION, accused_agencies=(accused,))
        town.when_arrives(sent, agency=HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")
    harmless = handed_off(category=Category.ACCUSATION, accused_agencies=(THIRD_AGENCY,))
    taken = handoff_received(time=NOW, category=Category.ACCUSATION, accused_agencies=(THIRD_AGENCY,), cause="sender:1")
    town.when_arrives(harmless, agency=HOUSING).then(taken)


def test_art_30_3_a_case_that_turns_out_to_accuse_its_own_agency_takes_nothing_more_in() -> None:
    # The unit above was named later; what comes does not itself say whom the matter accuses.
    town = case.among(*TOWN).given(handoff_received(accused_agencies=(LABOUR,)), objection_raised())
    town.when_arrives(objection_upheld(), agency=HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")


# --- hand-offs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "past",
    [(*AT_HOUSING, accepted()), (*AT_HOUSING, accepted(), fact(DivertedToProcedure))],
    ids=["accepted", "in another procedure"],
)
def test_art_24_1_nobody_is_handed_what_it_handles_also_in_another_procedure(past: tuple[Event, ...]) -> None:
    again = handed_off(LABOUR, HOUSING, SECOND)
    case.given(*past).when_arrives(again, agency=HOUSING, cause="labour:1").then_refused("ALREADY_HANDLED_HERE")


def test_art_23_3_a_returned_petition_is_open_at_its_sender_again() -> None:
    back = state_after(registered(), classified(), handed_off(), objection_received(), objection_upheld())
    assert (back.phase, back.outgoing) == ("open", None)


def test_art_23_3_of_two_hand_offs_the_one_that_was_taken_back_is_forgotten_and_the_other_stands_again() -> None:
    first = handoff_received()
    second = handoff_received(from_agency=LABOUR, handoff_id=SECOND, time=on("2023-03-02"), cause="labour:1")
    answered = objection_answered(upheld=True, handoff_id=SECOND, cause="labour:2")
    after = state_after(first, second, objection_raised(handoff_id=SECOND, to_agency=LABOUR), answered)
    assert after.incoming is not None
    assert (after.incoming.handoff_id, after.received_time, after.phase) == (FIRST, RECEIVED, "open")
    assert after.earlier == ()


def test_art_23_3_an_answer_that_comes_after_the_next_hand_off_strikes_out_only_what_was_given_back() -> None:
    back = handoff_received(PETITIONS, HOUSING, SECOND, on("2023-03-05"), cause="housing:5")
    once_more = handoff_received(PETITIONS, LABOUR, THIRD, on("2023-03-06"), cause="labour:3")
    answered = objection_answered(upheld=True, handoff_id=SECOND, agency=PETITIONS, cause="housing:7")
    own = (registered(), classified(), handed_off())
    after = state_after(*own, back, once_more, answered)
    assert [held.incoming for held in after.earlier] == [None]
    assert after.incoming is not None
    assert after.incoming.handoff_id == THIRD


# --- several agencies -----------------------------------------------------------------------------------------------


def test_art_24_1_an_agency_may_be_asked_by_two_others_at_once() -> None:
    first = proposal_received()
    second = proposal_received(joint_id=UUID(int=999), from_agency=PETITIONS, cause="sender:2")
    assert len(state_after(first, second).consultations) == 2


def test_art_24_1_who_proposed_knows_every_answer() -> None:
    asked = proposed(assisting=(LABOUR, PETITIONS))
    after = state_after(
        *AT_HOUSING,
        asked,
        answer_received(agreed=True),
        answer_received(agreed=False, from_agency=PETITIONS, cause="sender:2"),
    )
    assert after.joint is not None
    assert after.joint.answers == ((LABOUR, True), (PETITIONS, False))
