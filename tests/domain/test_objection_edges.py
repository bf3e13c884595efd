"""An objection that comes while a review was asked for too early: the sender has the hand-off to rule on again."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.case import Case, Moment, NotifyReceipt, Phase, decide
from domain.event import Event, Refusal
from domain.vocabulary import ServiceMethod
from services.kit.law import law_in_force
from tests.domain.facts import (
    FIRST,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    PETITIONS,
    RECEIVED,
    SECOND,
    THIRD,
    classified,
    handed_off,
    handoff_received,
    objection_received,
    on,
    registered,
)
from tests.domain.facts_review import requested
from tests.domain.story import case


def state_after(*past: Event) -> Case:
    state = case.given(*past).case
    assert state is not None
    return state


def asked_at(agency: str, of_agency: str) -> Event:
    return requested(agency=agency, agency_kind=KINDS[agency], of_agency=of_agency, to_agency=of_agency)


SENT = (registered(), classified(), handed_off())
BACK = handoff_received(PETITIONS, HOUSING, SECOND, on("2023-03-05"), cause="housing:5")
SENT_AGAIN = (*SENT, BACK, handed_off(PETITIONS, LABOUR, THIRD, on("2023-03-06")))


def test_art_23_3_the_sender_holds_again_what_it_has_to_rule_on_and_the_early_review_is_idle() -> None:
    after = state_after(*SENT, asked_at(PETITIONS, HOUSING), objection_received())
    assert (after.phase, after.review, after.received_time) == (Phase.HANDED_OFF, None, RECEIVED)
    assert after.outgoing is not None
    assert (after.outgoing.handoff_id, after.outgoing.objection_open, after.earlier) == (FIRST, True, ())


def test_art_23_3_of_two_objections_the_one_to_the_last_hand_off_is_ruled_on_first() -> None:
    asked = (*SENT_AGAIN, objection_received(), asked_at(PETITIONS, LABOUR))
    after = state_after(*asked, objection_received(handoff_id=THIRD, from_agency=LABOUR, cause="labour:2"))
    assert after.outgoing is not None
    assert (after.outgoing.handoff_id, after.phase) == (THIRD, Phase.HANDED_OFF)
    assert [held.outgoing.handoff_id for held in after.earlier if held.outgoing] == [FIRST]


def test_art_23_3_what_was_never_handed_on_stays_out_of_it() -> None:
    second = handoff_received(HOUSING, LABOUR, SECOND, on("2023-03-05"), cause="labour:1")
    past = (handoff_received(), second, handed_off(HOUSING, LABOUR, THIRD, on("2023-03-06")))
    objection = objection_received(agency=HOUSING, handoff_id=THIRD, from_agency=LABOUR, cause="labour:2")
    after = state_after(*past, asked_at(HOUSING, LABOUR), objection)
    assert after.outgoing is not None
    assert after.outgoing.handoff_id == THIRD
    assert [held.incoming.handoff_id for held in after.earlier if held.incoming] == [FIRST]


def test_art_35_an_objection_to_no_known_hand_off_stops_no_review() -> None:
    unknown = objection_received(handoff_id=UUID(int=999))
    after = state_after(*SENT, asked_at(PETITIONS, HOUSING), unknown)
    assert (after.phase, after.review is None) == (Phase.REVIEWING, False)


def test_art_23_3_an_objection_to_what_is_handed_off_leaves_the_case_where_it_stands() -> None:
    after = state_after(*SENT_AGAIN, objection_received())
    assert after.outgoing is not None
    assert (after.phase, after.outgoing.handoff_id, after.outgoing.objection_open) == (Phase.HANDED_OFF, THIRD, False)
    assert [held.outgoing.objection_open for held in after.earlier if held.outgoing] == [True]


@pytest.mark.parametrize("phase", Phase)
def test_art_23_2_a_notice_is_late_but_never_refused_where_the_petition_was_the_agencys_to_answer(phase: Phase) -> None:
    known = replace(state_after(handoff_received()), phase=phase)
    answer = decide(known, NotifyReceipt(method=ServiceMethod.POST), Moment(NOW, law_in_force()))
    never_its_own = {Phase.RETURNED, Phase.CONSULTED, Phase.ASSISTING, Phase.INFORMED}
    assert isinstance(answer, Refusal) == (phase in never_its_own)
