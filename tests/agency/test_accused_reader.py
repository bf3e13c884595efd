"""Art. 30(3) at read time: an agency that turns out to be under the accused is shown nothing of the accusation."""

from collections.abc import Iterator
from uuid import uuid4

import grpc
import pytest

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.directory import Claim, NodeEntry
from tests.agency.conftest import SERVED, Site
from tests.agency.desk import Desk, no

pytestmark = pytest.mark.postgres


@pytest.fixture
def accusation(housing: Desk) -> pb.CommandReceipt:
    """An accusation against the police that the housing bureau took in while nothing connected the two."""
    receipt: pb.CommandReceipt = housing.act("RegisterPetition")
    classified: pb.CommandReceipt = housing.act(
        "ClassifyPetition", receipt.case_id, category=words.CATEGORY_ACCUSATION, accused_agencies=["police"]
    )
    return classified


@pytest.fixture
def restructured(site: Site, accusation: pb.CommandReceipt) -> Iterator[None]:
    """The directory learns after the accusation that the housing bureau stands under the police."""
    assert accusation.case_id
    before = site.node.entry()
    claims = tuple(
        Claim(**one.model_dump() | ({"superior": "police"} if one.agency == "housing" else {})) for one in SERVED
    )
    site.node.directory.learn(NodeEntry(**before.model_dump() | {"agencies": claims}))
    yield
    site.node.directory.learn(before)


def seen(desk: Desk, receipt: pb.CommandReceipt) -> tuple[set[str], set[str]]:
    """The cases and the cases of duties that the agency is shown."""
    cases = desk.ask("ListCases", pb.ListCasesRequest(page_size=500, min_position=receipt.position)).cases
    duties = desk.ask("ListDuties", pb.ListDutiesRequest(page_size=500, min_position=receipt.position)).duties
    return {one.case_id for one in cases}, {one.case_id for one in duties}


def test_art_30_3_before_anything_connects_them_the_case_is_shown(accusation: pb.CommandReceipt, housing: Desk) -> None:
    cases, duties = seen(housing, accusation)
    assert accusation.case_id in cases
    assert accusation.case_id in duties


@pytest.mark.usefixtures("restructured")
def test_art_30_3_not_even_that_it_exists_is_shown_once_they_are_connected(
    accusation: pb.CommandReceipt, housing: Desk
) -> None:
    cases, duties = seen(housing, accusation)
    assert accusation.case_id not in cases | duties
    hidden = no(lambda: housing.ask("GetCase", pb.GetCaseRequest(case_id=accusation.case_id)))
    unknown = no(lambda: housing.ask("GetCase", pb.GetCaseRequest(case_id=str(uuid4()))))
    assert hidden == unknown
    assert hidden.status == grpc.StatusCode.NOT_FOUND


@pytest.mark.usefixtures("restructured")
def test_art_30_3_sealed_materials_stay_sealed_to_whoever_is_under_the_accused(
    accusation: pb.CommandReceipt, housing: Desk
) -> None:
    assert housing.refused("UnsealMaterials", accusation.case_id).reason == "CASE_UNKNOWN"
