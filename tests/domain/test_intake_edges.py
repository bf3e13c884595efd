"""Intake at its edges: counts of a joint petition, thresholds, and what the case knows after each fact of intake."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.case import (
    PETITIONERS_MAX,
    REPRESENTATIVES_MAX,
    ClassifyPetition,
    DeclinePetition,
    Moment,
    NotAccepted,
    Phase,
    RecusalRequested,
    RegisterPetition,
    decide,
)
from domain.event import Refusal
from domain.jurisdiction import Agency
from domain.vocabulary import Category, RefusalReason
from services.kit.law import law_in_force
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    PETITION,
    PETITIONS,
    classified,
    handoff_received,
    registered,
    sealed,
)
from tests.domain.facts_handling import fact
from tests.domain.story import case

OTHER = UUID(int=2)


def register(**changes: Any) -> RegisterPetition:
    fields = {"petition_id": PETITION, "agency": PETITIONS, "agency_kind": KINDS[PETITIONS], "channel": "network"}
    return RegisterPetition.model_validate(fields | changes)


# --- counts ---------------------------------------------------------------------------------------------------------


def test_art_20_3_the_limit_of_representatives_is_five_and_a_petition_has_at_most_a_million_petitioners() -> None:
    assert (REPRESENTATIVES_MAX, PETITIONERS_MAX) == (5, 1_000_000)


@pytest.mark.parametrize("counts", [{"petitioner_count": 0}, {"representative_count": 0}])
def test_nobody_petitions_as_nobody(counts: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        register(**counts)
    register(**dict.fromkeys(counts, 1))


@pytest.mark.parametrize(("threshold", "is_collective"), [(1, True), (2, False)])
def test_a_petition_without_a_count_is_one_persons(threshold: int, is_collective: bool) -> None:
    law = replace(law_in_force(), collective_from=threshold)
    assert decide(None, register(), Moment(NOW, law)) == (
        registered(time=NOW, received_time=NOW, is_collective=is_collective),
    )


# --- which other petition a command names ---------------------------------------------------------------------------


def test_a_command_says_which_other_petition_it_is_judged_beside() -> None:
    assert register(split_from=OTHER).other_petition_id == OTHER
    declined = DeclinePetition(reason=RefusalReason.DUPLICATE_OF_LIVE, explanation=sealed(), related_petition_id=OTHER)
    assert declined.other_petition_id == OTHER


@pytest.mark.parametrize("stated", [{"same_facts": True}, {"same_reasons": True}, {}])
def test_art_36_3_what_is_not_stated_to_be_the_same_is_not(stated: dict[str, Any]) -> None:
    command = DeclinePetition(
        reason=RefusalReason.ENDED_AFTER_REREVIEW, explanation=sealed(), related_petition_id=OTHER, **stated
    )
    case.given(*AT_HOUSING).when(command).then_refused("NOT_THE_SAME_AFTER_REREVIEW")


@pytest.mark.parametrize("phase", [Phase.HANDED_OFF, Phase.UNDER_REVIEW, Phase.REVIEW_SERVED])
def test_art_36_3_an_agency_may_not_have_learnt_of_a_re_review_that_another_made(phase: Phase) -> None:
    known = case.given(*AT_HOUSING).case
    assert known is not None
    command = DeclinePetition(
        reason=RefusalReason.ENDED_AFTER_REREVIEW,
        explanation=sealed(),
        related_petition_id=OTHER,
        same_facts=True,
        same_reasons=True,
    )
    related = replace(known, petition_id=OTHER, phase=phase)
    assert not isinstance(decide(known, command, Moment(NOW, law_in_force(), related=related)), Refusal)


# --- accusations ----------------------------------------------------------------------------------------------------


def accuse(*accused: str) -> ClassifyPetition:
    return ClassifyPetition(category=Category.ACCUSATION, accused_agencies=accused)


def test_art_30_3_a_unit_under_the_accused_does_not_classify_the_accusation_either() -> None:
    town = case.among(Agency(HOUSING, KINDS[HOUSING], superior=LABOUR), Agency(LABOUR, KINDS[LABOUR]))
    town.given(*AT_HOUSING).when(accuse(LABOUR)).then_refused("ACCUSATION_REACHES_ACCUSED")
    case.given(*AT_HOUSING).when(accuse(LABOUR)).then(
        classified(HOUSING, Category.ACCUSATION, occurred_time=NOW, accused_agencies=(LABOUR,))
    )


def test_art_30_3_a_receiver_may_confirm_the_accused_as_they_were_named() -> None:
    handed = handoff_received(category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    case.given(handed).when(accuse(LABOUR)).then(
        classified(HOUSING, Category.ACCUSATION, occurred_time=NOW, accused_agencies=(LABOUR,))
    )


# --- what the case knows --------------------------------------------------------------------------------------------


def test_arts_30_and_31_the_case_knows_its_category_and_whom_it_accuses() -> None:
    known = case.given(registered(), classified(category=Category.ACCUSATION, accused_agencies=(LABOUR,))).case
    assert known is not None
    assert (known.category, known.accused_agencies) == (Category.ACCUSATION, (LABOUR,))


def test_art_44_3_a_petition_that_was_not_accepted_is_over_for_the_agency() -> None:
    known = case.given(*AT_HOUSING, fact(NotAccepted)).case
    assert known is not None
    assert known.phase is Phase.NOT_ACCEPTED


def test_art_28_3_the_case_knows_whose_recusal_was_asked_for() -> None:
    asked = (fact(RecusalRequested), fact(RecusalRequested, official="post:desk-6"))
    known = case.given(*AT_HOUSING, *asked).case
    assert known is not None
    assert known.recusals_asked == {"post:desk-5", "post:desk-6"}
