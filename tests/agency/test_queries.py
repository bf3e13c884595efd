"""Reads: what an agency sees of its cases and duties, page by page, its own writes included and nobody else's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from google.type.date_pb2 import Date

from domain.calendar import civil_date
from domain.duties import Duty
from domain.law import Law
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.agency import queries, views
from services.agency.queries import Queries
from services.agency.views import DUTIES, SCHEMA, DutyRow, NodeViews, open_views
from services.kit.law import law_in_force
from services.kit.rpc.messages import fields_of
from services.kit.rpc.pages import token_of
from tests.agency.conftest import Site
from tests.agency.desk import Desk, no

pytestmark = pytest.mark.postgres

CALENDAR = law_in_force().version


def pages(desk: Desk, rpc: str, request: Any, rows: str) -> list[list[Any]]:
    """Turn all pages of a list."""
    found = []
    while True:
        answer = desk.ask(rpc, request)
        found.append(list(getattr(answer, rows)))
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


# --- cases ----------------------------------------------------------------------------------------------------------


def test_a_case_is_read_as_it_was_written(site: Site, housing: Desk) -> None:
    receipt = housing.act("RegisterPetition")
    housing.act("ClassifyPetition", receipt.case_id)
    housing.act("AcceptPetition", receipt.case_id)
    case = housing.ask("GetCase", pb.GetCaseRequest(case_id=receipt.case_id))
    assert (case.petition_id, case.agency, case.version) == (receipt.petition_id, "housing", 3)
    assert (case.phase, case.category, case.route) == (
        "accepted",
        words.CATEGORY_APPEAL,
        words.ROUTE_PETITION_PROCEDURE,
    )
    assert case.accepted_time.ToDatetime(UTC) >= case.received_time.ToDatetime(UTC)
    assert case.as_of_position == site.node.log.head()[0]
    assert not case.HasField("incoming")
    assert not case.HasField("served_time")


def test_what_was_written_is_in_the_list_at_once(housing: Desk) -> None:
    for _ in range(3):
        receipt = housing.act("RegisterPetition")
        listed = pages(housing, "ListCases", pb.ListCasesRequest(min_position=receipt.position, page_size=500), "cases")
        assert receipt.case_id in {case.case_id for page in listed for case in page}


def test_pages_of_any_size_give_the_same_rows_once(site: Site) -> None:
    water = site.desk("water")
    for _ in range(7):
        position = water.act("RegisterPetition").position
    whole = pages(water, "ListCases", pb.ListCasesRequest(min_position=position, page_size=500), "cases")[0]
    times = [(case.received_time.ToDatetime(UTC), case.case_id) for case in whole]
    assert times == sorted(times)
    assert len(whole) >= 7
    for size in (1, 2, 3, 7, len(whole), len(whole) + 1):
        turned = pages(water, "ListCases", pb.ListCasesRequest(page_size=size), "cases")
        assert [case for page in turned for case in page] == whole
        assert max(map(len, turned)) <= size


def test_a_phase_is_asked_for(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition", "HandOff")
    position = housing.act("NotifyReceipt", case_id).position
    for phase, is_listed in (("handed_off", True), ("open", False)):
        asked = pb.ListCasesRequest(phase=phase, min_position=position, page_size=500)
        listed = [case for page in pages(housing, "ListCases", asked, "cases") for case in page]
        assert (case_id in {case.case_id for case in listed}) == is_listed
        assert {case.phase for case in listed} <= {phase}


def test_nobody_reads_what_is_anothers(site: Site, housing: Desk) -> None:
    receipt = housing.act("RegisterPetition")
    water = site.desk("water")
    asked = pb.ListCasesRequest(min_position=receipt.position, page_size=500)
    assert receipt.case_id not in {case.case_id for case in water.ask("ListCases", asked).cases}
    duty_id = housing.ask("ListDuties", pb.ListDutiesRequest(case_id=receipt.case_id)).duties[0].duty_id
    assert not water.ask("ListDuties", pb.ListDutiesRequest(case_id=receipt.case_id)).duties
    refused = no(lambda: water.ask("ExplainDuty", pb.ExplainDutyRequest(duty_id=duty_id)))
    assert (refused.status, refused.reason) == (grpc.StatusCode.NOT_FOUND, "DUTY_UNKNOWN")


# --- wrong questions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rpc", "request_", "field"),
    [
        ("ListCases", pb.ListCasesRequest(page_size=-1), "page_size"),
        ("ListCases", pb.ListCasesRequest(page_token="not ours"), "page_token"),
        ("ListCases", pb.ListCasesRequest(page_token="WyJ4Il0="), "page_token"),
        ("ListCases", pb.ListCasesRequest(phase="asleep"), "phase"),
        ("ListDuties", pb.ListDutiesRequest(case_id="seven"), "case_id"),
        ("ListDuties", pb.ListDutiesRequest(statuses=[cast("words.DutyStatus.ValueType", 77)]), "statuses"),
        ("GetCase", pb.GetCaseRequest(case_id="seven"), "case_id"),
        ("ListAgencies", pb.ListAgenciesRequest(page_token="WzFd"), "page_token"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(housing: Desk, rpc: str, request_: Any, field: str) -> None:
    refused = no(lambda: housing.ask(rpc, request_))
    assert (refused.status, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
    assert refused.violations == (field,)


def test_a_text_that_no_column_can_hold_is_refused_and_no_fault(housing: Desk) -> None:
    unaskable = token_of(("never", str(uuid4())), ("cases", "housing", ""))
    questions = (
        ("ExplainDuty", pb.ExplainDutyRequest(duty_id="a\0b")),
        ("ListCases", pb.ListCasesRequest(page_token=unaskable)),
    )
    for rpc, question in questions:
        refused = no(lambda rpc=rpc, question=question: housing.ask(rpc, question))
        assert (refused.status, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")


def test_a_token_belongs_to_its_question(housing: Desk) -> None:
    for _ in range(2):
        position = housing.act("RegisterPetition").position
    token = housing.ask("ListCases", pb.ListCasesRequest(page_size=1, min_position=position)).next_page_token
    refused = no(lambda: housing.ask("ListCases", pb.ListCasesRequest(page_token=token, phase="open")))
    assert refused.violations == ("page_token",)


def test_a_position_that_is_not_reached_is_not_waited_for_long(
    site: Site, housing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "WAIT_SECONDS_MAX", 0.2)
    far = site.node.log.head()[0] + 1000
    refused = no(lambda: housing.ask("ListCases", pb.ListCasesRequest(min_position=far)))
    assert (refused.status, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "POSITION_NOT_REACHED")
    assert 0 < int(refused.metadata["as_of_position"]) < far


# --- duties ---------------------------------------------------------------------------------------------------------


def test_a_duty_is_listed_and_explained(site: Site) -> None:
    bureau = site.desk("bureau")
    receipt = bureau.act("RegisterPetition", received_time=datetime(2024, 9, 20, 2, tzinfo=UTC))
    asked = pb.ListDutiesRequest(case_id=receipt.case_id, min_position=receipt.position)
    [duty] = bureau.ask("ListDuties", asked).duties
    assert (duty.rule, duty.article, duty.debtor) == ("D1", "Art. 22(1)", "bureau")
    assert duty.status == words.DUTY_STATUS_BREACHED
    assert (duty.start_date, duty.due_date) == (Date(year=2024, month=9, day=20), Date(year=2024, month=10, day=5))
    assert duty.due_time.ToDatetime(UTC) == datetime(2024, 10, 5, 16, tzinfo=UTC)
    explained = bureau.ask("ExplainDuty", pb.ExplainDutyRequest(duty_id=duty.duty_id))
    assert explained.duty == duty
    assert explained.title_zh == "登记并转送、交办"
    assert explained.steps[0] == "Art. 22(1) (2022): pass the petition on, counted from 2024-09-20"
    assert "15 calendar days" in explained.steps[1]
    assert explained.steps_zh[1] == "《信访工作条例》第二十二条第一款规定 15 日"
    assert len(explained.steps) == len(explained.steps_zh)


def test_duties_come_in_the_order_of_their_dates_and_by_status(housing: Desk) -> None:
    case_id = housing.case_after("ClassifyPetition", "NotifyReceipt")
    position = housing.act("AcceptPetition", case_id).position
    asked = pb.ListDutiesRequest(case_id=case_id, min_position=position, page_size=1)
    duties = [duty for page in pages(housing, "ListDuties", asked, "duties") for duty in page]
    assert {duty.rule: words.DutyStatus.Name(duty.status) for duty in duties} == {
        "D3": "DUTY_STATUS_MET",
        "D4-ACCEPTANCE": "DUTY_STATUS_MET",
        "D10": "DUTY_STATUS_OPEN",
    }
    dated = [duty.HasField("due_time") and duty.due_time.ToDatetime(UTC) for duty in duties]
    assert dated == [*sorted(time for time in dated if time), *(time for time in dated if not time)]
    for status, rules in ((words.DUTY_STATUS_OPEN, {"D10"}), (words.DUTY_STATUS_MET, {"D3", "D4-ACCEPTANCE"})):
        listed = housing.ask("ListDuties", pb.ListDutiesRequest(case_id=case_id, statuses=[status])).duties
        assert {duty.rule for duty in listed} == rules


def test_the_status_in_sql_is_the_status_of_the_domain(site: Site) -> None:
    now = site.node.clock()
    agency, case_id = "oracle", uuid4()
    due_times = (None, now - timedelta(days=2), now + timedelta(days=2))
    ended_times = (None, now - timedelta(days=3), now - timedelta(days=1))
    duties = {}
    for n, (nature, due, met, released) in enumerate(product(("duty", "window"), due_times, ended_times, ended_times)):
        duty_id = f"{case_id}/D1/{n}"
        duties[duty_id] = Duty(
            duty_id, "D1", "2022", "Art. 22(1)", nature, uuid4(), case_id, agency, now, civil_date(now),
            civil_date(due) if due else None, due, "final", CALENDAR, "Art. 22(1): no figure in law",
            met_time=met, released_time=released,
        )  # fmt: skip
    rows = [DutyRow._make((agency, *(getattr(duty, name) for name in DutyRow._fields[1:]))) for duty in duties.values()]
    with open_views(site.node.settings.log_dsn) as connection, connection.transaction():
        DUTIES.upsert(connection, SCHEMA, rows)
    asked = Queries(site.node)
    try:
        listed = asked.list_duties(pb.ListDutiesRequest(page_size=500), agency).duties
        assert {duty.duty_id: fields_of(duty)["status"] for duty in listed} == {
            duty_id: duty.status(now) for duty_id, duty in duties.items()
        }
        for number, name in ((value, name) for name, value in words.DutyStatus.items() if value):
            request = pb.ListDutiesRequest(page_size=500, statuses=[number])
            found = {duty.duty_id for duty in asked.list_duties(request, agency).duties}
            word = name.removeprefix("DUTY_STATUS_").lower()
            assert found == {duty_id for duty_id, duty in duties.items() if duty.status(now) == word}
    finally:
        asked.close()
        with open_views(site.node.settings.log_dsn) as connection:
            connection.execute("DELETE FROM node_duty WHERE debtor = 'oracle'")


# --- views ----------------------------------------------------------------------------------------------------------


def _tables(site: Site) -> list[list[tuple[Any, ...]]]:
    with open_views(site.node.settings.log_dsn) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY {key}".encode()).fetchall()
            for table, key in (("node_case", "case_id"), ("node_duty", "duty_id"), ("node_position", "position"))
        ]


def test_views_made_again_from_the_log_are_equal(site: Site, housing: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = housing.case_after("ClassifyPetition", "AcceptPetition", "IssueOpinion")
    position = housing.act("ServeOpinion", case_id).position
    housing.ask("ListCases", pb.ListCasesRequest(min_position=position))
    before = _tables(site)
    # Small batches and hardly any memory: most facts meet a case that has to be read from the log again.
    monkeypatch.setattr(views, "SCHEMA", "agency_again")
    monkeypatch.setattr(views, "BATCH_FACTS_MAX", 7)
    monkeypatch.setattr(views, "CASES_AT_HAND_MAX", 2)
    views.prepare(site.node.settings.log_dsn)
    with views.open_views(site.node.settings.log_dsn) as connection:
        again = NodeViews(site.node, connection)
        while again.fold_next():
            pass
        found = [
            connection.execute(f"SELECT * FROM {table} ORDER BY {key}".encode()).fetchall()
            for table, key in (("node_case", "case_id"), ("node_duty", "duty_id"), ("node_position", "position"))
        ]
    assert found == before


def test_a_newer_calendar_moves_every_date_at_a_stroke(
    site: Site, housing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = housing.act("RegisterPetition").position
    housing.ask("ListCases", pb.ListCasesRequest(min_position=position))
    upgraded = replace(site.node, law=Law(replace(site.node.law.calendar, version="cn-newer")))
    monkeypatch.setattr(views, "SCHEMA", "agency_newer")
    views.prepare(site.node.settings.log_dsn)

    def calendars() -> list[tuple[Any, ...]]:
        return fresh.execute("SELECT DISTINCT calendar_version FROM node_duty").fetchall()

    with open_views(site.node.settings.log_dsn) as stale, open_views(site.node.settings.log_dsn) as fresh:
        running = NodeViews(site.node, stale)
        running.fold_next()
        assert calendars() == [(CALENDAR,)]
        NodeViews(upgraded, fresh).fold_next()
        assert calendars() == [("cn-newer",)]
        # The one that began before the upgrade leaves the tables alone.
        assert running.fold_next() == 0
        assert calendars() == [("cn-newer",)]


def test_the_directory_is_listed_page_by_page(housing: Desk) -> None:
    turned = pages(housing, "ListAgencies", pb.ListAgenciesRequest(page_size=3), "agencies")
    assert [[agency.agency for agency in page] for page in turned] == [["bureau", "housing", "police"], ["water"]]
    police = turned[0][2]
    assert (police.node, police.name_zh, police.kind) == ("south", "公安局", words.AGENCY_KIND_AGENCY)
