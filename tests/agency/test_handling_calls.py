"""The whole law over the wire: each road that a matter may go after acceptance, call by call, Arts. 29 to 34 and 37."""

from typing import Any, NamedTuple

import pytest

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from tests.agency.desk import Desk

pytestmark = pytest.mark.postgres

APPEAL = {"category": words.CATEGORY_APPEAL}
SUGGESTION = {"category": words.CATEGORY_SUGGESTION}
ACCUSATION = {"category": words.CATEGORY_ACCUSATION, "accused_agencies": ["water"]}


class Road(NamedTuple):
    """Calls on one petition, and the phase that they end in."""

    category: dict[str, Any]
    route: int
    calls: tuple[str, ...]
    phase: str


ROADS = {
    "Art. 31(6), simplified": Road(
        APPEAL, words.ROUTE_PETITION_PROCEDURE, ("HearPetitioner", "IssueOpinion", "ServeOpinion"), "served"
    ),
    "Arts. 31(6) and 32(2), heard and executed": Road(
        APPEAL,
        words.ROUTE_PETITION_PROCEDURE,
        (
            "OpenHearing",
            "CloseHearing",
            "IssueOpinion",
            "RecordExecutionRefused",
            "RecordExecution",
            "ReferForRelief",
        ),
        "opinion_issued",
    ),
    "Art. 31(2), there and back again": Road(
        APPEAL,
        words.ROUTE_PETITION_PROCEDURE,
        ("DivertToProcedure", "ResumeFromProcedure", "DivertToProcedure", "ConcludeProcedure"),
        "concluded",
    ),
    "Art. 33": Road(
        APPEAL,
        words.ROUTE_PETITION_PROCEDURE,
        ("BeginMediation", "EndMediation", "SettleByAgreement"),
        "settled",
    ),
    "Art. 29": Road(
        SUGGESTION, 0, ("StudySuggestion", "DecideSuggestion", "ReplyToSuggestion", "RewardSuggestion"), "concluded"
    ),
    "Art. 30(1)": Road(ACCUSATION, 0, ("ConcludeAccusation",), "concluded"),
}


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS.keys())
def test_each_road_can_be_gone_over_the_wire(housing: Desk, road: Road) -> None:
    case_id = housing.registered()
    housing.act("ClassifyPetition", case_id, **road.category)
    if road.category is APPEAL:
        housing.act("ChooseSimplifiedHandling", case_id)
    housing.act("AcceptPetition", case_id, route=road.route)
    for rpc in road.calls:
        housing.act(rpc, case_id)
    assert housing.ask("GetCase", pb.GetCaseRequest(case_id=case_id)).phase == road.phase


def test_art_30_2_only_a_petition_department_tells_of_accusations(housing: Desk) -> None:
    case_id = housing.registered()
    housing.act("ClassifyPetition", case_id, **ACCUSATION)
    refused = housing.refused("ReportAccusation", case_id)
    assert (refused.reason, refused.article) == ("NOT_A_PETITION_DEPARTMENT", "Art. 30(2)")


def test_art_33_silence_is_no_consent_and_no_agreement(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition", "AcceptPetition")
    refused = housing.refused("BeginMediation", case_id, other_party_consented=False)
    assert (refused.reason, refused.violations) == ("MEDIATION_WITHOUT_CONSENT", ("other_party_consented",))
    housing.act("BeginMediation", case_id)
    assert housing.refused("EndMediation", case_id, reached=None).violations == ("reached",)


def test_a_unit_that_refuses_execution_is_one_of_the_directory(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition", "AcceptPetition", "IssueOpinion")
    assert housing.refused("RecordExecutionRefused", case_id, unit="nowhere").reason == "AGENCY_UNKNOWN"
