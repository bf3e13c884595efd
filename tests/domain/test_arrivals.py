"""What other agencies send: each addressed fact becomes this agency's own fact, once, and only in the right case."""

from typing import Any
from uuid import UUID

import pytest

from domain.case import ADDRESSED, MaterialsUnsealed, objection, routing
from domain.event import Event
from domain.vocabulary import Category, HandoffKind, Provenance, Purpose
from tests.domain.facts import (
    ASSIGNED_TO_HOUSING,
    HOUSING,
    LABOUR,
    NOW,
    OFFERED_BY_PETITIONS,
    PETITION,
    PETITIONS,
    RECEIVED,
    SECOND,
    handed_off,
    handoff_confirmed,
    handoff_received,
    objection_answered,
    objection_raised,
    objection_received,
    objection_rejected,
    objection_upheld,
    on,
    receipt_notified,
    registered,
    report_received,
    reported_back,
    sealed,
)
from tests.domain.story import Story, case

OFFERED = case.given(*OFFERED_BY_PETITIONS)
OBJECTING = case.given(handoff_received(), objection_raised())
PASSED_ON = case.given(*ASSIGNED_TO_HOUSING)

# For each addressed fact: the case it arrives at, the addressee, the fact as sent, and the fact that follows.
ARRIVALS: dict[str, tuple[Story, str, Any, Any]] = {
    "HandedOff": (case, HOUSING, handed_off(), handoff_received(time=NOW)),
    "HandoffReceived": (OFFERED, PETITIONS, handoff_received(), handoff_confirmed(received_time=RECEIVED)),
    "ObjectionRaised": (OFFERED, PETITIONS, objection_raised(), objection_received()),
    "ObjectionUpheld": (OBJECTING, HOUSING, objection_upheld(), objection_answered(upheld=True)),
    "ObjectionRejected": (
        OBJECTING,
        HOUSING,
        objection_rejected(explanation=sealed()),
        objection_answered(upheld=False, explanation=sealed()),
    ),
    "ReportedBack": (OFFERED, PETITIONS, reported_back(), report_received()),
}
CASES = pytest.mark.parametrize(("story", "agency", "sent", "expected"), ARRIVALS.values(), ids=ARRIVALS)


def test_every_addressed_fact_of_the_road_is_tried() -> None:
    # The other chapters try theirs beside their own rules.
    road = {*routing.CHAPTER.receive, *objection.CHAPTER.receive}
    assert {type(sent) for _, _, sent, _ in ARRIVALS.values()} == road
    assert road <= ADDRESSED


@CASES
def test_an_addressed_fact_becomes_the_addressees_own(story: Story, agency: str, sent: Event, expected: Any) -> None:
    story.when_arrives(sent, agency=agency, cause=expected.cause).then(expected)


@CASES
def test_a_fact_is_taken_once_whatever_is_redelivered(story: Story, agency: str, sent: Event, expected: Any) -> None:
    told = story.given(expected)
    for _ in range(3):
        told.when_arrives(sent, agency=agency, cause=expected.cause).then()


@CASES
def test_a_redelivery_long_after_is_still_known(story: Story, agency: str, sent: Event, expected: Any) -> None:
    came_again = handoff_received(agency, LABOUR, SECOND, on("2023-03-05"), cause="labour:2")
    story.given(expected, came_again).when_arrives(sent, agency=agency, cause=expected.cause).then()


@CASES
def test_a_fact_addressed_to_another_agency_is_refused(story: Story, agency: str, sent: Event, expected: Any) -> None:
    assert agency != LABOUR
    story.when_arrives(sent, agency=LABOUR, cause=expected.cause).then_refused("NOT_ADDRESSED")


@CASES
def test_a_fact_of_another_petition_is_refused(story: Story, agency: str, sent: Event, expected: Any) -> None:
    elsewhere = sent.model_copy(update={"petition_id": UUID(int=2)})
    started = story if story.past else case.given(handoff_received())
    started.when_arrives(elsewhere, agency=agency, cause=expected.cause).then_refused("WRONG_CASE")


@pytest.mark.parametrize("name", [name for name in ARRIVALS if name != "HandedOff"])
def test_only_a_handoff_can_begin_a_case(name: str) -> None:
    _, agency, sent, expected = ARRIVALS[name]
    case.when_arrives(sent, agency=agency, cause=expected.cause).then_refused("CASE_UNKNOWN")


@pytest.mark.parametrize("changes", [{"handoff_id": SECOND}, {"agency": LABOUR}])
@pytest.mark.parametrize("name", ["ObjectionRaised", "ObjectionUpheld", "ObjectionRejected"])
def test_an_objection_and_its_answer_must_belong_to_a_handoff_of_the_case(name: str, changes: dict[str, Any]) -> None:
    story, agency, sent, _ = ARRIVALS[name]
    story.when_arrives(sent.model_copy(update=changes), agency=agency).then_refused("HANDOFF_UNKNOWN")


def test_what_is_addressed_to_nobody_is_refused() -> None:
    unsealed = MaterialsUnsealed(
        petition_id=PETITION, agency=PETITIONS, occurred_time=NOW, official="clerk-7", purpose=Purpose.HANDLING
    )
    OFFERED.when_arrives(receipt_notified(), agency=PETITIONS).then_refused("NOT_ADDRESSED")
    OFFERED.when_arrives(unsealed, agency=PETITIONS).then_refused("NOT_ADDRESSED")


def test_art_30_3_an_accusation_that_reaches_the_accused_is_not_taken_in() -> None:
    leaked = handed_off(category=Category.ACCUSATION, accused_agencies=(HOUSING,))
    case.when_arrives(leaked, agency=HOUSING).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_an_assignment_arrives_with_its_report_date() -> None:
    report = on("2023-04-01").date()
    sent = handed_off(kind=HandoffKind.ASSIGNMENT, report_due_date=report)
    case.when_arrives(sent, agency=HOUSING, cause="petitions:3").then(
        handoff_received(time=NOW, kind=HandoffKind.ASSIGNMENT, report_due_date=report)
    )


def test_receipt_is_the_arrival_in_the_system_not_the_sending() -> None:
    case.at(on("2023-03-06")).when_arrives(handed_off(), agency=HOUSING, cause="petitions:3").then(
        handoff_received(time=on("2023-03-06"))
    )


def test_a_handoff_from_older_records_arrived_when_it_was_sent() -> None:
    sent = handed_off(time=RECEIVED, provenance=Provenance.IMPORTED)
    case.open_for_history_before(NOW).when_arrives(sent, agency=HOUSING, cause="petitions:3").then(
        handoff_received(time=RECEIVED, provenance=Provenance.SYNTHETIC)
    )


def test_a_node_closed_for_history_receives_old_records_as_new() -> None:
    sent = handed_off(time=RECEIVED, provenance=Provenance.IMPORTED)
    case.when_arrives(sent, agency=HOUSING, cause="petitions:3").then(handoff_received(time=NOW))


def test_a_petition_that_comes_back_to_its_first_agency_continues_its_case() -> None:
    story = case.given(*OFFERED_BY_PETITIONS)
    sent = handed_off(HOUSING, PETITIONS, SECOND)
    story.when_arrives(sent, agency=PETITIONS, cause="housing:5").then(
        handoff_received(PETITIONS, HOUSING, SECOND, NOW, cause="housing:5")
    )
    assert registered() in story.past
