"""Major and urgent matters, Art. 25: flagged to the own-level office, reported further, acknowledged, each once."""

from datetime import timedelta

import pytest

from domain.case import (
    Case,
    FlagUrgent,
    Phase,
    RecordUrgentAcknowledgement,
    ReportUrgent,
    UnsealMaterials,
)
from domain.vocabulary import Category, Purpose, Urgency, UrgentRecipient
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    LABOUR,
    NOW,
    OFFICE,
    PETITIONS,
    SECOND,
    classified,
    handed_off,
    handoff_received,
    registered,
    sealed,
)
from tests.domain.facts_joint import (
    COUNTY_AGENCIES,
    flagged,
    urgent_acknowledged,
    urgent_received,
    urgent_reported,
)
from tests.domain.story import Story, case

HOLDER = case.given(*AT_HOUSING)
FLAGGED = HOLDER.given(flagged())
FLAG = FlagUrgent(level=Urgency.URGENT, to_agency=OFFICE, measures=sealed("measures"))
COMMITTEE = UrgentRecipient.PARTY_COMMITTEE_AND_GOVERNMENT
UPWARD = (UrgentRecipient.HIGHER_PETITION_DEPARTMENT, UrgentRecipient.NATIONAL_ADMINISTRATION)


def state(story: Story) -> Case:
    assert story.case is not None
    return story.case


@pytest.mark.parametrize("story", [HOLDER, HOLDER.among(*COUNTY_AGENCIES)], ids=["silent directory", "county"])
def test_art_25_1_what_is_urgent_is_notified_to_the_own_level_office(story: Story) -> None:
    story.when(FLAG).then(flagged())


def test_art_25_1_who_handed_the_petition_on_may_still_flag_it() -> None:
    HOLDER.given(handed_off(HOUSING, LABOUR, SECOND)).when(FLAG).then(flagged())


def test_art_25_1_no_other_agency_than_the_own_office_is_notified() -> None:
    wrong = FLAG.model_copy(update={"to_agency": PETITIONS})
    refusal = HOLDER.among(*COUNTY_AGENCIES).when(wrong).then_refused("NOT_THE_OWN_OFFICE")
    assert OFFICE in refusal.remedy


def test_art_25_1_a_matter_is_flagged_once_and_after_it_was_classified() -> None:
    FLAGGED.when(FLAG).then_refused("ALREADY_FLAGGED_URGENT")
    case.given(registered()).when(FLAG).then_refused("NOT_CLASSIFIED")


def test_art_30_3_an_accused_office_is_not_told() -> None:
    accused = case.given(handoff_received(category=Category.ACCUSATION, accused_agencies=(OFFICE,)))
    accused.when(FLAG).then_refused("ACCUSATION_REACHES_ACCUSED")


def test_art_25_1_the_office_is_informed_and_the_flagger_learns_that_it_is() -> None:
    case.when_arrives(flagged(), agency=OFFICE).then(urgent_received())
    office = case.given(urgent_received())
    assert (state(office).phase, state(office).urgency) == (Phase.INFORMED, Urgency.URGENT)
    assert isinstance(office.when(UnsealMaterials(official="clerk-7", purpose=Purpose.SUPERVISION)).decision, tuple)
    FLAGGED.when_arrives(urgent_received(), agency=HOUSING, cause="office:1").then(
        urgent_acknowledged(cause="office:1")
    )


def test_art_25_1_an_office_that_holds_the_petition_goes_on_holding_it() -> None:
    holding = case.given(handoff_received(OFFICE), urgent_received())
    assert (state(holding).phase, state(holding).urgency) == (Phase.OPEN, Urgency.URGENT)
    informed = case.given(urgent_received(), handoff_received(OFFICE, HOUSING, cause="housing:8"))
    assert (state(informed).phase, state(informed).urgency) == (Phase.OPEN, Urgency.URGENT)


def test_art_25_1_each_further_recipient_is_told_once() -> None:
    FLAGGED.when(ReportUrgent(recipient=COMMITTEE)).then(urgent_reported(COMMITTEE))
    told = FLAGGED.given(urgent_reported(COMMITTEE))
    told.when(ReportUrgent(recipient=COMMITTEE)).then_refused("ALREADY_REPORTED_URGENT")
    FLAGGED.when(ReportUrgent(recipient=UrgentRecipient.JOINT_MEETING_OFFICE)).then_refused("ALREADY_REPORTED_URGENT")
    HOLDER.when(ReportUrgent(recipient=COMMITTEE)).then_refused("NOT_FLAGGED_URGENT")


@pytest.mark.parametrize("recipient", UPWARD)
def test_art_25_2_only_petition_departments_report_upward(recipient: UrgentRecipient) -> None:
    FLAGGED.when(ReportUrgent(recipient=recipient)).then_refused("REPORTED_BY_PETITION_DEPARTMENT")
    department = case.given(registered(), classified(), flagged(PETITIONS))
    department.when(ReportUrgent(recipient=recipient)).then(urgent_reported(recipient, PETITIONS))


def test_art_25_an_acknowledgement_follows_a_report_and_comes_once() -> None:
    acknowledge = RecordUrgentAcknowledgement(recipient=COMMITTEE, acknowledged_time=NOW)
    FLAGGED.when(acknowledge).then_refused("URGENT_NOT_REPORTED")
    told = FLAGGED.given(urgent_reported(COMMITTEE))
    told.when(acknowledge).then(urgent_acknowledged(COMMITTEE))
    told.given(urgent_acknowledged(COMMITTEE)).when(acknowledge).then_refused("ALREADY_ACKNOWLEDGED_URGENT")


def test_art_25_an_acknowledgement_lies_between_receipt_and_now() -> None:
    told = FLAGGED.given(urgent_reported(COMMITTEE))
    for shift, code in ((timedelta(days=-30), "TIME_BEFORE_RECEIPT"), (timedelta(days=1), "TIME_IN_FUTURE")):
        late = RecordUrgentAcknowledgement(recipient=COMMITTEE, acknowledged_time=NOW + shift)
        told.when(late).then_refused(code)


def test_art_25_1_a_flag_shows_nothing_in_clear() -> None:
    stored = flagged().model_dump_json()
    assert '"measures":{"origin"' in stored
