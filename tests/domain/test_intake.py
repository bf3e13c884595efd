"""Intake beyond the plain entry: oral and joint petitions, split matters, links, and what is not accepted and why.

Arts. 19(1) and (3), 20(3), 22(1), 23(1) and 36(3).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case import (
    REPRESENTATIVES_MAX,
    Case,
    DeclinePetition,
    Linked,
    LinkPetition,
    Moment,
    NotAccepted,
    Phase,
    RegisterPetition,
    decide,
)
from domain.event import Event, Refusal
from domain.vocabulary import AgencyKind, Channel, HandoffKind, LinkKind, Organ, Provenance, RefusalReason
from services.kit.law import law_in_force
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    KINDS,
    NOW,
    PETITION,
    PETITIONS,
    RECEIVED,
    accepted,
    classified,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    registered,
    sealed,
)
from tests.domain.facts_handling import ACCEPTED, fact
from tests.domain.story import case

OTHER = UUID(int=2)
LAW = law_in_force()


def register(**changes: object) -> RegisterPetition:
    fields = {"petition_id": PETITION, "agency": PETITIONS, "agency_kind": KINDS[PETITIONS], "channel": "network"}
    return RegisterPetition.model_validate(fields | changes)


def visit(petitioners: int, representatives: int | None = None) -> RegisterPetition:
    return register(channel="visit", petitioner_count=petitioners, representative_count=representatives)


def elsewhere(*events: Event) -> tuple[Event, ...]:
    """The same facts on another petition of the same agency."""
    return tuple(event.model_copy(update={"petition_id": OTHER}) for event in events)


# --- how it came ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Channel.VISIT, Channel.TELEPHONE])
def test_art_19_1_an_oral_petition_is_truthfully_written_down(channel: Channel) -> None:
    case.when(register(channel=channel, is_oral=True)).then(
        registered(time=NOW, received_time=NOW, channel=channel, is_oral=True)
    )


@pytest.mark.parametrize("representatives", [None, 1, REPRESENTATIVES_MAX])
def test_art_20_3_a_joint_visit_is_represented_by_at_most_five(representatives: int | None) -> None:
    answer = case.when(visit(40, representatives)).decision
    assert not isinstance(answer, Refusal)


@pytest.mark.parametrize(("petitioners", "representatives"), [(40, 6), (3, 4)])
def test_art_20_3_neither_more_than_five_nor_more_than_there_are(petitioners: int, representatives: int) -> None:
    refusal = case.when(visit(petitioners, representatives)).then_refused("TOO_MANY_REPRESENTATIVES")
    assert (refusal.article, refusal.field) == ("Art. 20(3)", "representative_count")
    assert "register the petition without" in refusal.remedy, "nobody is turned away for coming in numbers"


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.VISIT])
def test_art_20_3_only_a_joint_visit_has_representatives(channel: Channel) -> None:
    by_post = register(channel=channel, petitioner_count=9, representative_count=2)
    case.when(by_post).then_refused("REPRESENTATIVES_WITHOUT_JOINT_VISIT")
    alone = register(channel="visit", representative_count=1)
    case.when(alone).then_refused("REPRESENTATIVES_WITHOUT_JOINT_VISIT")


@given(threshold=st.integers(1, 200), petitioners=st.integers(1, 200) | st.none())
def test_a_petition_is_collective_from_the_threshold_that_the_office_set(
    threshold: int, petitioners: int | None
) -> None:
    law = replace(LAW, collective_from=threshold)
    decision = decide(None, register(petitioner_count=petitioners), Moment(NOW, law))
    assert not isinstance(decision, Refusal)
    (event,) = decision
    assert isinstance(event, type(registered()))
    assert event.is_collective == ((petitioners or 1) >= threshold)


# --- several matters in one submission --------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [None, RECEIVED])
def test_art_22_1_a_split_matter_is_a_petition_of_its_own_with_the_same_first_receipt(stated: datetime | None) -> None:
    story = case.beside(*elsewhere(registered(time=RECEIVED)))
    story.when(register(split_from=OTHER, received_time=stated)).then(
        registered(time=NOW, received_time=RECEIVED, split_from=OTHER)
    )


def test_art_22_1_a_matter_is_split_from_a_petition_that_this_agency_has() -> None:
    case.when(register(split_from=OTHER)).then_refused("SPLIT_FROM_UNKNOWN")


def test_art_22_1_splitting_gives_no_later_receipt() -> None:
    story = case.beside(*elsewhere(registered(time=RECEIVED)))
    refusal = story.when(register(split_from=OTHER, received_time=NOW)).then_refused("SPLIT_KEEPS_FIRST_RECEIPT")
    assert refusal.field == "received_time"


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", LinkKind)
@pytest.mark.parametrize("past", [AT_HOUSING, ACCEPTED, (*ACCEPTED, opinion_issued(), opinion_served())])
def test_a_petition_is_linked_to_another_petition(link: LinkKind, past: tuple[Event, ...]) -> None:
    command = LinkPetition(link=link, to_petition_id=OTHER)
    linked = fact(Linked, link=link, to_petition_id=OTHER)
    case.given(*past).when(command).then(linked)
    after = case.given(*past, linked).case
    assert after is not None
    assert after.is_repeat == (link is LinkKind.REPEAT)


def test_a_later_link_of_another_kind_does_not_undo_a_repetition() -> None:
    repeat = fact(Linked, link=LinkKind.REPEAT, to_petition_id=OTHER)
    after = case.given(*AT_HOUSING, repeat, fact(Linked, to_petition_id=UUID(int=3))).case
    assert after is not None
    assert after.is_repeat


def test_a_petition_is_not_linked_to_itself() -> None:
    command = LinkPetition(link=LinkKind.REPEAT, to_petition_id=PETITION)
    case.given(*AT_HOUSING).when(command).then_refused("LINK_TO_ITSELF")


def test_a_link_names_matters_and_nobody() -> None:
    assert Linked.model_fields.keys() - Event.model_fields.keys() == {"link", "to_petition_id"}


# --- not accepted -----------------------------------------------------------------------------------------------------


def decline(reason: RefusalReason, **changes: Any) -> DeclinePetition:
    return DeclinePetition(reason=reason, explanation=sealed(), **changes)


def standing(phase: Phase) -> Case:
    """The agency's case on the other petition, as if it stood in that phase."""
    known = case.given(*elsewhere(*AT_HOUSING)).case
    assert known is not None
    return replace(known, phase=phase)


def answer(command: DeclinePetition, other: Case | None) -> tuple[Event, ...] | Refusal:
    return decide(case.given(*AT_HOUSING).case, command, Moment(NOW, LAW, related=other))


OVER = {Phase.RETURNED, Phase.NOT_ACCEPTED, Phase.CONCLUDED, Phase.SETTLED, Phase.SERVED, Phase.ENDED}


@pytest.mark.parametrize("phase", sorted(set(Phase) - OVER))
def test_art_19_3_a_repetition_of_a_live_matter_is_not_accepted_and_names_it(phase: Phase) -> None:
    command = decline(RefusalReason.DUPLICATE_OF_LIVE, related_petition_id=OTHER)
    declined = fact(NotAccepted, reason=RefusalReason.DUPLICATE_OF_LIVE, related_petition_id=OTHER, directed_to=None)
    assert answer(command, standing(phase)) == (declined,)


@pytest.mark.parametrize("phase", sorted(OVER))
def test_art_19_3_what_is_over_is_not_live(phase: Phase) -> None:
    refusal = answer(decline(RefusalReason.DUPLICATE_OF_LIVE, related_petition_id=OTHER), standing(phase))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.article) == ("NO_LIVE_MATTER", "Art. 19(3)")


def test_art_19_3_a_live_matter_of_another_agency_may_be_named_and_some_matter_must() -> None:
    duplicate = RefusalReason.DUPLICATE_OF_LIVE
    assert not isinstance(answer(decline(duplicate, related_petition_id=OTHER), None), Refusal)
    case.given(*AT_HOUSING).when(decline(duplicate)).then_refused("NO_LIVE_MATTER")


@pytest.mark.parametrize("same_facts", [True, False])
@pytest.mark.parametrize("same_reasons", [True, False])
def test_art_36_3_after_re_review_only_the_same_facts_and_the_same_reasons_are_not_accepted(
    same_facts: bool, same_reasons: bool
) -> None:
    command = decline(
        RefusalReason.ENDED_AFTER_REREVIEW,
        related_petition_id=OTHER,
        same_facts=same_facts,
        same_reasons=same_reasons,
    )
    result = answer(command, standing(Phase.ENDED))
    if same_facts and same_reasons:
        assert not isinstance(result, Refusal)
    else:
        assert isinstance(result, Refusal)
        assert (result.code, result.article) == ("NOT_THE_SAME_AFTER_REREVIEW", "Art. 36(3)")


@pytest.mark.parametrize(
    ("phase", "is_refused"),
    [(Phase.ENDED, False), (Phase.SERVED, False), (Phase.ACCEPTED, True), (Phase.NOT_ACCEPTED, True)],
)
def test_art_36_3_what_was_never_re_reviewed_is_not_over_for_ever(phase: Phase, is_refused: bool) -> None:
    command = decline(RefusalReason.ENDED_AFTER_REREVIEW, related_petition_id=OTHER, same_facts=True, same_reasons=True)
    assert isinstance(answer(command, standing(phase)), Refusal) == is_refused


@pytest.mark.parametrize("reason", [RefusalReason.OUTSIDE_POWERS, RefusalReason.OTHER_LEGAL_PROCEDURE])
def test_art_23_1_whoever_is_turned_to_another_organ_is_told_which(reason: RefusalReason) -> None:
    past = (registered(HOUSING), classified(HOUSING))
    refusal = case.given(*past).when(decline(reason)).then_refused("NOT_TOLD_WHERE")
    assert (refusal.article, refusal.field) == ("Art. 23(1)", "directed_to")
    for organ in Organ:
        declined = fact(NotAccepted, reason=reason, directed_to=organ)
        case.given(*past).when(decline(reason, directed_to=organ)).then(declined)


OUTSIDE: dict[str, Any] = {"reason": RefusalReason.OUTSIDE_POWERS, "directed_to": Organ.OTHER_AGENCY}


@pytest.mark.parametrize("kind", [HandoffKind.TRANSFER, HandoffKind.ASSIGNMENT, HandoffKind.DISPUTE])
def test_art_23_3_what_was_handed_over_goes_back_to_the_sender_and_the_petitioner_is_not_turned_away(
    kind: HandoffKind,
) -> None:
    refusal = case.given(handoff_received(kind=kind)).when(decline(**OUTSIDE)).then_refused("OBJECTION_INSTEAD")
    assert (refusal.article, refusal.field) == ("Art. 23(3)", "reason")


def test_art_24_1_whom_a_ruling_names_does_not_turn_the_petitioner_away() -> None:
    case.given(handoff_received(is_ruling=True)).when(decline(**OUTSIDE)).then_refused("JURISDICTION_DECIDED")


def test_art_24_2_who_carries_on_an_abolished_agency_s_powers_does_not_turn_the_petitioner_away() -> None:
    heir = handoff_received(kind=HandoffKind.SUCCESSION)
    case.given(heir).when(decline(**OUTSIDE)).then_refused("SUCCESSION_STANDS")


def test_art_23_4_an_organ_says_by_its_own_rules_where_a_referred_petitioner_goes() -> None:
    referred = handoff_received(kind=HandoffKind.REFERRAL, agency_kind=AgencyKind.DISCIPLINE_ORGAN)
    case.given(referred).when(decline(**OUTSIDE)).then(fact(NotAccepted, **OUTSIDE))


def test_under_the_2005_regulations_which_know_no_objection_the_receiver_declines_itself() -> None:
    old = handoff_received(first_received_time=on("2022-04-20"))
    case.given(old).when(decline(**OUTSIDE)).then(fact(NotAccepted, **OUTSIDE))


def test_older_records_say_what_was_declined_then() -> None:
    imported = decline(**OUTSIDE, provenance=Provenance.IMPORTED, occurred_time=NOW)
    told = case.given(*AT_HOUSING).at(on("2024-01-01")).open_for_history_before(on("2024-01-01"))
    told.when(imported).then(fact(NotAccepted, **OUTSIDE, provenance=Provenance.IMPORTED))


def test_first_receipt_stays_for_ever_wherever_the_petition_goes() -> None:
    past = (registered(time=RECEIVED), classified(), handed_off())
    department = case.given(*past).case
    bureau = case.given(*AT_HOUSING, accepted(HOUSING, on("2023-06-01"))).case
    assert department is not None
    assert bureau is not None
    assert department.first_received_time == bureau.first_received_time == RECEIVED
