"""Help and urgent reports at their edges: two at once, the day itself, references, an office nobody declared."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.case import (
    Case,
    FlagUrgent,
    ProposeJointHandling,
    RecordUrgentAcknowledgement,
    ReportUrgent,
    RequestAssistance,
)
from domain.event import Event
from domain.jurisdiction import Agency
from domain.vocabulary import Urgency, UrgentRecipient
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    JUST_BEFORE,
    KINDS,
    LABOUR,
    NOW,
    OFFICE,
    PETITIONS,
    RECEIVED,
    on,
    sealed,
)
from tests.domain.facts_joint import (
    HELP,
    JOINT,
    flagged,
    help_received,
    help_requested,
    urgent_acknowledged,
    urgent_received,
    urgent_reported,
)
from tests.domain.story import case

OTHER = UUID(int=999)
HOLDER = case.given(*AT_HOUSING)
COMMITTEE = UrgentRecipient.PARTY_COMMITTEE_AND_GOVERNMENT
JOINT_OFFICE = UrgentRecipient.JOINT_MEETING_OFFICE


def state_after(*past: Event) -> Case:
    state = case.given(*past).case
    assert state is not None
    return state


# --- help -----------------------------------------------------------------------------------------------------------


def test_art_24_1_help_may_be_due_on_the_day_on_which_it_is_asked() -> None:
    today = NOW.date()
    command = RequestAssistance(assistance_id=HELP, to_agency=LABOUR, report_due_date=today, request=sealed("request"))
    HOLDER.when(command).then(help_requested(report_due_date=today))


def test_art_24_1_two_are_asked_for_help_and_one_may_owe_it_twice() -> None:
    asked = state_after(*AT_HOUSING, help_requested(), help_requested(assistance_id=OTHER, to_agency=PETITIONS))
    assert [(one.assistance_id, one.other_agency) for one in asked.assistants] == [(HELP, LABOUR), (OTHER, PETITIONS)]
    owing = state_after(help_received(), help_received(assistance_id=OTHER, cause="sender:2"))
    assert [one.assistance_id for one in owing.assistances] == [HELP, OTHER]


@pytest.mark.parametrize(("number", "is_refused"), [(20, False), (21, True)])
def test_a_proposal_names_at_most_twenty_who_assist(number: int, is_refused: bool) -> None:
    assisting = tuple(f"agency-{one}" for one in range(number))
    if not is_refused:
        assert ProposeJointHandling(joint_id=JOINT, lead=HOUSING, assisting=assisting).assisting == assisting
        return
    with pytest.raises(ValidationError):
        ProposeJointHandling(joint_id=JOINT, lead=HOUSING, assisting=assisting)


# --- urgent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "is_told"), [((), True), ((OFFICE,), True), ((LABOUR,), False)], ids=["nobody", "an office", "a bureau"]
)
def test_art_25_1_where_no_own_office_is_declared_an_office_is_told_and_no_agency_of_another_kind(
    listed: tuple[str, ...], is_told: bool
) -> None:
    # The agencies are listed in a division that is not the holder's.
    elsewhere = HOLDER.among(
        Agency(HOUSING, KINDS[HOUSING], "990101"), *(Agency(one, KINDS[one], "990201") for one in listed)
    )
    target = listed[0] if listed else OFFICE
    command = FlagUrgent(level=Urgency.URGENT, to_agency=target, measures=sealed("measures"))
    if is_told:
        elsewhere.when(command).then(flagged())
    else:
        elsewhere.when(command).then_refused("NOT_THE_OWN_OFFICE")


def test_art_25_report_and_acknowledgement_keep_the_number_of_the_paper() -> None:
    story = HOLDER.given(flagged())
    number = "report:2023/8"
    told = urgent_reported(COMMITTEE, external_reference=number)
    story.when(ReportUrgent(recipient=COMMITTEE, external_reference=number)).then(told)
    acknowledge = RecordUrgentAcknowledgement(recipient=COMMITTEE, acknowledged_time=NOW, external_reference=number)
    story.given(told).when(acknowledge).then(urgent_acknowledged(COMMITTEE, external_reference=number))


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (RECEIVED, ""),
        (RECEIVED + JUST_BEFORE, "TIME_BEFORE_RECEIPT"),
        (NOW + timedelta(minutes=5), ""),
        (NOW + timedelta(minutes=5, microseconds=1), "TIME_IN_FUTURE"),
    ],
)
def test_art_25_an_acknowledgement_lies_between_receipt_and_now(time: object, code: str) -> None:
    story = HOLDER.given(flagged(), urgent_reported(COMMITTEE))
    command = RecordUrgentAcknowledgement.model_validate({"recipient": COMMITTEE, "acknowledged_time": time})
    if code:
        refusal = story.when(command).then_refused(code)
        assert refusal.field == "acknowledged_time"
    else:
        story.when(command).then(urgent_acknowledged(COMMITTEE, acknowledged_time=time))


def test_art_25_1_an_office_that_hears_again_keeps_what_it_reported_itself() -> None:
    again = urgent_received(from_agency=LABOUR, to_agency=LABOUR, occurred_time=on("2023-03-04"), cause="sender:2")
    after = state_after(
        urgent_received(),
        urgent_reported(COMMITTEE, OFFICE),
        urgent_acknowledged(COMMITTEE, agency=OFFICE),
        again,
    )
    assert after.urgent_reports == after.urgent_acknowledged == {JOINT_OFFICE, COMMITTEE}
