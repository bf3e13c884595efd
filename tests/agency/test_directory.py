"""The directory as a service: who is competent, who stands above, who took over, and who decides between agencies."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import grpc
import pytest
from google.type.date_pb2 import Date

from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import case_service_pb2
from lianxi.agency.v1 import directory_service_pb2 as pb
from lianxi.agency.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.directory import Claim, NodeEntry
from services.kit.sealing import NodeKeys
from tests.agency.conftest import Site
from tests.agency.desk import Desk, no

pytestmark = pytest.mark.postgres

CITY, DISTRICT = "990100", "990101"
BUREAU = words.AGENCY_KIND_AGENCY


def claim(agency: str, **told: Any) -> Claim:
    return Claim.model_validate({"agency": agency, "kind": "agency", "name_zh": "某局", "name": agency, **told})


CLAIMS = (
    claim("w-government", kind=AgencyKind.PARTY_OR_GOVERNMENT, division=CITY),
    claim("w-office", kind=AgencyKind.JOINT_MEETING_OFFICE, division=CITY, superior="w-government"),
    claim("w-land", division=CITY, superior="w-government"),
    claim("w-homes", division=CITY, superior="w-government", established=date(2024, 3, 1)),
    claim(
        "w-planning",
        division=CITY,
        superior="w-government",
        abolished=date(2024, 3, 1),
        successors=("w-homes", "w-land"),
    ),
    claim("w-planning-east", division=DISTRICT, superior="w-planning"),
)


@pytest.fixture
def directory(site: Site, housing: Desk) -> Iterator[Any]:
    """The stub of a caller, while the directory knows one more node."""
    public = NodeKeys.generate().public_record()
    site.node.directory.learn(
        NodeEntry(node="wangshu", public_key=public["delivery_key"], signing_key=public["signing_key"], agencies=CLAIMS)
    )
    yield DirectoryServiceStub(housing.channel)
    site.node.directory.forget("wangshu")


def on(year: int, month: int = 1, day: int = 1) -> Date:
    return Date(year=year, month=month, day=day)


def test_who_is_competent_in_a_division_depends_on_the_day(directory: Any) -> None:
    def competent(**asked: Any) -> list[str]:
        answer = directory.ResolveJurisdiction(pb.ResolveJurisdictionRequest(division=CITY, kind=BUREAU, **asked))
        assert answer.division_name_zh == ""
        return [found.agency for found in answer.agencies]

    assert competent(date=on(2023)) == ["w-land", "w-planning"]
    assert competent(date=on(2025)) == competent() == ["w-homes", "w-land"]


def test_a_real_division_is_named(directory: Any) -> None:
    asked = pb.ResolveJurisdictionRequest(division="330113", kind=BUREAU, date=on(2026))
    answer = directory.ResolveJurisdiction(asked)
    assert (answer.division_name_zh, list(answer.agencies)) == ("临平区", [])


def test_where_an_agency_stands_is_told_for_the_day(directory: Any) -> None:
    before = directory.GetStanding(pb.GetStandingRequest(agency="w-planning-east", date=on(2023)))
    after = directory.GetStanding(pb.GetStandingRequest(agency="w-planning-east", date=on(2025)))
    assert (before.next_higher, after.next_higher) == ("w-planning", "w-homes")
    assert (after.stands, list(after.successors), after.office) == (True, [], "w-office")
    assert (after.agency.level, after.agency.superior) == (words.AGENCY_LEVEL_COUNTY, "w-planning")


def test_an_abolished_agency_names_who_took_over(directory: Any) -> None:
    gone = directory.GetStanding(pb.GetStandingRequest(agency="w-planning"))
    assert (gone.stands, list(gone.successors)) == (False, ["w-homes", "w-land"])
    assert (gone.agency.abolished, list(gone.agency.successors)) == (on(2024, 3), ["w-homes", "w-land"])


def test_a_dispute_is_decided_by_the_common_superior_or_else_coordinated_by_the_office(directory: Any) -> None:
    def dispute(*agencies: str) -> tuple[str, str]:
        answer = directory.ResolveDispute(pb.ResolveDisputeRequest(agencies=agencies, date=on(2025)))
        return answer.common_superior, answer.common_office

    assert dispute("w-planning-east", "w-land") == ("w-government", "w-office")
    assert dispute("w-planning-east", "w-government") == ("", "w-office")
    assert dispute("w-land", "police") == ("", "")


@pytest.mark.usefixtures("directory")
def test_the_list_of_agencies_says_where_each_stands(housing: Desk) -> None:
    listed = housing.ask("ListAgencies", case_service_pb2.ListAgenciesRequest(page_size=500)).agencies
    found = {agency.agency: agency for agency in listed}
    assert (found["w-homes"].division, found["w-homes"].level) == (CITY, words.AGENCY_LEVEL_CITY)
    assert found["w-homes"].established == on(2024, 3)
    assert not found["police"].HasField("established")
    assert found["police"].level == words.AGENCY_LEVEL_UNSPECIFIED


@pytest.mark.parametrize(
    ("rpc", "request_", "status", "fields"),
    [
        (
            "ResolveJurisdiction",
            pb.ResolveJurisdictionRequest(division="12"),
            grpc.StatusCode.INVALID_ARGUMENT,
            ("division", "kind"),
        ),
        (
            "ResolveJurisdiction",
            pb.ResolveJurisdictionRequest(division=CITY, kind=BUREAU, date=Date(year=2025)),
            grpc.StatusCode.INVALID_ARGUMENT,
            ("date",),
        ),
        (
            "ResolveDispute",
            pb.ResolveDisputeRequest(agencies=["w-land", "w-land"]),
            grpc.StatusCode.INVALID_ARGUMENT,
            ("agencies",),
        ),
    ],
)
def test_what_cannot_be_answered_names_the_fields(
    directory: Any, rpc: str, request_: Any, status: grpc.StatusCode, fields: tuple[str, ...]
) -> None:
    refused = no(lambda: getattr(directory, rpc)(request_))
    assert (refused.status, refused.violations) == (status, fields)


def test_an_agency_that_the_directory_does_not_list_is_unknown(directory: Any) -> None:
    refused = no(lambda: directory.GetStanding(pb.GetStandingRequest(agency="nobody")))
    assert (refused.reason, refused.field) == ("AGENCY_UNKNOWN", "agency")
    refused = no(lambda: directory.ResolveDispute(pb.ResolveDisputeRequest(agencies=["nobody", "w-land"])))
    assert (refused.reason, refused.field) == ("AGENCY_UNKNOWN", "agencies")
