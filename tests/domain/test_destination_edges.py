"""Where a petition may be handed, at the edges: the day itself, other procedures, who is party, what is no ruling."""

from datetime import date
from typing import Any

from domain.case import DivertedToProcedure, HandOff
from domain.jurisdiction import Agency
from domain.vocabulary import AgencyKind, HandoffKind
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    OFFERED_BY_PETITIONS,
    OFFICE,
    SECOND,
    accepted,
    handed_off,
    handoff_received,
    report_received,
)
from tests.domain.facts_handling import fact
from tests.domain.facts_joint import COUNTY, COUNTY_AGENCIES, GOVERNMENT
from tests.domain.story import case

HEIR, SECTION = "heir", "labour-section"
HOLDER = case.given(*AT_HOUSING)
TODAY = date(2023, 3, 3)


def gone(agency: str, kind: AgencyKind) -> tuple[Agency, Agency]:
    """An agency that is abolished from today on, and its heir."""
    return Agency(agency, kind, COUNTY, abolished=TODAY, successors=(HEIR,)), Agency(HEIR, kind, COUNTY)


def hand_off(to_agency: str, kind: HandoffKind = HandoffKind.TRANSFER, **changes: object) -> HandOff:
    fields = {"handoff_id": SECOND, "kind": kind, "to_agency": to_agency}
    return HandOff.model_validate(fields | changes)


def test_art_24_2_on_the_first_day_without_it_nothing_is_handed_to_an_agency() -> None:
    HOLDER.among(*gone(LABOUR, KINDS[LABOUR])).when(hand_off(LABOUR)).then_refused("AGENCY_ABOLISHED")


def test_art_24_2_what_an_abolished_agency_led_into_another_procedure_goes_to_its_heir_too() -> None:
    story = HOLDER.given(accepted(), fact(DivertedToProcedure)).among(*gone(HOUSING, KINDS[HOUSING]))
    story.when(hand_off(HEIR, HandoffKind.SUCCESSION)).then(
        handed_off(HOUSING, HEIR, SECOND, kind=HandoffKind.SUCCESSION)
    )
    refusal = story.when(hand_off(HEIR)).then_refused("WRONG_PHASE")
    assert "open" in refusal.message


def test_art_24_1_an_office_that_ended_hands_a_dispute_to_its_heir_and_decides_nothing_by_it() -> None:
    asked = case.given(handoff_received(OFFICE, HOUSING, kind=HandoffKind.DISPUTE, disputing=(LABOUR,)))
    story = asked.among(*gone(OFFICE, KINDS[OFFICE]))
    story.when(hand_off(HEIR, HandoffKind.SUCCESSION)).then(
        handed_off(OFFICE, HEIR, SECOND, kind=HandoffKind.SUCCESSION, is_ruling=False)
    )


def test_art_24_1_who_puts_a_dispute_is_itself_a_party_to_it() -> None:
    # The section's own superior is above the other party only.
    county = HOLDER.among(*COUNTY_AGENCIES, Agency(SECTION, AgencyKind.AGENCY, COUNTY, LABOUR))
    dispute: dict[str, Any] = {"kind": HandoffKind.DISPUTE, "disputing": (SECTION,)}
    county.when(hand_off(GOVERNMENT, **dispute)).then(handed_off(HOUSING, GOVERNMENT, SECOND, **dispute))
    county.when(hand_off(LABOUR, **dispute)).then_refused("NOT_THE_COMMON_SUPERIOR")


def test_art_22_1_3_an_assignment_may_be_due_on_its_own_day() -> None:
    assignment: dict[str, Any] = {"kind": HandoffKind.ASSIGNMENT, "report_due_date": NOW.date()}
    HOLDER.when(hand_off(LABOUR, **assignment)).then(handed_off(HOUSING, LABOUR, SECOND, **assignment))


def test_art_22_1_3_who_assigned_knows_that_the_report_came() -> None:
    known = case.given(*OFFERED_BY_PETITIONS, report_received()).case
    assert known is not None
    assert known.outgoing is not None
    assert known.outgoing.reported
