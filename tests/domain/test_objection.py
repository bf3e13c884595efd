"""Objections and their rulings, Art. 23(3): five working days, typed reasons, and what comes of them."""

from datetime import datetime
from typing import Any

import pytest

from domain.case import Phase, RaiseObjection, RuleOnObjection
from domain.jurisdiction import Agency
from domain.vocabulary import Category, ObjectionReason
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    JUST_BEFORE,
    KINDS,
    LABOUR,
    OFFERED_BY_PETITIONS,
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
    objection_rejected,
    objection_upheld,
    on,
    registered,
    sealed,
)
from tests.domain.story import case

OBJECT = RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=sealed())
UPHOLD, REJECT = RuleOnObjection(uphold=True), RuleOnObjection(uphold=False, explanation=sealed())
OBJECTED_TO = (*OFFERED_BY_PETITIONS, objection_received())


@pytest.mark.parametrize("reason", ObjectionReason)
def test_art_23_3_an_objection_within_five_working_days_is_in_time(reason: ObjectionReason) -> None:
    command = RaiseObjection(reason=reason, explanation=sealed())
    case.given(*AT_HOUSING).when(command).then(objection_raised(reason=reason, late=False))


def test_art_23_3_the_fifth_working_day_counts_to_its_last_instant() -> None:
    last_instant = on("2023-03-09", "00:00") + JUST_BEFORE
    case.given(*AT_HOUSING).at(last_instant).when(OBJECT).then(objection_raised(last_instant, late=False))


@pytest.mark.parametrize("time", [on("2023-03-09", "00:00"), on("2023-06-01")])
def test_art_23_3_a_late_objection_is_recorded_as_late_and_never_refused(time: datetime) -> None:
    case.given(*AT_HOUSING).at(time).when(OBJECT).then(objection_raised(time, late=True))


def test_a_weekend_worked_in_lieu_counts_as_a_working_day() -> None:
    # Received on Sunday 1 May 2022; 2 to 4 May were holidays and Saturday 7 May was worked.
    received = on("2022-05-01", "10:00")
    given = handoff_received(time=received, first_received_time=received)
    last_instant = on("2022-05-11", "00:00") + JUST_BEFORE
    due_date = on("2022-05-10").date()
    case.given(given).at(last_instant).when(OBJECT).then(objection_raised(last_instant, due_date=due_date, late=False))


def test_the_2005_regulations_give_no_period_so_no_objection_is_late() -> None:
    received = on("2022-04-30", "23:59")
    given = handoff_received(time=received, first_received_time=received)
    case.given(given).when(OBJECT).then(objection_raised(due_date=None, late=False))


def test_only_what_was_handed_over_can_be_objected_to() -> None:
    case.given(registered()).when(OBJECT).then_refused("NOTHING_TO_OBJECT_TO")


def test_an_accepted_petition_can_no_longer_be_objected_to() -> None:
    case.given(*AT_HOUSING, accepted()).when(OBJECT).then_refused("WRONG_PHASE")


def test_one_objection_is_enough_until_it_is_answered() -> None:
    case.given(*AT_HOUSING, objection_raised()).when(OBJECT).then_refused("WRONG_PHASE")


def test_art_30_3_an_objection_does_not_tell_a_sender_that_it_is_accused() -> None:
    accused_sender = classified(HOUSING, Category.ACCUSATION, accused_agencies=(PETITIONS,))
    case.given(*AT_HOUSING, accused_sender).when(OBJECT).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_art_30_3_a_receiver_known_since_to_be_under_the_accused_gives_the_petition_back_and_is_told_nothing() -> None:
    accusation: dict[str, Any] = {"category": Category.ACCUSATION, "accused_agencies": (LABOUR,)}
    past = (registered(), classified(**accusation), handed_off(**accusation), objection_received())
    story = case.among(Agency(HOUSING, KINDS[HOUSING], superior=LABOUR)).given(*past)
    for telling in (REJECT, RuleOnObjection(uphold=False), RuleOnObjection(uphold=True, explanation=sealed())):
        assert story.when(telling).then_refused("ACCUSATION_REACHES_ACCUSED").field == "uphold"
    story.when(UPHOLD).then(objection_upheld())


def test_art_23_3_the_sender_agrees_and_takes_the_petition_back() -> None:
    case.given(*OBJECTED_TO).when(UPHOLD).then(objection_upheld())


def test_art_23_3_the_sender_does_not_agree() -> None:
    case.given(*OBJECTED_TO).when(REJECT).then(objection_rejected(explanation=sealed()))


def test_without_an_objection_there_is_nothing_to_rule_on() -> None:
    case.given(*OFFERED_BY_PETITIONS).when(UPHOLD).then_refused("NO_OBJECTION_PENDING")


@pytest.mark.parametrize("ruling", [UPHOLD, REJECT])
def test_an_objection_is_ruled_on_once(ruling: RuleOnObjection) -> None:
    case.given(*OBJECTED_TO, objection_rejected()).when(ruling).then_refused("NO_OBJECTION_PENDING")


def test_a_rejected_objector_keeps_the_petition_and_may_object_again() -> None:
    story = case.given(*AT_HOUSING, objection_raised(), objection_answered(upheld=False))
    assert story.case is not None
    assert story.case.phase is Phase.OPEN
    story.when(OBJECT).then(objection_raised())


def test_an_upheld_objector_has_given_the_petition_back() -> None:
    story = case.given(*AT_HOUSING, objection_raised(), objection_answered(upheld=True))
    assert story.case is not None
    assert story.case.phase is Phase.RETURNED
    story.when(OBJECT).then_refused("WRONG_PHASE")


def test_what_was_given_back_can_be_handed_over_again() -> None:
    again = handoff_received(handoff_id=SECOND, time=on("2023-03-06"), cause="petitions:9")
    story = case.given(*AT_HOUSING, objection_raised(), objection_answered(upheld=True), again).at(on("2023-03-07"))
    story.when(OBJECT).then(
        objection_raised(on("2023-03-07"), handoff_id=SECOND, due_date=on("2023-03-13").date(), late=False)
    )


def handed_to_and_fro() -> tuple[Any, ...]:
    """The department's case: handed to housing, handed back by housing, objected to, and taken back there."""
    return (
        *OFFERED_BY_PETITIONS,
        handoff_received(PETITIONS, HOUSING, SECOND, on("2023-03-04"), cause="housing:5"),
        objection_raised(on("2023-03-05"), agency=PETITIONS, handoff_id=SECOND, to_agency=HOUSING),
        objection_answered(upheld=True, agency=PETITIONS, handoff_id=SECOND, cause="housing:8"),
    )


def test_what_came_round_and_went_back_leaves_the_earlier_handoff_standing() -> None:
    state = case.given(*handed_to_and_fro()).case
    assert state is not None
    assert (state.phase, state.received_time, state.earlier) == (Phase.HANDED_OFF, RECEIVED, ())
    assert state.outgoing is not None
    assert state.outgoing.handoff_id == handed_off().handoff_id


def test_the_earlier_handoff_can_still_be_objected_to_and_ruled_on() -> None:
    case.given(*handed_to_and_fro(), objection_received(on("2023-03-06"))).at(on("2023-03-07")).when(UPHOLD).then(
        objection_upheld(on("2023-03-07"))
    )


def test_an_answer_that_arrives_after_the_petition_came_round_again_ends_only_the_old_holding() -> None:
    came_round = handoff_received(HOUSING, LABOUR, THIRD, on("2023-03-06"), cause="labour:4")
    state = case.given(*AT_HOUSING, objection_raised(), came_round, objection_answered(upheld=True)).case
    assert state is not None
    assert (state.phase, state.earlier) == (Phase.OPEN, ())
    assert state.incoming is not None
    assert state.incoming.handoff_id == THIRD
