"""Joint handling and assistance, Art. 24(1): negotiation, agreement, help, and what crosses on its way."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.case import (
    AgreeJointHandling,
    AnswerJointHandling,
    HandOff,
    Phase,
    ProposeJointHandling,
    ReportAssistance,
    RequestAssistance,
    UnsealMaterials,
    WithdrawAssistance,
)
from domain.event import Command, Event
from domain.vocabulary import Category, HandoffKind, Purpose
from tests.domain.facts import (
    AT_HOUSING,
    FIRST,
    HOUSING,
    LABOUR,
    OFFICE,
    PETITIONS,
    SECOND,
    accepted,
    classified,
    handed_off,
    handoff_received,
    objection_answered,
    objection_raised,
    sealed,
)
from tests.domain.facts_joint import (
    COUNTY_AGENCIES,
    GOVERNMENT,
    HELP,
    JOINT,
    agreed,
    answer_received,
    answered,
    help_received,
    help_report_received,
    help_reported,
    help_requested,
    help_withdrawal_received,
    help_withdrawn,
    proposal_received,
    proposed,
)
from tests.domain.story import case

HOLDER = case.given(*AT_HOUSING)
ACCUSING: dict[str, Any] = {"category": Category.ACCUSATION, "accused_agencies": (LABOUR,)}
HOLDER_OF_ACCUSATION = case.given(handoff_received(**ACCUSING))
ASKING = HOLDER.given(proposed())
LEADING = HOLDER.given(help_requested())
ASSISTING = case.given(help_received())
PROPOSE = ProposeJointHandling(joint_id=JOINT, lead=HOUSING, assisting=(LABOUR,))
REQUEST = RequestAssistance(assistance_id=HELP, to_agency=LABOUR, request=sealed("request"))


def test_art_24_1_the_holder_asks_each_involved_agency_by_itself() -> None:
    command = ProposeJointHandling(joint_id=JOINT, lead=LABOUR, assisting=(HOUSING, PETITIONS))
    terms = {"lead": LABOUR, "assisting": (HOUSING, PETITIONS)}
    HOLDER.when(command).then(proposed(LABOUR, **terms), proposed(PETITIONS, **terms))


def test_art_24_1_a_matter_is_not_negotiated_with_oneself() -> None:
    alone = ProposeJointHandling(joint_id=JOINT, lead=HOUSING)
    HOLDER.when(alone).then_refused("NOBODY_TO_NEGOTIATE_WITH")


@pytest.mark.parametrize("command", [PROPOSE, REQUEST], ids=["propose", "request"])
def test_art_30_3_the_accused_is_neither_consulted_nor_asked_for_help(command: Command) -> None:
    HOLDER_OF_ACCUSATION.when(command).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_art_30_3_nobody_below_the_accused_is_consulted() -> None:
    accused = case.given(handoff_received(category=Category.ACCUSATION, accused_agencies=(GOVERNMENT,)))
    accused.among(*COUNTY_AGENCIES).when(PROPOSE).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_art_24_1_who_is_consulted_knows_the_matter_and_answers() -> None:
    consulted = case.given(proposal_received())
    case.when_arrives(proposed(), agency=LABOUR).then(proposal_received())
    assert consulted.case is not None
    assert consulted.case.phase is Phase.CONSULTED
    answer = AnswerJointHandling(joint_id=JOINT, agreed=True)
    consulted.when(answer).then(answered(agreed=True))
    consulted.given(answered(agreed=True)).when(answer).then_refused("NOT_CONSULTED")


def test_art_24_1_being_consulted_leaves_the_agency_s_own_work_as_it_stands() -> None:
    passed_on = case.given(handoff_received(LABOUR, cause="petitions:2"), handed_off(LABOUR, HOUSING, SECOND))
    consulted = passed_on.given(proposal_received()).case
    assert consulted is not None
    assert consulted.phase is Phase.HANDED_OFF
    assert [one.joint_id for one in consulted.consultations] == [JOINT]


def test_art_24_1_who_was_consulted_may_be_handed_the_petition_and_give_it_back() -> None:
    handed = case.given(proposal_received(), handoff_received(LABOUR, HOUSING, FIRST, cause="housing:7"))
    assert handed.case is not None
    assert (handed.case.phase, len(handed.case.consultations)) == (Phase.OPEN, 1)
    given_back = handed.given(handed_off(LABOUR, PETITIONS, SECOND)).case
    assert given_back is not None
    assert given_back.earlier[0].phase is Phase.CONSULTED


def test_art_24_1_what_all_agree_on_goes_on_record() -> None:
    ASKING.when_arrives(answered(agreed=True), agency=HOUSING).then(answer_received(agreed=True))
    ASKING.given(answer_received(agreed=True)).when(AgreeJointHandling()).then(agreed())


@pytest.mark.parametrize(
    ("past", "code"),
    [
        ((), "NO_NEGOTIATION"),
        ((proposed(),), "NEGOTIATION_OPEN"),
        ((proposed(), answer_received(agreed=False)), "NEGOTIATION_FAILED"),
        ((proposed(), answer_received(agreed=True), agreed()), "NO_NEGOTIATION"),
        ((proposed(), answer_received(agreed=True, joint_id=HELP)), "NEGOTIATION_OPEN"),
        ((proposed(), answer_received(agreed=True, from_agency=OFFICE)), "NEGOTIATION_OPEN"),
    ],
    ids=["nothing proposed", "answer missing", "a no stands", "agreed before", "older proposal", "not asked"],
)
def test_art_24_1_nothing_is_agreed_before_everybody_agrees(past: tuple[Event, ...], code: str) -> None:
    HOLDER.given(*past).when(AgreeJointHandling()).then_refused(code)


def test_art_24_1_a_new_proposal_replaces_one_that_stays_unanswered() -> None:
    anew = ASKING.given(proposed(OFFICE, joint_id=SECOND, assisting=(OFFICE,)))
    anew.given(answer_received(agreed=True, joint_id=SECOND, from_agency=OFFICE)).when(AgreeJointHandling()).then(
        agreed(joint_id=SECOND, assisting=(OFFICE,))
    )


@pytest.mark.parametrize("past", [(), (accepted(),)], ids=["open", "accepted"])
def test_art_24_1_the_lead_asks_for_help(past: tuple[Event, ...]) -> None:
    HOLDER.given(*past).when(REQUEST).then(help_requested())


def test_art_24_1_help_is_asked_of_others_by_a_day_still_to_come_and_after_classification() -> None:
    HOLDER.when(REQUEST.model_copy(update={"to_agency": HOUSING})).then_refused("ASSISTANCE_FROM_ONESELF")
    HOLDER.when(REQUEST.model_copy(update={"report_due_date": date(2023, 3, 2)})).then_refused("TIME_BEFORE_REQUEST")


def test_art_24_1_the_assistant_reads_the_materials_and_reports_its_part() -> None:
    case.when_arrives(help_requested(), agency=LABOUR).then(help_received())
    assert ASSISTING.case is not None
    assert ASSISTING.case.phase is Phase.ASSISTING
    assert isinstance(ASSISTING.when(UnsealMaterials(official="clerk-7", purpose=Purpose.HANDLING)).decision, tuple)
    report = ReportAssistance(assistance_id=HELP, report=sealed("report"))
    ASSISTING.when(report).then(help_reported())
    ASSISTING.given(help_reported()).when(report).then_refused("ASSISTANCE_UNKNOWN")


def test_art_24_1_a_lead_with_open_assistants_hands_nothing_on() -> None:
    hand_off = HandOff(handoff_id=SECOND, kind=HandoffKind.TRANSFER, to_agency=OFFICE)
    LEADING.when(hand_off).then_refused("ASSISTANCE_OPEN")
    LEADING.when_arrives(help_reported(), agency=HOUSING).then(help_report_received())
    for ended in (help_report_received(), help_withdrawn()):
        LEADING.given(ended).when(hand_off).then(handed_off(HOUSING, OFFICE, SECOND))


def test_art_24_1_the_lead_withdraws_what_it_needs_no_more() -> None:
    LEADING.when(WithdrawAssistance(assistance_id=HELP, reason=sealed("reason"))).then(help_withdrawn())
    ASSISTING.when_arrives(help_withdrawn(), agency=LABOUR, cause="housing:9").then(help_withdrawal_received())
    withdrawn = ASSISTING.given(help_withdrawal_received())
    withdrawn.when(ReportAssistance(assistance_id=HELP, report=sealed())).then_refused("ASSISTANCE_UNKNOWN")
    other = WithdrawAssistance(assistance_id=UUID(int=7), reason=sealed())
    LEADING.when(other).then_refused("ASSISTANCE_UNKNOWN")


def test_art_24_1_a_report_and_a_withdrawal_may_cross() -> None:
    lead = LEADING.given(help_withdrawn())
    lead.when_arrives(help_reported(), agency=HOUSING).then(help_report_received())
    assistant = ASSISTING.given(help_reported())
    assistant.when_arrives(help_withdrawn(), agency=LABOUR, cause="housing:9").then(help_withdrawal_received())
    for told in (lead.given(help_report_received()).case, assistant.given(help_withdrawal_received()).case):
        assert told is not None
        assert (told.assistants, told.assistances) == ((), ())


def test_art_30_3_an_assistant_that_turns_out_to_be_accused_is_told_nothing_but_the_end() -> None:
    turned = LEADING.given(classified(HOUSING, Category.ACCUSATION, accused_agencies=(LABOUR,)))
    withdraw = WithdrawAssistance(assistance_id=HELP, reason=sealed("reason"))
    turned.when(withdraw).then_refused("ACCUSATION_REACHES_ACCUSED")
    turned.when(withdraw.model_copy(update={"reason": None})).then(help_withdrawn(reason=None))


def test_art_24_1_who_gave_the_petition_back_may_still_be_asked_for_help() -> None:
    received = handoff_received(LABOUR, cause="petitions:2")
    returned = case.given(received, objection_raised(agency=LABOUR), objection_answered(upheld=True, agency=LABOUR))
    assert returned.case is not None
    assert returned.case.phase is Phase.RETURNED
    again = returned.given(help_received()).case
    assert again is not None
    assert (again.phase, again.incoming, again.earlier) == (Phase.ASSISTING, None, ())
