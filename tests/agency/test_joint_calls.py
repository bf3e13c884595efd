"""Joint handling, assistance, disputes and urgent matters over the wire, Arts. 24 and 25."""

from uuid import UUID

import pytest

from domain.case import AssistanceRequested, Case, JointHandlingProposed
from domain.event import Event
from lianxi.type.v1 import vocabulary_pb2 as words
from services.agency.handle import CASE
from services.kit.envelope import to_event
from tests.agency.conftest import Site
from tests.agency.desk import Desk

pytestmark = pytest.mark.postgres


def loaded(site: Site, case_id: str) -> Case:
    state, _ = site.node.log.load(UUID(case_id), CASE, fresh=True)
    assert state is not None
    return state


def recorded_at(site: Site, position: int) -> Event:
    row = site.node.log.select_stored(position - 1, 1)[0]
    return to_event(row.topic, row.state)


def test_art_24_1_a_proposal_is_one_fact_for_each_agency_asked(site: Site, housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    answer = housing.act("ProposeJointHandling", case_id, lead="housing", assisting=["water", "bureau"])
    facts = [recorded_at(site, position) for position in (answer.position - 1, answer.position)]
    assert answer.facts == [JointHandlingProposed.type_name] * 2
    assert [fact.to_agency for fact in facts if isinstance(fact, JointHandlingProposed)] == ["water", "bureau"]
    joint = loaded(site, case_id).joint
    assert joint is not None
    assert joint.asked == ("water", "bureau")
    assert housing.refused("AgreeJointHandling", case_id).reason == "NEGOTIATION_OPEN"


def test_art_24_1_an_answer_names_the_proposal_that_it_is_about(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    assert housing.refused("AnswerJointHandling", case_id).reason == "NOT_CONSULTED"
    assert housing.refused("ReportAssistance", case_id).reason == "ASSISTANCE_UNKNOWN"


def test_art_24_1_help_is_withdrawn_by_the_id_that_the_node_gave_it(site: Site, housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    asked = recorded_at(site, housing.act("RequestAssistance", case_id).position)
    assert isinstance(asked, AssistanceRequested)
    assert housing.refused("HandOff", case_id).reason == "ASSISTANCE_OPEN"
    housing.act("WithdrawAssistance", case_id, assistance_id=str(asked.assistance_id))
    assert loaded(site, case_id).assistants == ()
    housing.act("HandOff", case_id)


def test_art_24_1_every_agency_of_a_dispute_is_in_the_directory(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    unknown = housing.refused("HandOff", case_id, kind=words.HANDOFF_KIND_DISPUTE, disputing=["nobody"])
    assert (unknown.reason, unknown.field) == ("AGENCY_UNKNOWN", "disputing")
    dispute = housing.refused("HandOff", case_id, kind=words.HANDOFF_KIND_DISPUTE, disputing=["bureau"])
    assert (dispute.reason, dispute.article) == ("NOT_THE_COMMON_SUPERIOR", "Art. 24(1)")


def test_art_25_what_is_urgent_goes_to_an_office_and_is_reported_after_that(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    assert housing.refused("FlagUrgent", case_id).reason == "NOT_THE_OWN_OFFICE"
    assert housing.refused("ReportUrgent", case_id).reason == "NOT_FLAGGED_URGENT"
    assert housing.refused("RecordUrgentAcknowledgement", case_id).reason == "NOT_FLAGGED_URGENT"
