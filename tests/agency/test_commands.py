"""Commands over the wire: what is recorded, said once however often it is sent, and said by the right caller."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.agency import service as case_service
from services.agency.commands import COMMANDS
from tests.agency.conftest import Site
from tests.agency.desk import FIELDS, TEXT, Desk, no, request

pytestmark = pytest.mark.postgres


def test_every_command_of_the_proto_is_in_the_table() -> None:
    service = pb.DESCRIPTOR.services_by_name["CaseService"]
    asked = {method.name: method.input_type.name for method in service.methods}
    commands = {rpc for rpc, kind in asked.items() if "header" in getattr(pb, kind).DESCRIPTOR.fields_by_name}
    assert commands == set(COMMANDS) == set(FIELDS)


def test_a_petition_goes_from_receipt_to_service(site: Site, housing: Desk) -> None:
    before = site.node.log.head()[0]
    receipt = housing.act("RegisterPetition")
    steps = ("ClassifyPetition", "NotifyReceipt", "AcceptPetition", "IssueOpinion", "ServeOpinion")
    receipts = [receipt, *(housing.act(rpc, receipt.case_id) for rpc in steps)]
    assert [answer.version for answer in receipts] == [1, 2, 3, 4, 5, 6]
    assert [answer.facts for answer in receipts] == [
        [f"lianxi.case.v1.{fact}"]
        for fact in ("Registered", "Classified", "ReceiptNotified", "Accepted", "OpinionIssued", "OpinionServed")
    ]
    assert [answer.position for answer in receipts] == list(range(before + 1, before + 7))
    assert {answer.node for answer in receipts} == {"north"}
    assert not any(answer.replayed for answer in receipts)


def test_a_handling_period_is_extended(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition", "AcceptPetition")
    told = datetime.now(UTC)
    assert housing.act("ExtendHandling", case_id, notified_time=told).facts == ["lianxi.case.v1.Extended"]


def test_an_assignment_names_its_day(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    answer = housing.act(
        "HandOff", case_id, kind=words.HANDOFF_KIND_ASSIGNMENT, report_due_date=Date(year=2100, month=2, day=28)
    )
    assert answer.facts == ["lianxi.case.v1.HandedOff"]
    offer = housing.ask("GetCase", pb.GetCaseRequest(case_id=case_id)).outgoing
    assert (offer.other_agency, offer.kind) == ("water", words.HANDOFF_KIND_ASSIGNMENT)
    assert offer.report_due_date == Date(year=2100, month=2, day=28)


# --- once, however often --------------------------------------------------------------------------------------------


def test_the_same_request_three_times_is_one_fact_and_one_receipt(site: Site, housing: Desk) -> None:
    asked = request("RegisterPetition")
    before = site.node.log.head()[0]
    first, second, third = (housing.ask("RegisterPetition", asked) for _ in range(3))
    assert site.node.log.head()[0] == before + 1
    assert (first.replayed, second.replayed, third.replayed) == (False, True, True)
    second.replayed = third.replayed = False
    assert first == second == third


@pytest.mark.parametrize("rpc", ["ClassifyPetition", "HandOff"])
def test_a_repeated_request_is_answered_though_the_case_went_on(site: Site, housing: Desk, rpc: str) -> None:
    case_id = housing.case_after("ClassifyPetition")
    asked = request(rpc, case_id, expected_version=2)
    first = housing.ask(rpc, asked)
    if rpc == "ClassifyPetition":
        housing.act("HandOff", case_id)
    before = site.node.log.head()[0]
    again = housing.ask(rpc, asked)
    assert again.replayed
    assert (again.version, again.position, again.facts) == (first.version, first.position, first.facts)
    assert site.node.log.head()[0] == before


def test_a_repeated_registration_is_answered_though_its_key_is_gone(site: Site, housing: Desk) -> None:
    asked = request("RegisterPetition")
    first = housing.ask("RegisterPetition", asked)
    site.node.keys.destroy(UUID(first.petition_id))
    again = housing.ask("RegisterPetition", asked)
    assert (again.replayed, again.position) == (True, first.position)


def test_the_same_request_from_many_threads_is_one_fact(site: Site, housing: Desk) -> None:
    asked = request("RegisterPetition")
    before = site.node.log.head()[0]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: housing.ask("RegisterPetition", asked), range(16)))
    assert site.node.log.head()[0] == before + 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len({(answer.case_id, answer.position) for answer in answers}) == 1


def test_a_request_id_belongs_to_one_payload(site: Site, housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    request_id = str(uuid4())
    housing.act("NotifyReceipt", case_id, request_id=request_id)
    before = site.node.log.head()[0]
    for refused in (
        housing.refused("NotifyReceipt", case_id, request_id=request_id, method=words.SERVICE_METHOD_IN_PERSON),
        housing.refused("AcceptPetition", case_id, request_id=request_id),
        housing.refused("RegisterPetition", request_id=request_id),
    ):
        assert (refused.status, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
        assert refused.violations == ("header.request_id",)
    assert site.node.log.head()[0] == before


def test_two_agencies_may_use_the_same_request_id(housing: Desk, water: Desk) -> None:
    request_id = str(uuid4())
    assert housing.registered(request_id=request_id) != water.registered(request_id=request_id)


def test_without_a_petition_id_the_node_makes_one_from_the_request(housing: Desk) -> None:
    given = str(uuid4())
    assert housing.act("RegisterPetition", petition_id=given).petition_id == given
    assert UUID(housing.act("RegisterPetition").petition_id).version == 5


def test_commands_on_one_case_from_many_threads_all_come_through(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: housing.act("NotifyReceipt", case_id), range(6)))
    assert sorted(answer.version for answer in answers) == [3, 4, 5, 6, 7, 8]


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_stale_version_is_named(site: Site, housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    before = site.node.log.head()[0]
    refused = housing.refused("NotifyReceipt", case_id, expected_version=1)
    assert (refused.status, refused.reason) == (grpc.StatusCode.ABORTED, "STALE_VERSION")
    assert refused.metadata["actual_version"] == "2"
    assert site.node.log.head()[0] == before
    assert housing.act("NotifyReceipt", case_id, expected_version=2).version == 3


def test_of_two_commands_that_expect_one_version_one_is_done(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")

    def act(_: int) -> str:
        try:
            housing.act("NotifyReceipt", case_id, expected_version=2)
        except grpc.RpcError as error:
            return str(error.code())
        return "done"

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(act, range(4)))
    assert answers == [str(grpc.StatusCode.ABORTED)] * 3 + ["done"]


# --- sealed materials -----------------------------------------------------------------------------------------------


def test_opening_the_materials_is_on_record_before_they_are_shown(site: Site, housing: Desk) -> None:
    case_id = housing.registered(petitioner="李某", content=TEXT)
    opened = housing.act("UnsealMaterials", case_id)
    assert (opened.petitioner, opened.content, opened.erased) == ("李某", TEXT, False)
    assert opened.receipt.facts == ["lianxi.case.v1.MaterialsUnsealed"]
    assert opened.receipt.position == site.node.log.head()[0]


def test_a_repeated_request_opens_the_materials_again_only_for_a_while(
    site: Site, housing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise one fact on record would cover any number of openings, also after the petition was given back."""
    case_id, request_id = housing.registered(), str(uuid4())
    first = housing.act("UnsealMaterials", case_id, request_id=request_id)
    again = housing.act("UnsealMaterials", case_id, request_id=request_id)
    assert (again.petitioner, again.receipt.replayed) == (first.petitioner, True)
    before = site.node.log.head()[0]
    monkeypatch.setattr(case_service, "REOPENED_WITHIN", timedelta())
    refused = housing.refused("UnsealMaterials", case_id, request_id=request_id)
    assert (refused.status, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OPENED_BEFORE")
    assert site.node.log.head()[0] == before
    assert housing.act("UnsealMaterials", case_id).petitioner == first.petitioner


def test_an_erased_petition_opens_no_more_and_takes_no_more_text(site: Site, housing: Desk) -> None:
    receipt = housing.act("RegisterPetition")
    housing.act("ClassifyPetition", receipt.case_id)
    site.node.keys.destroy(UUID(receipt.petition_id))
    opened = housing.act("UnsealMaterials", receipt.case_id)
    assert (opened.petitioner, opened.content, opened.erased) == ("", "", True)
    refused = housing.refused("DeclinePetition", receipt.case_id)
    assert (refused.status, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "KEY_ERASED")


@pytest.mark.parametrize("text", ["x" * 20_000, "a\0b", "\u202e𠮷🀄", "' ; drop table event --"])
def test_any_text_comes_back_as_it_was(housing: Desk, text: str) -> None:
    case_id = housing.registered(content=text)
    assert housing.act("UnsealMaterials", case_id).content == text


# --- who may act ----------------------------------------------------------------------------------------------------


def test_a_certificate_of_one_agency_says_who_acts(housing: Desk) -> None:
    case_id = housing.registered()
    assert housing.ask("GetCase", pb.GetCaseRequest(case_id=case_id)).agency == "housing"
    refused = housing.refused("RegisterPetition", agency="water")
    assert (refused.status, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_THE_CALLERS")


def test_a_certificate_of_several_agencies_must_say_which(site: Site) -> None:
    both = site.desk("both")
    refused = both.refused("RegisterPetition")
    assert (refused.status, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_STATED")
    assert both.act("RegisterPetition", agency="water").version == 1


def test_a_node_speaks_only_for_the_agencies_it_serves(site: Site) -> None:
    refused = site.desk("police").refused("RegisterPetition")
    assert (refused.status, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_SERVED")


def test_a_certificate_that_names_no_agency_may_not_act(site: Site) -> None:
    refused = site.desk("north").refused("RegisterPetition")
    assert (refused.status, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NAMES_NO_AGENCY")


def test_another_agencys_case_is_as_unknown_as_none(site: Site, housing: Desk, water: Desk) -> None:
    case_id = housing.registered()
    before = site.node.log.head()[0]
    for unknown in (case_id, str(uuid4()), ""):
        refused = water.refused("ClassifyPetition", unknown)
        assert (refused.status, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CASE_UNKNOWN")
        assert refused.violations == ("header.case_id",)
    asked = no(lambda: water.ask("GetCase", pb.GetCaseRequest(case_id=case_id)))
    assert (asked.status, asked.reason) == (grpc.StatusCode.NOT_FOUND, "CASE_UNKNOWN")
    assert site.node.log.head()[0] == before


def test_facts_from_before_the_node_joined_stay_closed(housing: Desk) -> None:
    past = datetime.now(UTC) - timedelta(days=400)
    refused = housing.refused("RegisterPetition", occurred_time=past, provenance=words.PROVENANCE_IMPORTED)
    assert (refused.status, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HISTORY_CLOSED")
    assert refused.violations == ("header.provenance",)
