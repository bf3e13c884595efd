"""The petitioner's codes over the wire: given by the registering agency, the same again, and nowhere in clear."""

from uuid import UUID, uuid4

import grpc
import psycopg
import pytest

from lianxi.agency.v1 import case_service_pb2 as pb
from services.kit.spoken_codes import digest_of, is_well_written
from tests.agency.conftest import Site
from tests.agency.desk import Desk, no, request

pytestmark = pytest.mark.postgres


def test_the_codes_are_given_and_their_giving_is_on_record(housing: Desk) -> None:
    answer: pb.IssueQueryCodeResponse = housing.act("IssueQueryCode", housing.registered())
    assert answer.receipt.facts == ["lianxi.case.v1.QueryCodeIssued"]
    assert is_well_written(answer.query_code)
    assert is_well_written(answer.rating_token)
    assert answer.query_code != answer.rating_token


def test_a_repeated_request_gives_the_same_codes_and_no_second_fact(site: Site, housing: Desk) -> None:
    asked = request("IssueQueryCode", housing.registered())
    first = housing.ask("IssueQueryCode", asked)
    before = site.node.log.head()[0]
    again = housing.ask("IssueQueryCode", asked)
    assert site.node.log.head()[0] == before
    assert again.receipt.replayed
    assert (again.query_code, again.rating_token) == (first.query_code, first.rating_token)


def test_a_lost_code_is_given_again_though_the_petition_was_handed_on(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition")
    first = housing.act("IssueQueryCode", case_id)
    housing.act("HandOff", case_id)
    assert housing.act("IssueQueryCode", case_id).query_code == first.query_code


def test_every_petition_has_codes_of_its_own(housing: Desk) -> None:
    given = [housing.act("IssueQueryCode", housing.registered()) for _ in range(5)]
    assert len({code for one in given for code in (one.query_code, one.rating_token)}) == 10


def test_an_erased_petition_has_no_codes_any_more(site: Site, housing: Desk) -> None:
    receipt = housing.act("RegisterPetition")
    asked = request("IssueQueryCode", receipt.case_id)
    housing.ask("IssueQueryCode", asked)
    site.node.keys.destroy(UUID(receipt.petition_id))
    for call in (asked, request("IssueQueryCode", receipt.case_id)):
        refused = no(lambda call=call: housing.ask("IssueQueryCode", call))
        assert (refused.status, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "KEY_ERASED")


def test_nobody_gives_the_codes_of_another_agency_s_petition(housing: Desk, water: Desk) -> None:
    case_id = housing.registered()
    assert water.refused("IssueQueryCode", case_id).reason == "CASE_UNKNOWN"
    assert water.refused("IssueQueryCode", str(uuid4())).reason == "CASE_UNKNOWN"


def test_no_stored_byte_holds_a_code(site: Site, housing: Desk) -> None:
    given = housing.act("IssueQueryCode", housing.registered())
    with psycopg.connect(site.node.settings.log_dsn) as connection:
        stored = _everything(connection)
    assert digest_of(given.query_code).encode() in stored
    for code in (given.query_code, given.rating_token):
        for written in (code, code.replace("-", ""), code.lower()):
            assert written.encode() not in stored
            assert written.encode().hex().encode() not in stored


def _everything(connection: psycopg.Connection[tuple[object, ...]]) -> bytes:
    """Every row of every table of the database, as text; bytes stand in it in hexadecimal and decoded."""
    tables = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    stored = b""
    for (table,) in tables:
        for row in connection.execute(f"SELECT * FROM {table}".encode()):
            for value in row:
                stored += bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
    return stored
