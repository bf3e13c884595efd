"""Who is shown a petition without holding it: it knows whom it accuses and keeps its own work, Arts. 24, 25, 30(3)."""

from dataclasses import replace
from typing import Any

import pytest

from domain.case import Case, Materials, Phase, RequestAssistance, evolve
from domain.event import Event
from domain.vocabulary import Category
from tests.domain.facts import HOUSING, LABOUR, PETITIONS, handoff_received, registered, sealed
from tests.domain.facts_joint import HELP, help_received, help_requested, proposal_received, urgent_received
from tests.domain.story import case

OWN, SHOWN = Materials(content=sealed("content")), Materials(petitioner=sealed("petitioner"))


def state_after(*past: Event) -> Case:
    state = case.given(*past).case
    assert state is not None
    return state


def test_art_30_3_what_is_shown_names_the_accused_and_brings_the_materials() -> None:
    told: dict[str, Any] = {"category": Category.ACCUSATION, "accused_agencies": ("water",), "materials": OWN}
    command = RequestAssistance(assistance_id=HELP, to_agency=LABOUR, request=sealed("request"))
    case.given(handoff_received(**told)).when(command).then(help_requested(**told))
    arrived = help_received(**told)
    case.when_arrives(help_requested(**told), agency=LABOUR).then(arrived)
    assert state_after(arrived).accused_agencies == ("water",)


def test_art_30_3_who_knew_of_some_accused_and_hears_of_others_knows_them_all() -> None:
    first = proposal_received(accused_agencies=("water", "roads"))
    both = state_after(first, help_received(accused_agencies=("roads", "parks"), cause="sender:2"))
    assert both.accused_agencies == ("water", "roads", "parks")


def test_art_24_1_who_has_materials_and_a_category_of_its_own_keeps_them() -> None:
    asked = help_received(materials=SHOWN, category=Category.ACCUSATION)
    own = state_after(handoff_received(LABOUR, PETITIONS, materials=OWN), asked)
    assert (own.materials, own.category, own.phase) == (OWN, Category.APPEAL, Phase.OPEN)
    bare = state_after(registered(LABOUR), asked)
    assert (bare.materials, bare.category) == (SHOWN, Category.ACCUSATION)


RANKS = (Phase.RETURNED, Phase.INFORMED, Phase.CONSULTED, Phase.ASSISTING)


@pytest.mark.parametrize("before", RANKS)
@pytest.mark.parametrize(
    ("fact", "phase"),
    [(urgent_received(), Phase.INFORMED), (proposal_received(), Phase.CONSULTED), (help_received(), Phase.ASSISTING)],
    ids=["informed", "consulted", "assisting"],
)
def test_arts_24_and_25_only_a_lesser_part_gives_way_to_another(before: Phase, fact: Event, phase: Phase) -> None:
    known = replace(state_after(handoff_received(fact.agency, HOUSING)), phase=before)
    after = evolve(known, fact)
    gives_way = RANKS.index(before) < RANKS.index(phase)
    assert after.phase is (phase if gives_way else before)
    assert (after.incoming is None) == gives_way
