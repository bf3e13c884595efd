"""Which facts bring a petition's key along: those that show its materials to somebody who does not have it yet."""

from domain.case import case_id_of
from services.kit.travelling_keys import BRINGING_KEY, bound_to
from tests.domain.facts import FIRST, LABOUR, PETITION, handed_off
from tests.domain.facts_joint import help_requested


def test_the_key_goes_to_who_is_shown_the_materials_and_to_nobody_else() -> None:
    assert {kind.__name__ for kind in BRINGING_KEY} == {
        "HandedOff",
        "JointHandlingProposed",
        "AssistanceRequested",
        "UrgentFlagged",
        "ReviewOpened",
    }


def test_the_key_is_bound_to_the_hand_off_or_to_the_case_that_it_is_for() -> None:
    assert bound_to(handed_off()) == str(FIRST)
    assert bound_to(help_requested()) == str(case_id_of(PETITION, LABOUR))
