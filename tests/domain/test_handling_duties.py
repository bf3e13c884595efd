"""The duties and windows from acceptance on: D10 with its extension, the D11 rows and D12, Arts. 29-35."""

import pytest

from domain.duties import Status
from domain.vocabulary import Category, Route
from tests.domain.facts import (
    JUST_BEFORE,
    RECEIVED,
    accepted,
    extended,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
)
from tests.domain.ledger import LATER, OF_2005, duties_after

# Accepted on 1 March 2023: sixty days end on 30 April, ninety on 30 May.

ACCEPTED = (handoff_received(), accepted(time=RECEIVED))


def test_art_34_the_sixty_days_run_from_acceptance() -> None:
    assert duties_after(*ACCEPTED)["D10"].due_date == on("2023-04-30").date()


@pytest.mark.parametrize("route", [route for route in Route if route is not Route.PETITION_PROCEDURE])
def test_art_31_other_routes_follow_their_own_law(route: Route) -> None:
    assert "D10" not in (after := duties_after(handoff_received(), accepted(route=route)))
    assert after["D11-PROCEDURE"].due_date is None


@pytest.mark.parametrize("category", [Category.SUGGESTION, Category.ACCUSATION])
def test_arts_29_and_30_suggestions_and_accusations_have_no_sixty_days(category: Category) -> None:
    duties = duties_after(handoff_received(category=category), accepted(category=category, route=None))
    assert "D10" not in duties
    assert duties[f"D11-{category.upper()}"].is_open


@pytest.mark.parametrize("category", [Category.SUGGESTION, Category.ACCUSATION])
def test_of_2005_art_33_the_sixty_days_run_for_every_category(category: Category) -> None:
    given = handoff_received(category=category, first_received_time=OF_2005)
    duty = duties_after(given, accepted(time=RECEIVED, category=category, route=None))["D10"]
    assert (duty.article, duty.due_date) == ("2005 Regulations Art. 33", on("2023-04-30").date())


def test_handling_is_complete_when_the_opinion_is_served_not_when_it_is_written() -> None:
    issued = (*ACCEPTED, opinion_issued())
    assert duties_after(*issued)["D10"].is_open
    in_time, too_late = on("2023-05-01", "00:00") + JUST_BEFORE, on("2023-05-01", "00:00")
    assert duties_after(*issued, opinion_served(time=in_time))["D10"].status(LATER) is Status.MET
    assert duties_after(*issued, opinion_served(time=too_late))["D10"].status(LATER) is Status.LATE


def test_art_34_an_extension_moves_the_same_duty() -> None:
    before, after = duties_after(*ACCEPTED)["D10"], duties_after(*ACCEPTED, extended(days=30))["D10"]
    assert (after.duty_id, after.due_date, after.extension_days) == (before.duty_id, on("2023-05-30").date(), 30)
    assert "+ 90 calendar days" in after.arithmetic


def test_art_35_the_petitioners_window_opens_with_service_and_is_the_petitioners() -> None:
    window = duties_after(*ACCEPTED, opinion_issued(), opinion_served(time=on("2023-03-10")))["D12"]
    # Thirty days from 10 March end on Sunday 9 April, moved to Monday.
    assert (window.debtor, window.due_date) == ("petitioner", on("2023-04-10").date())
    assert window.status(on("2023-04-11", "00:00")) is Status.LAPSED
