"""Registering and classifying, Arts. 17, 22(1), 23(1) and 29-31, and the guard of Art. 30(3)."""

import pytest

from domain.case import (
    ClassifyPetition,
    Materials,
    MaterialsUnsealed,
    NotifyReceipt,
    RegisterPetition,
    UnsealMaterials,
)
from domain.vocabulary import Category, Channel, Purpose, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    HOUSING,
    KINDS,
    LABOUR,
    NOW,
    OFFICE,
    PETITION,
    PETITIONS,
    RECEIVED,
    classified,
    handoff_received,
    objection_answered,
    objection_raised,
    on,
    registered,
    sealed,
)
from tests.domain.story import case


def register(**changes: object) -> RegisterPetition:
    fields = {"petition_id": PETITION, "agency": PETITIONS, "agency_kind": KINDS[PETITIONS], "channel": "network"}
    return RegisterPetition.model_validate(fields | changes)


@pytest.mark.parametrize("channel", Channel)
def test_art_17_a_petition_is_registered_whatever_channel_it_came_by(channel: Channel) -> None:
    case.at(RECEIVED).when(register(channel=channel)).then(registered(channel=channel))


def test_art_22_1_registration_keeps_the_time_of_receipt_apart_from_its_own() -> None:
    case.at(NOW).when(register(received_time=RECEIVED)).then(registered(time=NOW, received_time=RECEIVED))


def test_registration_carries_sealed_materials_and_a_reference_only() -> None:
    materials = Materials(petitioner=sealed("petitioner"), content=sealed("content"))
    case.at(RECEIVED).when(register(materials=materials, external_reference="letter:2023/17")).then(
        registered(materials=materials, external_reference="letter:2023/17")
    )


def test_art_22_1_a_petition_is_registered_once() -> None:
    case.given(registered()).when(register()).then_refused("ALREADY_REGISTERED")


def test_a_receipt_after_its_registration_is_refused() -> None:
    refusal = case.at(RECEIVED).when(register(received_time=NOW)).then_refused("TIME_BEFORE_RECEIPT")
    assert refusal.field == "occurred_time"


def test_a_petition_older_than_every_rule_is_refused() -> None:
    day_before = on("2005-04-30", "23:59")
    case.when(register(received_time=day_before)).then_refused("RECEIVED_BEFORE_RULES")
    case.when(register(received_time=on("2005-05-01", "00:00"))).then(
        registered(time=NOW, received_time=on("2005-05-01", "00:00"))
    )


@pytest.mark.parametrize("category", Category)
def test_arts_29_to_31_a_petition_is_classified_under_each_category(category: Category) -> None:
    case.given(registered()).when(ClassifyPetition(category=category, topic_code="0301")).then(
        classified(occurred_time=NOW, category=category, topic_code="0301")
    )


def test_art_30_an_accusation_names_the_accused_agencies() -> None:
    case.given(registered()).when(ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(LABOUR,))).then(
        classified(occurred_time=NOW, category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    )


def test_art_30_nothing_but_an_accusation_names_accused_agencies() -> None:
    case.given(registered()).when(ClassifyPetition(category=Category.APPEAL, accused_agencies=(LABOUR,))).then_refused(
        "ACCUSED_WITHOUT_ACCUSATION"
    )


def test_art_30_3_the_accused_does_not_classify_its_own_accusation() -> None:
    case.given(*AT_HOUSING).when(
        ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(HOUSING,))
    ).then_refused("ACCUSATION_REACHES_ACCUSED")


@pytest.mark.parametrize("category", [Category.ACCUSATION, Category.APPEAL])
def test_art_30_3_a_receiver_strikes_no_accused_agency_out(category: Category) -> None:
    handed_an_accusation = handoff_received(category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    case.given(handed_an_accusation).when(ClassifyPetition(category=category)).then_refused("ACCUSED_REMOVED")


def test_a_receiver_may_name_further_accused_agencies() -> None:
    handed_an_accusation = handoff_received(category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    both = (LABOUR, PETITIONS)
    case.given(handed_an_accusation).when(ClassifyPetition(category=Category.ACCUSATION, accused_agencies=both)).then(
        classified(HOUSING, Category.ACCUSATION, occurred_time=NOW, accused_agencies=both)
    )


def test_art_30_3_a_new_label_opens_no_way_to_the_accused() -> None:
    named = case.given(registered(), classified(category=Category.ACCUSATION, accused_agencies=(LABOUR,)))
    named.when(ClassifyPetition(category=Category.APPEAL)).then_refused("ACCUSED_REMOVED")
    other = ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(OFFICE,))
    named.when(other).then_refused("ACCUSED_REMOVED")
    more = ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(LABOUR, OFFICE))
    named.when(more).then(
        classified(category=Category.ACCUSATION, accused_agencies=(LABOUR, OFFICE), occurred_time=NOW)
    )


def test_opening_sealed_materials_is_recorded_with_its_purpose() -> None:
    command = UnsealMaterials(official="clerk-7", purpose=Purpose.HANDLING)
    recorded = MaterialsUnsealed(
        petition_id=PETITION, agency=HOUSING, occurred_time=NOW, official="clerk-7", purpose=Purpose.HANDLING
    )
    case.given(*AT_HOUSING).when(command).then(recorded)


def test_whoever_gave_a_petition_back_opens_nothing_any_more() -> None:
    returned = (*AT_HOUSING, objection_raised(), objection_answered(upheld=True))
    case.given(*returned).when(UnsealMaterials(official="clerk-7", purpose=Purpose.HANDLING)).then_refused(
        "WRONG_PHASE"
    )


def test_an_agency_without_the_case_is_told_so() -> None:
    case.when(NotifyReceipt(method=ServiceMethod.POST)).then_refused("CASE_UNKNOWN")
