"""Telling the petitioner, accepting and declining, Arts. 23, 31 and 44(3)."""

from typing import Any
from uuid import UUID

import pytest

from domain.case import AcceptPetition, DeclinePetition, NotAccepted, NotifyReceipt
from domain.vocabulary import Category, Organ, RefusalReason, Route, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    NOW,
    OFFERED_BY_PETITIONS,
    PETITION,
    PETITIONS,
    accepted,
    handoff_received,
    receipt_notified,
    registered,
    sealed,
)
from tests.domain.story import case

EARLIER = UUID(int=2)


def not_accepted(agency: str = HOUSING, **changes: Any) -> NotAccepted:
    fields: dict[str, Any] = {
        "petition_id": PETITION,
        "agency": agency,
        "occurred_time": NOW,
        "reason": RefusalReason.OUTSIDE_POWERS,
        "explanation": sealed(),
    }
    return NotAccepted(**(fields | changes))


@pytest.mark.parametrize("method", ServiceMethod)
def test_art_23_3_the_petitioner_is_told_of_the_receipt(method: ServiceMethod) -> None:
    case.given(*AT_HOUSING).when(NotifyReceipt(method=method)).then(receipt_notified(method=method))


def test_art_23_1_whoever_handed_a_petition_on_still_tells_the_petitioner_where_it_went() -> None:
    case.given(*OFFERED_BY_PETITIONS).when(NotifyReceipt(method=ServiceMethod.POST)).then(receipt_notified(PETITIONS))


@pytest.mark.parametrize("route", Route)
def test_art_31_an_accepted_appeal_names_its_route(route: Route) -> None:
    case.given(*AT_HOUSING).when(AcceptPetition(route=route)).then(accepted(route=route))


@pytest.mark.parametrize("category", [Category.SUGGESTION, Category.ACCUSATION])
def test_arts_29_and_30_suggestions_and_accusations_are_accepted_without_a_route(category: Category) -> None:
    given = handoff_received(category=category)
    case.given(given).when(AcceptPetition()).then(accepted(category=category, route=None))


def test_art_31_an_appeal_without_a_route_is_refused() -> None:
    case.given(*AT_HOUSING).when(AcceptPetition()).then_refused("ROUTE_MISMATCH")


@pytest.mark.parametrize("category", [Category.SUGGESTION, Category.ACCUSATION])
def test_art_31_only_an_appeal_has_a_route(category: Category) -> None:
    given = handoff_received(category=category)
    case.given(given).when(AcceptPetition(route=Route.LITIGATION)).then_refused("ROUTE_MISMATCH")


def test_what_has_no_category_is_not_accepted_yet() -> None:
    case.given(registered(HOUSING)).when(AcceptPetition()).then_refused("NOT_CLASSIFIED")


def test_a_petition_is_accepted_once() -> None:
    again = AcceptPetition(route=Route.PETITION_PROCEDURE)
    case.given(*AT_HOUSING, accepted()).when(again).then_refused("WRONG_PHASE")


@pytest.mark.parametrize("reason", RefusalReason)
def test_art_44_3_a_petition_is_declined_with_the_reason_the_petitioner_is_told(reason: RefusalReason) -> None:
    # What each reason needs besides, and what is refused without it, stands in `test_intake`.
    said: dict[str, Any] = {"related_petition_id": EARLIER, "directed_to": Organ.OTHER_AGENCY}
    command = DeclinePetition(reason=reason, explanation=sealed(), same_facts=True, same_reasons=True, **said)
    case.given(registered(HOUSING)).when(command).then(not_accepted(reason=reason, **said))


def test_an_unclassified_petition_can_be_declined() -> None:
    command = DeclinePetition(reason=RefusalReason.NOT_A_PETITION_MATTER, explanation=sealed())
    case.given(registered()).when(command).then(not_accepted(PETITIONS, reason=RefusalReason.NOT_A_PETITION_MATTER))


def test_what_is_accepted_can_no_longer_be_declined() -> None:
    command = DeclinePetition(reason=RefusalReason.OUTSIDE_POWERS, explanation=sealed())
    case.given(*AT_HOUSING, accepted()).when(command).then_refused("WRONG_PHASE")
