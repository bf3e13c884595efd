"""Where a petition may be handed: disputes and rulings (24(1)), succession (24(2)), organs (23(4)), live matters."""

from datetime import date
from typing import Any

import pytest

from domain.case import HandOff, RaiseObjection
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import AgencyKind, HandoffKind, ObjectionReason
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    LABOUR,
    NOW,
    OFFICE,
    PETITIONS,
    SECOND,
    THIRD,
    accepted,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    sealed,
)
from tests.domain.facts_joint import COUNTY, COUNTY_AGENCIES, GOVERNMENT
from tests.domain.story import Story, case

DISCIPLINE, HEIR, OUTSIDER = "discipline", "housing-and-land", "outsider"
REORGANISED = (
    *(one for one in COUNTY_AGENCIES if one.agency != HOUSING),
    Agency(HOUSING, AgencyKind.AGENCY, COUNTY, GOVERNMENT, abolished=date(2023, 3, 2), successors=(HEIR,)),
    Agency(HEIR, AgencyKind.AGENCY, COUNTY, GOVERNMENT),
)
HOLDER = case.given(*AT_HOUSING)
COUNTY_STORY = HOLDER.among(*COUNTY_AGENCIES)
DISPUTE: dict[str, Any] = {"kind": HandoffKind.DISPUTE, "disputing": (LABOUR,)}
ASKED = case.given(handoff_received(OFFICE, HOUSING, **DISPUTE))


def hand_off(to_agency: str, kind: HandoffKind, **changes: Any) -> HandOff:
    return HandOff(handoff_id=SECOND, kind=kind, to_agency=to_agency, **changes)


def dispute(to_agency: str, *disputing: str) -> HandOff:
    return hand_off(to_agency, HandoffKind.DISPUTE, disputing=disputing)


def sent(to_agency: str, **changes: Any) -> Event:
    return handed_off(HOUSING, to_agency, SECOND, **changes)


def test_art_24_1_a_dispute_goes_to_the_common_superior() -> None:
    COUNTY_STORY.when(dispute(GOVERNMENT, LABOUR)).then(sent(GOVERNMENT, **DISPUTE))
    refusal = COUNTY_STORY.when(dispute(OFFICE, LABOUR)).then_refused("NOT_THE_COMMON_SUPERIOR")
    assert GOVERNMENT in refusal.remedy


def test_art_24_1_without_a_common_superior_it_goes_to_the_common_joint_meeting() -> None:
    COUNTY_STORY.when(dispute(OFFICE, PETITIONS)).then(sent(OFFICE, kind=HandoffKind.DISPUTE, disputing=(PETITIONS,)))
    refusal = COUNTY_STORY.when(dispute(GOVERNMENT, PETITIONS)).then_refused("NOT_THE_COMMON_SUPERIOR")
    assert OFFICE in refusal.remedy


def test_art_24_1_where_the_directory_is_silent_any_joint_meeting_office_coordinates() -> None:
    silent = HOLDER.among(*(Agency(one, kind) for one, kind in ((OFFICE, AgencyKind.JOINT_MEETING_OFFICE),)))
    silent.when(dispute(OFFICE, LABOUR)).then(sent(OFFICE, **DISPUTE))
    known = HOLDER.among(Agency(OUTSIDER, AgencyKind.AGENCY, "990200"))
    known.when(dispute(OUTSIDER, LABOUR)).then_refused("NOT_THE_COMMON_SUPERIOR")


@pytest.mark.parametrize("command", [dispute(OFFICE), dispute(OFFICE, HOUSING)], ids=["nobody", "oneself"])
def test_art_24_1_a_dispute_names_another_agency(command: HandOff) -> None:
    HOLDER.when(command).then_refused("NO_DISPUTE")


def test_art_24_1_no_other_hand_off_names_disputing_agencies() -> None:
    command = hand_off(LABOUR, HandoffKind.TRANSFER, disputing=(PETITIONS,))
    HOLDER.when(command).then_refused("NO_DISPUTE")


def test_art_24_1_whoever_is_asked_decides_and_passes_on_no_ruling_with_the_dispute() -> None:
    ruling = handed_off(OFFICE, LABOUR, SECOND, is_ruling=True)
    ASKED.when(hand_off(LABOUR, HandoffKind.TRANSFER)).then(ruling)
    upward = handed_off(OFFICE, GOVERNMENT, SECOND, **DISPUTE)
    ASKED.when(dispute(GOVERNMENT, LABOUR)).then(upward)


def test_art_24_1_a_ruling_is_neither_objected_to_nor_disputed_again() -> None:
    arrived = handoff_received(LABOUR, OFFICE, SECOND, NOW, is_ruling=True, cause="office:1")
    case.when_arrives(handed_off(OFFICE, LABOUR, SECOND, is_ruling=True), agency=LABOUR, cause="office:1").then(arrived)
    ruled = case.given(arrived)
    objection = RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=sealed())
    ruled.when(objection).then_refused("JURISDICTION_DECIDED")
    ruled.when(dispute(OFFICE, HOUSING)).then_refused("JURISDICTION_DECIDED")


@pytest.mark.parametrize("past", [(), (accepted(),)], ids=["open", "accepted"])
def test_art_24_2_what_an_abolished_agency_held_goes_to_its_heir(past: tuple[Event, ...]) -> None:
    story = HOLDER.given(*past).among(*REORGANISED)
    story.when(hand_off(HEIR, HandoffKind.SUCCESSION)).then(sent(HEIR, kind=HandoffKind.SUCCESSION))
    refusal = story.when(hand_off(LABOUR, HandoffKind.SUCCESSION)).then_refused("NOT_THE_SUCCESSOR")
    assert HEIR in refusal.remedy


def test_art_24_2_an_agency_that_stands_has_no_heir() -> None:
    COUNTY_STORY.when(hand_off(LABOUR, HandoffKind.SUCCESSION)).then_refused("NOT_THE_SUCCESSOR")


def test_art_24_2_an_accepted_petition_is_handed_on_in_no_other_way() -> None:
    story = HOLDER.given(accepted()).among(*REORGANISED)
    story.when(hand_off(HEIR, HandoffKind.TRANSFER)).then_refused("WRONG_PHASE")


@pytest.mark.parametrize("kind", [HandoffKind.TRANSFER, HandoffKind.ASSIGNMENT])
def test_art_23_3_a_petition_goes_back_to_its_sender_only_by_an_objection(kind: HandoffKind) -> None:
    named = {"report_due_date": date(2023, 4, 1)} if kind is HandoffKind.ASSIGNMENT else {}
    HOLDER.when(hand_off(PETITIONS, kind, **named)).then_refused("OBJECTION_INSTEAD")
    earlier = date(2022, 4, 30)
    older = case.given(handoff_received(first_received_time=on(str(earlier))))
    older.when(hand_off(PETITIONS, HandoffKind.TRANSFER)).then(
        handed_off(HOUSING, PETITIONS, SECOND, first_received_time=on(str(earlier)))
    )


def test_art_24_2_the_heir_does_not_object() -> None:
    heir = case.given(handoff_received(LABOUR, kind=HandoffKind.SUCCESSION))
    objection = RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=sealed())
    heir.when(objection).then_refused("SUCCESSION_STANDS")


def test_art_24_2_nothing_is_handed_to_an_abolished_agency() -> None:
    at_labour = case.given(handoff_received(LABOUR)).among(*REORGANISED)
    refusal = at_labour.when(hand_off(HOUSING, HandoffKind.TRANSFER)).then_refused("AGENCY_ABOLISHED")
    assert HEIR in refusal.remedy
    before = at_labour.at(on("2023-03-01", "23:59"))
    before.when(hand_off(HOUSING, HandoffKind.TRANSFER)).then(
        handed_off(LABOUR, HOUSING, SECOND, on("2023-03-01", "23:59"))
    )


@pytest.mark.parametrize("kind", [AgencyKind.DISCIPLINE_ORGAN, AgencyKind.POLITICAL_LEGAL_ORGAN])
def test_art_23_4_an_organ_with_rules_of_its_own_is_referred_to_and_not_assigned(kind: AgencyKind) -> None:
    story = HOLDER.among(Agency(DISCIPLINE, kind))
    assigned = hand_off(DISCIPLINE, HandoffKind.ASSIGNMENT, report_due_date=date(2023, 4, 1))
    story.when(assigned).then_refused("ORGAN_NOT_ASSIGNED")
    story.when(hand_off(DISCIPLINE, HandoffKind.REFERRAL)).then(sent(DISCIPLINE, kind=HandoffKind.REFERRAL))


HANDLED = HOLDER.given(accepted())
SERVED = HANDLED.given(opinion_issued(), opinion_served())


@pytest.mark.parametrize(
    "story",
    [HANDLED, HANDLED.given(opinion_issued()), SERVED],
    ids=["accepted", "opinion issued", "served"],
)
def test_art_24_1_nobody_is_handed_what_it_handles_already(story: Story) -> None:
    again = handed_off(LABOUR, HOUSING, THIRD)
    story.when_arrives(again, agency=HOUSING, cause="labour:1").then_refused("ALREADY_HANDLED_HERE")


def test_art_24_1_a_petition_may_come_round_to_who_handed_it_on() -> None:
    story = HOLDER.given(sent(LABOUR))
    again = handed_off(LABOUR, HOUSING, THIRD)
    story.when_arrives(again, agency=HOUSING, cause="labour:1").then(
        handoff_received(HOUSING, LABOUR, THIRD, NOW, cause="labour:1")
    )
