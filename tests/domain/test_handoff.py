"""Handing off, Arts. 22(1)-(2) and 23(1): transfer, assignment, referral, and whom a petition must never reach."""

from typing import Any

import pytest

from domain.case import HandOff
from domain.vocabulary import Category, HandoffKind
from tests.domain.facts import (
    FIRST,
    HOUSING,
    LABOUR,
    NOW,
    OFFERED_BY_PETITIONS,
    PETITIONS,
    SECOND,
    classified,
    handed_off,
    handoff_received,
    objection_received,
    objection_upheld,
    on,
    registered,
)
from tests.domain.story import case

CLASSIFIED = (registered(), classified())
ACCUSING_LABOUR = (registered(), classified(category=Category.ACCUSATION, accused_agencies=(LABOUR,)))


def hand_off(to_agency: str = HOUSING, kind: HandoffKind = HandoffKind.TRANSFER, **changes: Any) -> HandOff:
    fields: dict[str, Any] = {"handoff_id": FIRST, "kind": kind, "to_agency": to_agency}
    return HandOff(**(fields | changes))


def test_art_22_1_a_petition_is_transferred() -> None:
    case.given(*CLASSIFIED).when(hand_off()).then(handed_off())


def test_art_22_1_3_an_assignment_names_the_day_of_its_report() -> None:
    report = on("2023-04-01").date()
    case.given(*CLASSIFIED).when(hand_off(kind=HandoffKind.ASSIGNMENT, report_due_date=report)).then(
        handed_off(kind=HandoffKind.ASSIGNMENT, report_due_date=report)
    )


def test_art_22_2_an_accusation_is_referred_to_another_organ() -> None:
    case.given(*ACCUSING_LABOUR).when(hand_off(kind=HandoffKind.REFERRAL)).then(
        handed_off(kind=HandoffKind.REFERRAL, category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    )


def test_art_22_1_3_an_assignment_without_a_report_date_is_refused() -> None:
    refusal = case.given(*CLASSIFIED).when(hand_off(kind=HandoffKind.ASSIGNMENT)).then_refused("REPORT_DATE_MISSING")
    assert (refusal.article, refusal.field) == ("Art. 22(1)(3)", "report_due_date")


@pytest.mark.parametrize("kind", [HandoffKind.TRANSFER, HandoffKind.REFERRAL])
def test_art_22_1_3_only_an_assignment_has_a_report_date(kind: HandoffKind) -> None:
    command = hand_off(kind=kind, report_due_date=on("2023-04-01").date())
    case.given(*CLASSIFIED).when(command).then_refused("REPORT_DATE_WITHOUT_ASSIGNMENT")


def test_a_report_cannot_be_due_before_the_assignment() -> None:
    command = hand_off(kind=HandoffKind.ASSIGNMENT, report_due_date=on("2023-03-02").date())
    case.given(*CLASSIFIED).when(command).then_refused("TIME_BEFORE_ASSIGNMENT")


def test_a_petition_is_not_handed_off_unclassified() -> None:
    case.given(registered()).when(hand_off()).then_refused("NOT_CLASSIFIED")


def test_a_petition_is_not_handed_to_oneself() -> None:
    refusal = case.given(*CLASSIFIED).when(hand_off(PETITIONS)).then_refused("HANDOFF_TO_ONESELF")
    assert refusal.field == "to_agency"


@pytest.mark.parametrize("kind", HandoffKind)
def test_art_30_3_an_accusation_never_goes_to_the_accused(kind: HandoffKind) -> None:
    refusal = case.given(*ACCUSING_LABOUR).when(hand_off(LABOUR, kind)).then_refused("ACCUSATION_REACHES_ACCUSED")
    assert refusal.article == "Art. 30(3)"


def test_what_is_handed_off_is_not_handed_off_again() -> None:
    case.given(*OFFERED_BY_PETITIONS).when(hand_off(LABOUR, handoff_id=SECOND)).then_refused("WRONG_PHASE")


def test_art_23_3_what_came_back_is_handed_on_and_keeps_its_first_receipt() -> None:
    came_back = (*OFFERED_BY_PETITIONS, objection_received(), objection_upheld())
    case.given(*came_back).when(hand_off(LABOUR, handoff_id=SECOND)).then(
        handed_off(to_agency=LABOUR, handoff_id=SECOND)
    )


def test_art_23_1_a_receiver_hands_down_within_its_own_system() -> None:
    case.given(handoff_received()).when(hand_off(LABOUR, handoff_id=SECOND)).then(
        handed_off(HOUSING, LABOUR, SECOND, NOW)
    )
