"""What a node says to a wrong request: status, stable reason, article and field; and nothing is recorded, ever."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.authority import create_authority, issue
from services.kit.identity import ClientTls
from tests.agency.conftest import Site
from tests.agency.desk import Desk, no, request

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
INVALID, FAILED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION


class Wrong(NamedTuple):
    """A case led so far, a command on it with wrong fields, and what the caller is told."""

    after: tuple[str, ...]
    rpc: str
    fields: dict[str, Any]
    status: grpc.StatusCode
    reason: str
    violations: tuple[str, ...] = ()
    article: str = ""


HANDED = ("ClassifyPetition",)
ACCEPTED = (*HANDED, "AcceptPetition")
OPINION = (*ACCEPTED, "IssueOpinion")

BROKEN_RULES: dict[str, Wrong] = {
    "a hand-off to oneself": Wrong(
        HANDED, "HandOff", {"to_agency": "housing"}, FAILED, "HANDOFF_TO_ONESELF", ("to_agency",), "Art. 22(1)"
    ),
    "a hand-off to an agency that does not exist": Wrong(
        HANDED, "HandOff", {"to_agency": "nowhere"}, FAILED, "AGENCY_UNKNOWN", ("to_agency",)
    ),
    "an accusation against an agency that does not exist": Wrong(
        (),
        "ClassifyPetition",
        {"category": words.CATEGORY_ACCUSATION, "accused_agencies": ["water", "nowhere"]},
        FAILED,
        "AGENCY_UNKNOWN",
        ("accused_agencies",),
    ),
    "a hand-off before the matter has a category": Wrong(
        (), "HandOff", {}, FAILED, "NOT_CLASSIFIED", ("category",), "Arts. 29-31"
    ),
    "an assignment without a day to report back": Wrong(
        HANDED,
        "HandOff",
        {"kind": words.HANDOFF_KIND_ASSIGNMENT},
        FAILED,
        "REPORT_DATE_MISSING",
        ("report_due_date",),
        "Art. 22(1)(3)",
    ),
    "an opinion without legal basis": Wrong(
        ACCEPTED, "IssueOpinion", {"legal_bases": []}, FAILED, "OPINION_WITHOUT_BASIS", ("legal_bases",), "Art. 32(1)"
    ),
    "a time in the future": Wrong(
        (),
        "ClassifyPetition",
        {"occurred_time": NOW + timedelta(days=1)},
        FAILED,
        "TIME_IN_FUTURE",
        ("header.occurred_time",),
    ),
    "a time before receipt": Wrong(
        (),
        "ClassifyPetition",
        {"occurred_time": NOW - timedelta(days=1)},
        FAILED,
        "TIME_BEFORE_RECEIPT",
        ("header.occurred_time",),
    ),
    "an appeal accepted without a route": Wrong(
        HANDED, "AcceptPetition", {"route": 0}, FAILED, "ROUTE_MISMATCH", ("route",), "Art. 31"
    ),
    "an extension of no days": Wrong(
        ACCEPTED,
        "ExtendHandling",
        {"days": 0, "notified_time": NOW},
        FAILED,
        "EXTENSION_TOO_LONG",
        ("days",),
        "Art. 34",
    ),
    "an objection to what nobody handed over": Wrong(
        (), "RaiseObjection", {}, FAILED, "NOTHING_TO_OBJECT_TO", (), "Art. 23(3)"
    ),
    "a service before there is an opinion": Wrong(
        ACCEPTED, "ServeOpinion", {}, FAILED, "WRONG_PHASE", (), "Ch. III-IV"
    ),
}

MALFORMED: dict[str, Wrong] = {
    "no request id": Wrong((), "NotifyReceipt", {"request_id": ""}, INVALID, "MALFORMED", ("header.request_id",)),
    "a request id that is no UUID": Wrong(
        (), "NotifyReceipt", {"request_id": "seven"}, INVALID, "MALFORMED", ("header.request_id",)
    ),
    "a case id that is no UUID": Wrong(
        (), "NotifyReceipt", {"case_id": "seven"}, INVALID, "MALFORMED", ("header.case_id",)
    ),
    "a negative version": Wrong(
        (), "NotifyReceipt", {"expected_version": -1}, INVALID, "MALFORMED", ("header.expected_version",)
    ),
    "an impossible time": Wrong(
        (),
        "NotifyReceipt",
        {"occurred_time": Timestamp(seconds=10**15)},
        INVALID,
        "MALFORMED",
        ("header.occurred_time",),
    ),
    "an unknown provenance": Wrong(
        (), "NotifyReceipt", {"provenance": 77}, INVALID, "MALFORMED", ("header.provenance",)
    ),
    "no method": Wrong((), "NotifyReceipt", {"method": 0}, INVALID, "MALFORMED", ("method",)),
    "an unknown method": Wrong((), "NotifyReceipt", {"method": 99}, INVALID, "MALFORMED", ("method",)),
    "no channel": Wrong((), "RegisterPetition", {"channel": 0}, INVALID, "MALFORMED", ("channel",)),
    "a petition id that is no UUID": Wrong(
        (), "RegisterPetition", {"petition_id": "x"}, INVALID, "MALFORMED", ("petition_id",)
    ),
    "a name as external reference": Wrong(
        (), "RegisterPetition", {"external_reference": "张 三"}, INVALID, "MALFORMED", ("external_reference",)
    ),
    "a NUL in a reference": Wrong(OPINION, "ServeOpinion", {"proof": "EK\0" + "1"}, INVALID, "MALFORMED", ("proof",)),
    "half a date": Wrong(
        HANDED,
        "HandOff",
        {"report_due_date": Date(year=2030, month=2)},
        INVALID,
        "MALFORMED",
        ("report_due_date",),
    ),
    "the thirtieth of February": Wrong(
        HANDED,
        "HandOff",
        {"report_due_date": Date(year=2030, month=2, day=30)},
        INVALID,
        "MALFORMED",
        ("report_due_date",),
    ),
    "an agency id of another form": Wrong(
        HANDED, "HandOff", {"to_agency": "住房局"}, INVALID, "MALFORMED", ("to_agency",)
    ),
    "an accused agency of another form": Wrong(
        (),
        "ClassifyPetition",
        {"category": words.CATEGORY_ACCUSATION, "accused_agencies": ["water", "X Y"]},
        INVALID,
        "MALFORMED",
        ("accused_agencies[1]",),
    ),
    "no explanation": Wrong(HANDED, "DeclinePetition", {"explanation": ""}, INVALID, "MALFORMED", ("explanation",)),
    "two fields at once": Wrong(
        ACCEPTED, "IssueOpinion", {"outcome": 0, "facts": ""}, INVALID, "MALFORMED", ("outcome", "facts")
    ),
    "a text that is too long": Wrong(
        (), "RegisterPetition", {"content": "长" * 20_001}, INVALID, "MALFORMED", ("content",)
    ),
    "a NUL in a legal basis": Wrong(
        ACCEPTED, "IssueOpinion", {"legal_bases": ["Law\0 1"]}, INVALID, "MALFORMED", ("legal_bases[0]",)
    ),
    "a legal basis that is too long": Wrong(
        ACCEPTED, "IssueOpinion", {"legal_bases": ["x" * 201]}, INVALID, "MALFORMED", ("legal_bases[0]",)
    ),
}

WRONG = BROKEN_RULES | MALFORMED


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_is_told_what_is_wrong(site: Site, housing: Desk, wrong: Wrong) -> None:
    case_id = housing.case_after(*wrong.after)
    before = site.node.log.head()[0]
    refused = housing.refused(wrong.rpc, **({"case_id": case_id} | wrong.fields))
    assert (refused.status, refused.reason) == (wrong.status, wrong.reason)
    assert refused.violations == wrong.violations
    assert refused.article == wrong.article
    assert refused.metadata["message_zh"]
    assert site.node.log.head()[0] == before


def test_a_refused_request_id_may_be_used_again(housing: Desk) -> None:
    case_id, request_id = housing.registered(), str(uuid4())
    assert housing.refused("HandOff", case_id, request_id=request_id).reason == "NOT_CLASSIFIED"
    housing.act("ClassifyPetition", case_id)
    assert housing.act("HandOff", case_id, request_id=request_id).version == 3


def test_an_accusation_never_reaches_the_accused(site: Site, housing: Desk) -> None:
    case_id = housing.registered()
    accused = {"category": words.CATEGORY_ACCUSATION, "accused_agencies": ["water"]}
    housing.act("ClassifyPetition", case_id, **accused)
    before = site.node.log.head()[0]
    refused = housing.refused("HandOff", case_id, to_agency="water")
    assert (refused.status, refused.reason, refused.article) == (FAILED, "ACCUSATION_REACHES_ACCUSED", "Art. 30(3)")
    assert site.node.log.head()[0] == before


def test_a_petition_is_registered_once(site: Site, housing: Desk) -> None:
    petition_id = housing.act("RegisterPetition").petition_id
    before = site.node.log.head()[0]
    refused = housing.refused("RegisterPetition", petition_id=petition_id)
    assert (refused.status, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_REGISTERED")
    assert (refused.violations, refused.article) == (("petition_id",), "Art. 22(1)")
    assert site.node.log.head()[0] == before


def test_a_refused_registration_leaves_no_key(site: Site, housing: Desk) -> None:
    petition_id = uuid4()
    refused = housing.refused(
        "RegisterPetition", petition_id=str(petition_id), received_time=datetime.now(UTC) + timedelta(days=2)
    )
    assert refused.reason.startswith("TIME_")
    assert site.node.keys.get(petition_id) is None


# --- bytes ----------------------------------------------------------------------------------------------------------


def test_ten_megabytes_are_turned_away(site: Site, housing: Desk) -> None:
    before = site.node.log.head()[0]
    refused = housing.refused("RegisterPetition", content="x" * 10_000_000)
    assert refused.status is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert site.node.log.head()[0] == before


def _sent(desk: Desk, wire: bytes) -> Any:
    """Send bytes as they are, as a caller might that was generated by other tools."""
    call: Any = desk.channel.unary_unary("/lianxi.agency.v1.CaseService/RegisterPetition")
    return no(lambda: call(wire, timeout=20))


@pytest.mark.parametrize(
    ("place", "field"), [("content", "content"), ("petitioner", "petitioner"), ("case_id", "header.case_id")]
)
def test_text_that_is_not_utf8_is_named(site: Site, housing: Desk, place: str, field: str) -> None:
    before = site.node.log.head()[0]
    wire = request("RegisterPetition", **{place: "QQQQ"}).SerializeToString().replace(b"QQQQ", b"\xc3\x28\xa0\xa1")
    refused = _sent(housing, wire)
    assert (refused.status, refused.reason, refused.violations) == (INVALID, "MALFORMED", (field,))
    assert site.node.log.head()[0] == before


@pytest.mark.parametrize("wire", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x00" * 100, bytes(range(256))])
def test_bytes_that_are_no_message_are_malformed(site: Site, housing: Desk, wire: bytes) -> None:
    before = site.node.log.head()[0]
    refused = _sent(housing, wire)
    assert (refused.status, refused.reason) == (INVALID, "MALFORMED")
    assert site.node.log.head()[0] == before


# --- certificates ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(site: Site, tmp_path: Path) -> Iterator[Desk]:
    """A caller whose certificate another authority issued; it trusts the node, the node does not trust it."""
    create_authority(tmp_path)
    issue(tmp_path, "housing", agencies=("housing",), node=False)
    files = ClientTls(tmp_path / "housing.pem", tmp_path / "housing-key.pem", site.certificates / "ca.pem")
    with Desk(site.port, files) as desk:
        yield desk


def test_a_certificate_of_another_authority_gets_no_answer(site: Site, stranger: Desk) -> None:
    before = site.node.log.head()[0]
    assert stranger.refused("RegisterPetition").status is grpc.StatusCode.UNAVAILABLE
    assert site.node.log.head()[0] == before


def test_a_caller_without_certificate_gets_no_answer(site: Site) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{site.port}") as channel:
        call: Any = channel.unary_unary("/lianxi.agency.v1.CaseService/ListAgencies")
        refused = no(lambda: call(pb.ListAgenciesRequest().SerializeToString(), timeout=5))
    assert refused.status is grpc.StatusCode.UNAVAILABLE
