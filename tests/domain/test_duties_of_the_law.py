"""What each further article makes an agency owe: urgent matters, assistance, streams, other procedures, simplified."""

from typing import Any

import pytest

from domain.case import (
    AccusationConcluded,
    AssistanceReceived,
    AssistanceReported,
    AssistanceWithdrawalReceived,
    DivertedToProcedure,
    ProcedureConcluded,
    ResumedFromProcedure,
    Settled,
    SimplifiedHandlingChosen,
    SuggestionDecided,
    SuggestionReplied,
    UrgentAcknowledged,
    UrgentFlagged,
    UrgentReported,
)
from domain.duties import Status
from domain.event import Event
from domain.vocabulary import (
    Adoption,
    AgencyKind,
    Category,
    HandoffKind,
    Route,
    Urgency,
    UrgentRecipient,
)
from tests.domain.facts import (
    HOUSING,
    LABOUR,
    NOW,
    OFFICE,
    PETITION,
    PETITIONS,
    RECEIVED,
    SECOND,
    accepted,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    registered,
    sealed,
)
from tests.domain.facts_handling import fact
from tests.domain.ledger import LATER, OF_2005, duties_after, open_after

TAKEN_IN = (handoff_received(), accepted())


def frame(agency: str = HOUSING, **changes: Any) -> dict[str, Any]:
    return {"petition_id": PETITION, "agency": agency, "occurred_time": NOW} | changes


# --- organs with a clock of their own, Art. 23(4) ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AgencyKind.DISCIPLINE_ORGAN, AgencyKind.POLITICAL_LEGAL_ORGAN])
@pytest.mark.parametrize("came_by", list(HandoffKind))
def test_art_23_4_an_organ_tells_the_petitioner_by_its_own_rules(kind: AgencyKind, came_by: HandoffKind) -> None:
    named = on("2023-04-01").date() if came_by is HandoffKind.ASSIGNMENT else None
    owed = open_after(handoff_received(kind=came_by, agency_kind=kind, report_due_date=named))
    expected = "D7" if came_by is HandoffKind.DISPUTE else "D6"
    assert owed[expected] is None
    assert owed.keys() <= {"D6", "D7", "D2"}


def test_art_23_4_a_petition_filed_at_an_organ_runs_under_its_own_rules_too() -> None:
    assert open_after(registered(HOUSING, agency_kind=AgencyKind.DISCIPLINE_ORGAN)) == {"D6": None}


# --- several agencies, Art. 24 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", [HOUSING, PETITIONS, OFFICE])
def test_art_24_1_whoever_is_asked_settles_who_handles_it(agency: str) -> None:
    asked = handoff_received(agency, kind=HandoffKind.DISPUTE)
    assert open_after(asked) == {"D7": None}
    settled = duties_after(asked, handed_off(agency, LABOUR, SECOND))
    assert settled["D7"].status(LATER) is Status.MET


def test_art_24_2_the_successor_tells_the_petitioner_and_decides() -> None:
    assert open_after(handoff_received(kind=HandoffKind.SUCCESSION)) == {"D4": "2023-03-16", "D4-ACCEPTANCE": None}


def assistance(event: type[Event], **changes: Any) -> Event:
    return event(**frame(LABOUR, cause="sender:1", assistance_id=SECOND) | changes)


def asked_to_assist(**changes: Any) -> Event:
    shared = {
        "first_received_time": RECEIVED,
        "category": Category.APPEAL,
        "to_agency": LABOUR,
        "from_agency": HOUSING,
        "agency_kind": AgencyKind.AGENCY,
        "request": sealed("request"),
    }
    known = AssistanceReceived.model_fields
    return assistance(AssistanceReceived, **{name: value for name, value in shared.items() if name in known} | changes)


def test_art_24_1_an_assistant_reports_by_the_named_day_or_without_a_date() -> None:
    named = duties_after(asked_to_assist(report_due_date=on("2023-04-01").date()))["D7-ASSIST"]
    assert (named.debtor, named.due_date, named.handoff_id) == (LABOUR, on("2023-04-01").date(), SECOND)
    assert open_after(asked_to_assist()) == {"D7-ASSIST": None}


def test_art_24_1_an_assistant_is_done_by_its_report_and_released_by_a_withdrawal() -> None:
    reported = AssistanceReported(**frame(LABOUR, assistance_id=SECOND, to_agency=HOUSING, report=sealed("report")))
    assert duties_after(asked_to_assist(), reported)["D7-ASSIST"].status(LATER) is Status.MET
    withdrawn = assistance(AssistanceWithdrawalReceived, from_agency=HOUSING)
    assert duties_after(asked_to_assist(), withdrawn)["D7-ASSIST"].status(LATER) is Status.RELEASED


# --- major and urgent, Art. 25 ----------------------------------------------------------------------------------------

RECIPIENTS = {
    "D8-COMMITTEE": UrgentRecipient.PARTY_COMMITTEE_AND_GOVERNMENT,
    "D8-DEPARTMENT": UrgentRecipient.COMPETENT_DEPARTMENT,
    "D8-OFFICE": UrgentRecipient.JOINT_MEETING_OFFICE,
    "D9-SUPERIOR": UrgentRecipient.HIGHER_PETITION_DEPARTMENT,
    "D9-NATIONAL": UrgentRecipient.NATIONAL_ADMINISTRATION,
}


def flagged(agency: str = HOUSING) -> Event:
    shared = {"first_received_time": RECEIVED, "category": Category.APPEAL, "accused_agencies": ()}
    known: dict[str, Any] = {name: value for name, value in shared.items() if name in UrgentFlagged.model_fields}
    urgent: dict[str, Any] = {"level": Urgency.URGENT, "to_agency": OFFICE, "measures": sealed("measures")}
    return UrgentFlagged(**frame(agency), **urgent, **known)


def urgent_duties(*events: Event) -> set[str]:
    return {rule_id for rule_id in open_after(*events) if rule_id in RECIPIENTS}


def test_art_25_1_every_agency_owes_three_reports_without_a_figure() -> None:
    assert urgent_duties(registered(HOUSING), flagged()) == {"D8-COMMITTEE", "D8-DEPARTMENT", "D8-OFFICE"}
    assert duties_after(registered(HOUSING), flagged())["D8-OFFICE"].due_date is None


def test_art_25_2_a_petition_department_owes_two_more() -> None:
    assert urgent_duties(registered(PETITIONS), flagged(PETITIONS)) == set(RECIPIENTS)


@pytest.mark.parametrize("rule_id", RECIPIENTS)
def test_art_25_each_report_ends_its_own_duty_and_no_other(rule_id: str) -> None:
    given = (registered(PETITIONS), flagged(PETITIONS))
    reported = UrgentReported(**frame(PETITIONS), recipient=RECIPIENTS[rule_id])
    assert urgent_duties(*given, reported) == RECIPIENTS.keys() - {rule_id}
    acknowledged = UrgentAcknowledged(**frame(PETITIONS), recipient=RECIPIENTS[rule_id], acknowledged_time=NOW)
    assert urgent_duties(*given, acknowledged) == RECIPIENTS.keys() - {rule_id}


def test_of_2005_art_26_the_own_government_is_told() -> None:
    assert urgent_duties(registered(HOUSING, OF_2005), flagged()) == {"D8-COMMITTEE"}


# --- other procedures, Art. 31(1)-(5) ---------------------------------------------------------------------------------

DIVERTED = (*TAKEN_IN, fact(DivertedToProcedure))


def test_art_31_what_is_led_into_another_procedure_has_no_sixty_days_any_more() -> None:
    duties = duties_after(*DIVERTED)
    assert duties["D10"].status(LATER) is Status.RELEASED
    assert (duties["D11-PROCEDURE"].due_date, duties["D11-PROCEDURE"].is_open) == (None, True)


def test_art_31_the_result_of_the_other_procedure_ends_it() -> None:
    assert duties_after(*DIVERTED, fact(ProcedureConcluded))["D11-PROCEDURE"].status(LATER) is Status.MET


def test_art_34_what_comes_back_has_sixty_days_from_that_day() -> None:
    back = (*DIVERTED, fact(ResumedFromProcedure, time=on("2023-06-01"), route=Route.PETITION_PROCEDURE))
    assert open_after(*back)["D10"] == "2023-07-31"
    assert "D11-PROCEDURE" not in open_after(*back)


def test_art_33_an_agreement_completes_the_handling() -> None:
    assert duties_after(*TAKEN_IN, fact(Settled))["D10"].status(LATER) is Status.MET


# --- suggestions and accusations, Arts. 29 and 30 ---------------------------------------------------------------------


def of(category: Category, **changes: Any) -> tuple[Event, ...]:
    return handoff_received(category=category, **changes), accepted(category=category, route=None)


def test_art_29_1_a_suggestion_is_studied_and_decided_on() -> None:
    given = of(Category.SUGGESTION)
    assert open_after(*given)["D11-SUGGESTION"] is None
    rejected = (*given, fact(SuggestionDecided, adoption=Adoption.NOT_ADOPTED))
    assert duties_after(*rejected)["D11-SUGGESTION"].status(LATER) is Status.MET
    assert "D11-REPLY" not in duties_after(*rejected)


@pytest.mark.parametrize("adoption", [Adoption.ADOPTED, Adoption.PARTLY_ADOPTED])
def test_art_29_1_an_adopted_suggestion_is_replied_to(adoption: Adoption) -> None:
    adopted = (*of(Category.SUGGESTION), fact(SuggestionDecided, adoption=adoption))
    assert open_after(*adopted)["D11-REPLY"] is None
    assert duties_after(*adopted, fact(SuggestionReplied))["D11-REPLY"].status(LATER) is Status.MET


def test_of_2005_art_33_a_reply_to_the_suggestion_keeps_the_sixty_days() -> None:
    given = of(Category.SUGGESTION, first_received_time=OF_2005)
    replied = (*given, fact(SuggestionDecided), fact(SuggestionReplied))
    assert duties_after(*replied)["D10"].status(LATER) is Status.MET
    assert duties_after(*given, fact(SuggestionDecided))["D10"].is_open


def test_art_30_1_an_accusation_is_handled_and_answered() -> None:
    given = of(Category.ACCUSATION)
    assert open_after(*given)["D11-ACCUSATION"] is None
    assert duties_after(*given, fact(AccusationConcluded))["D11-ACCUSATION"].status(LATER) is Status.MET


# --- simplified handling ----------------------------------------------------------------------------------------------


def test_simplified_handling_has_no_figure_until_a_place_sets_one() -> None:
    chosen = (handoff_received(), fact(SimplifiedHandlingChosen))
    assert open_after(*chosen)["SIMPLE-ACCEPTANCE"] is None
    simply = accepted(is_simplified=True)
    taken_in = duties_after(*chosen, simply)
    assert taken_in["SIMPLE-ACCEPTANCE"].status(LATER) is Status.MET
    assert (taken_in["SIMPLE-OPINION"].due_date, taken_in["SIMPLE-OPINION"].is_open) == (None, True)
    assert duties_after(*chosen, simply, opinion_issued())["SIMPLE-OPINION"].status(LATER) is Status.MET
    assert "SIMPLE-OPINION" not in duties_after(*TAKEN_IN, opinion_issued(), opinion_served())
