"""The ledger at its edges: two hand-offs of one case, two assistances, an extension beside other dates, odd orders."""

from uuid import UUID

from domain.case import HearingClosed, HearingOpened, SimplifiedHandlingChosen
from domain.event import Event, Happening
from domain.vocabulary import HandoffKind
from services.kit.law import law_in_force
from tests.domain.facts import (
    HOUSING,
    LABOUR,
    PETITIONS,
    PROVINCE_HOUSING,
    SECOND,
    accepted,
    extended,
    handed_off,
    handoff_received,
    objection_answered,
    objection_upheld,
    on,
    registered,
)
from tests.domain.facts_handling import fact
from tests.domain.facts_joint import flagged, help_received, help_reported, help_withdrawal_received
from tests.domain.facts_review import requested_again
from tests.domain.ledger import CASE, book_of, duties_after, open_after

OTHER = UUID(int=999)
ASSIGNED = handoff_received(kind=HandoffKind.ASSIGNMENT, report_due_date=on("2023-04-01").date())
SIMPLIFIED = fact(SimplifiedHandlingChosen)


def moved_by(event: Event, *past: Event) -> set[str]:
    """The rules whose duties the event changes after that past."""
    changed = book_of(past).apply(Happening(event, CASE, 99, "node", 99, event.occurred_time), law_in_force(2026))
    return {duty.rule_id for duty in changed}


# --- returns --------------------------------------------------------------------------------------------------------


def test_art_23_3_what_was_taken_back_is_forgotten_when_an_earlier_receipt_counts_again() -> None:
    # Registered on 1 March, passed on, passed back on the 6th, objected to and taken back; then the first one returns.
    back = handoff_received(PETITIONS, HOUSING, SECOND, on("2023-03-06"))
    story = (registered(), handed_off(), back, objection_answered(upheld=True, handoff_id=SECOND, agency=PETITIONS))
    returned = objection_upheld(time=on("2023-03-09"))
    open_duties = duties_after(*story, returned)
    assert open_duties["D1"].due_date == on("2023-03-16").date()
    assert open_duties["D1"].handoff_id is None


def test_art_23_3_after_a_return_the_objector_owes_nothing_new() -> None:
    assert moved_by(flagged(), handoff_received(), objection_answered(upheld=True)) == set()


def test_facts_of_a_case_that_never_received_the_petition_owe_nothing() -> None:
    for stray in (objection_answered(upheld=True), objection_answered(upheld=False), SIMPLIFIED, flagged()):
        assert moved_by(stray) == set()


# --- simplified handling --------------------------------------------------------------------------------------------


def test_simplified_handling_is_of_the_hand_off_that_came_last() -> None:
    twice = (handoff_received(), handoff_received(from_agency=LABOUR, handoff_id=SECOND, time=on("2023-03-02")))
    assert duties_after(*twice, SIMPLIFIED, accepted(is_simplified=True))["SIMPLE-OPINION"].handoff_id == SECOND
    assert "SIMPLE-OPINION" not in open_after(*twice, accepted())


def test_a_rejected_objection_chooses_no_simplified_handling() -> None:
    assert "SIMPLE-OPINION" not in open_after(handoff_received(), objection_answered(upheld=False), accepted())


# --- dates and figures ----------------------------------------------------------------------------------------------


def test_art_34_an_extension_moves_the_sixty_days_and_leaves_the_assignments_date_alone() -> None:
    assert moved_by(extended(), ASSIGNED, accepted()) == {"D10"}
    assert open_after(ASSIGNED, accepted(), extended())["D2"] == "2023-04-01"


def test_where_the_law_has_no_figure_nothing_was_extended_or_used_up() -> None:
    duty = duties_after(handoff_received())["D4-ACCEPTANCE"]
    assert (duty.due_date, duty.extension_days, duty.budget_days, duty.consumed_days) == (None, 0, None, 0)


# --- several assistances --------------------------------------------------------------------------------------------


def test_art_24_1_a_report_meets_the_assistance_that_it_names_and_no_other() -> None:
    twice = (help_received(), help_received(assistance_id=OTHER))
    [duty] = [one for one in book_of((*twice, help_reported())).duties.values() if not one.is_open]
    assert duty.rule_id == "D7-ASSIST"
    assert duty.handoff_id == help_reported().assistance_id
    [gone] = [
        one
        for one in book_of((*twice, help_withdrawal_received(assistance_id=OTHER))).duties.values()
        if one.released_time
    ]
    assert gone.handoff_id == OTHER


# --- words ----------------------------------------------------------------------------------------------------------


def test_art_36_2_the_arithmetic_of_a_re_review_that_stood_still_tells_what_was_used_before_it() -> None:
    asked = requested_again(occurred_time=on("2023-05-08"))
    hearing = [fact(kind, agency=PROVINCE_HOUSING, time=on("2023-05-18")) for kind in (HearingOpened, HearingClosed)]
    duty = duties_after(asked, *hearing)["D15"]
    assert "9 of 30 days used" in duty.arithmetic
    assert "+ 21 calendar days" in duty.arithmetic
