"""The office's questions over gRPC, with real certificates: who may ask, and what the answers hold."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message

from domain.calendar import civil_date
from domain.duties import Duty
from domain.vocabulary import Category
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.envelope import decode
from services.kit.rpc.client import Caller, Denied, NotReached, call
from services.kit.work_calendar import published_calendar
from services.office import reading
from services.office.ingest import Ingest
from services.office.views.duties import DutyRow
from services.office.views.petitions import PetitionRow
from tests.support.desk import altered, by_petition, expected, with_fields
from tests.support.histories import records
from tests.support.nodes import City
from tests.support.offices import NOW, LivingOffice, living_office

pytestmark = pytest.mark.postgres

# At `NOW`, ninety days on, some of these are ended, some answered, some late.
HISTORY = records(30, seed=23, interleaved=30)
GIVEN = HISTORY[: len(HISTORY) * 3 // 4]
VIEWS = expected(GIVEN)
PETITIONS = {row.petition_id: row for row in map(PetitionRow._make, VIEWS["petitions"])}
DUTIES = [DutyRow._make(row) for row in VIEWS["duties"]]
FAR_POSITION = 10**9
Refusals = Callable[[str, Message], Denied]


@pytest.fixture(scope="module")
def office(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingOffice]:
    folder = tmp_path_factory.mktemp("office")
    city = City(postgres_server, folder)
    with living_office(city, folder) as founded:
        take_in(founded, GIVEN)
        yield founded
    city.close()


@pytest.fixture
def new_office(city: City, tmp_path: Path) -> Iterator[LivingOffice]:
    """An office of this test's own, which has taken nothing in."""
    with living_office(city, tmp_path) as founded:
        yield founded


@pytest.fixture
def asked(office: LivingOffice) -> Iterator[OfficeServiceStub]:
    with office.called_by() as stub:
        yield stub


def take_in(office: LivingOffice, sent: list[Any]) -> None:
    with office.rows() as connection:
        worker = Ingest(connection, published_calendar(), office.node.id)
        worker.resume()
        worker.write(sent)


def refused(stub: OfficeServiceStub, rpc: str, request: Message) -> Denied:
    with pytest.raises(Denied) as denied:
        call(getattr(stub, rpc), request, Caller(None, ""), timeout_seconds=20)
    return denied.value


def pages(method: Callable[[Any], Any], request: Any, field: str) -> list[Any]:
    """Every row of a list, a page after the other."""
    found: list[Any] = []
    for _ in range(1000):
        answer = method(request)
        found += getattr(answer, field)
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token
    raise AssertionError("the pages never end")


# --- who may ask ----------------------------------------------------------------------------------------------------

EVERY_RPC = [method.name for method in pb.DESCRIPTOR.services_by_name["OfficeService"].methods]


@pytest.mark.parametrize("caller", ["stranger", "archive-caller"])
def test_nobody_but_the_office_may_ask_anything(office: LivingOffice, caller: str) -> None:
    declared = pb.DESCRIPTOR.services_by_name["OfficeService"].methods_by_name
    with office.called_by(caller) as stub:
        for rpc in EVERY_RPC:
            request = getattr(pb, declared[rpc].input_type.name)()
            denied = refused(stub, rpc, request)
            assert (denied.status, denied.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_THE_OFFICE"), rpc
            assert "joint-meeting" in denied.remedy


def test_a_certificate_that_names_no_agency_may_not_ask(office: LivingOffice) -> None:
    with office.called_by("nobody") as stub:
        denied = refused(stub, "GetOverview", pb.GetOverviewRequest())
    assert denied.reason == "CALLER_NAMES_NO_AGENCY"


# --- petitions ------------------------------------------------------------------------------------------------------


def test_each_petition_has_the_custodian_that_the_fold_says(asked: OfficeServiceStub) -> None:
    for petition_id, row in PETITIONS.items():
        found = asked.GetPetition(pb.GetPetitionRequest(petition_id=str(petition_id)))
        has_ended = row.ended_time is not None and row.ended_time <= NOW
        assert found.custodian == ("" if has_ended else row.custodian)
        assert found.HasField("ended_time") == has_ended
        assert (found.phase, found.handoffs, found.returns) == (row.phase, row.handoffs, row.returns)
        assert found.why
        assert found.why_zh
        assert "?" not in found.why
        assert found.as_of_sequence == len(GIVEN)


def test_an_unknown_petition_and_an_id_that_is_none_are_refused(asked: OfficeServiceStub) -> None:
    unknown = refused(asked, "GetPetition", pb.GetPetitionRequest(petition_id=str(UUID(int=0))))
    assert (unknown.status, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "PETITION_UNKNOWN")
    malformed = refused(asked, "GetPetition", pb.GetPetitionRequest(petition_id="7"))
    assert (malformed.reason, malformed.fields) == ("MALFORMED", ("petition_id",))


@pytest.mark.parametrize("size", [1, 7, 500])
@pytest.mark.parametrize("include_ended", [True, False])
def test_petitions_come_a_page_after_the_other_the_oldest_first(
    asked: OfficeServiceStub, size: int, include_ended: bool
) -> None:
    request = pb.ListPetitionsRequest(page_size=size, include_ended=include_ended)
    found = pages(asked.ListPetitions, request, "petitions")
    wanted = [row for row in PETITIONS.values() if include_ended or row.ended_time is None or row.ended_time > NOW]
    ordered = sorted(wanted, key=lambda row: (row.first_received_time, row.petition_id))
    assert [one.petition_id for one in found] == [str(row.petition_id) for row in ordered]


def test_petitions_of_one_custodian(asked: OfficeServiceStub) -> None:
    found = pages(asked.ListPetitions, pb.ListPetitionsRequest(custodian="housing-bureau", page_size=3), "petitions")
    assert {one.custodian for one in found} == {"housing-bureau"}


def test_a_token_is_for_its_own_question_only(asked: OfficeServiceStub) -> None:
    token = asked.ListPetitions(pb.ListPetitionsRequest(page_size=1)).next_page_token
    for request in (
        pb.ListPetitionsRequest(page_token=token, include_ended=True),
        pb.ListPetitionsRequest(page_token="x" + token),
    ):
        assert refused(asked, "ListPetitions", request).fields == ("page_token",)
    assert refused(asked, "ListDuties", pb.ListDutiesRequest(page_token=token)).fields == ("page_token",)
    assert refused(asked, "ListPetitions", pb.ListPetitionsRequest(page_size=-1)).fields == ("page_size",)


# --- duties ---------------------------------------------------------------------------------------------------------

STATUS_NUMBERS = [value.number for value in words.DutyStatus.DESCRIPTOR.values if value.number]


def standing(duty: DutyRow) -> str:
    """The status by the domain's own definition, which takes any row with the right fields."""
    return str(Duty.status(duty, NOW))  # type: ignore[arg-type]


@pytest.mark.parametrize("status", STATUS_NUMBERS)
def test_duties_of_each_status_are_those_that_the_domain_says_the_oldest_date_first(
    asked: OfficeServiceStub, status: "words.DutyStatus.ValueType"
) -> None:
    word = words.DutyStatus.Name(status).removeprefix("DUTY_STATUS_").lower()
    found = pages(asked.ListDuties, pb.ListDutiesRequest(statuses=[status], page_size=9), "duties")
    wanted = sorted(
        (duty for duty in DUTIES if standing(duty) == word),
        key=lambda duty: (duty.due_time is None, duty.due_time or NOW, duty.duty_id),
    )
    assert [one.duty_id for one in found] == [duty.duty_id for duty in wanted]


def test_late_duties_carry_article_debtor_and_date(asked: OfficeServiceStub) -> None:
    found = asked.ListDuties(pb.ListDutiesRequest(statuses=[words.DUTY_STATUS_BREACHED])).duties
    assert found
    for duty in found:
        assert duty.article
        assert duty.debtor
        assert duty.case_id == duty.duty_id.split("/")[0]
        assert duty.due_time.ToDatetime().timestamp() <= NOW.timestamp()
    assert [one.due_time.ToJsonString() for one in found] == sorted(one.due_time.ToJsonString() for one in found)


@pytest.mark.parametrize("days", [0, 3, 30])
def test_duties_due_in_the_next_days_begin_today_and_leave_out_what_is_late(
    asked: OfficeServiceStub, days: int
) -> None:
    found = pages(asked.ListDuties, pb.ListDutiesRequest(due_within_days=days, page_size=5), "duties")
    today = civil_date(NOW)
    last = today + timedelta(days=days)
    wanted = {duty.duty_id for duty in DUTIES if duty.due_date and today <= duty.due_date <= last}
    assert {one.duty_id for one in found} == wanted
    assert len(found) == len(wanted)


def test_duties_of_a_petition_and_of_a_debtor(asked: OfficeServiceStub) -> None:
    petition_id = next(iter(PETITIONS))
    found = pages(asked.ListDuties, pb.ListDutiesRequest(petition_id=str(petition_id), page_size=2), "duties")
    assert {one.duty_id for one in found} == {duty.duty_id for duty in DUTIES if duty.petition_id == petition_id}
    owed = pages(asked.ListDuties, pb.ListDutiesRequest(debtor="housing-bureau", page_size=50), "duties")
    assert {one.duty_id for one in owed} == {duty.duty_id for duty in DUTIES if duty.debtor == "housing-bureau"}


def test_days_out_of_range_are_refused(asked: OfficeServiceStub) -> None:
    for days in (-1, 10**6):
        denied = refused(asked, "ListDuties", pb.ListDutiesRequest(due_within_days=days))
        assert denied.fields == ("due_within_days",)


def test_a_date_is_explained_step_by_step(asked: OfficeServiceStub) -> None:
    duty = next(duty for duty in DUTIES if duty.rule_id == "D5")
    found = asked.ExplainDuty(pb.ExplainDutyRequest(duty_id=duty.duty_id))
    assert found.duty.duty_id == duty.duty_id
    assert found.title_zh == "提出异议"
    assert any("Art. 23(3)" in step for step in found.steps)
    assert any("5 working days" in step for step in found.steps)
    assert str(duty.due_date) in found.steps[-1]
    assert not any("on record stands" in step for step in found.steps)
    without_figure = next(duty for duty in DUTIES if duty.due_date is None)
    assert "no figure" in asked.ExplainDuty(pb.ExplainDutyRequest(duty_id=without_figure.duty_id)).steps[-1]
    unknown = refused(asked, "ExplainDuty", pb.ExplainDutyRequest(duty_id="none"))
    assert (unknown.status, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "DUTY_UNKNOWN")


# --- hands, custody, timeline ---------------------------------------------------------------------------------------


def test_hands_custody_and_timeline_of_a_petition(asked: OfficeServiceStub) -> None:
    for petition_id, road in list(by_petition(GIVEN).items())[:8]:
        name = str(petition_id)
        timeline = pages(asked.ListTimeline, pb.ListTimelineRequest(petition_id=name, page_size=2), "entries")
        assert [f"{one.node}:{one.position}" for one in timeline] == [decode(record.value).id for record in road]
        assert [one.sequence for one in timeline] == sorted(one.sequence for one in timeline)
        handoffs = pages(asked.ListHandoffs, pb.ListHandoffsRequest(petition_id=name, page_size=1), "handoffs")
        assert [one.number for one in handoffs] == list(range(1, PETITIONS[petition_id].handoffs + 1))
        segments = asked.ListCustody(pb.ListCustodyRequest(petition_id=name)).segments
        assert [one.from_time for one in segments[1:]] == [one.to_time for one in segments[:-1]]


def test_all_hand_offs_of_an_agency(asked: OfficeServiceStub) -> None:
    found = pages(asked.ListHandoffs, pb.ListHandoffsRequest(agency="housing-bureau", page_size=4), "handoffs")
    assert len(found) == len(VIEWS["handoffs"])
    assert not asked.ListHandoffs(pb.ListHandoffsRequest(agency="nobody-knows")).handoffs


# --- read your writes -----------------------------------------------------------------------------------------------


def test_a_read_waits_for_a_fact_that_is_on_its_way(new_office: LivingOffice) -> None:
    late = HISTORY[len(GIVEN)]
    place = decode(late.value)
    take_in(new_office, GIVEN)
    later = threading.Timer(0.3, lambda: take_in(new_office, [late]))
    request = pb.GetPetitionRequest(
        petition_id=str(place.subject), min_position=pb.NodePosition(node=place.node, position=place.position)
    )
    with new_office.called_by() as stub:
        later.start()
        assert stub.GetPetition(request).as_of_sequence == len(GIVEN) + 1
    later.join()


def test_a_fact_that_is_parked_is_not_waited_for(new_office: LivingOffice) -> None:
    spoilt = altered(GIVEN[0], type="lianxi.case.v9.Registered")
    place = decode(spoilt.value)
    take_in(new_office, [spoilt])
    wanted = pb.NodePosition(node=place.node, position=place.position)
    with new_office.called_by() as stub:
        denied = refused(
            stub, "GetPetition", pb.GetPetitionRequest(petition_id=str(place.subject), min_position=wanted)
        )
        assert denied.reason == "FACT_PARKED"
        waiting = stub.GetPetition(pb.GetPetitionRequest(petition_id=str(place.subject)))
    assert waiting.parked
    assert "parked" in waiting.why


def test_a_fact_that_does_not_come_is_told_after_a_while(
    asked: OfficeServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WAIT_SECONDS_MAX", 0.2)
    place = pb.NodePosition(node="node-one", position=FAR_POSITION)
    request = pb.ListDutiesRequest(min_position=place)
    with pytest.raises(NotReached, match="has not taken in position"):
        call(asked.ListDuties, request, Caller(None, ""), timeout_seconds=20)
    half = pb.ListDutiesRequest(min_position=pb.NodePosition(position=4))
    assert refused(asked, "ListDuties", half).fields == ("min_position",)


# --- the picture ----------------------------------------------------------------------------------------------------


def test_the_overview_counts_what_the_fold_counts(asked: OfficeServiceStub) -> None:
    found = asked.GetOverview(pb.GetOverviewRequest())
    is_open = [row for row in PETITIONS.values() if row.ended_time is None or row.ended_time > NOW]
    assert (found.petitions, found.petitions_open) == (len(PETITIONS), len(is_open))
    assert found.petitions_without_custodian == 0
    assert (found.events, found.as_of_sequence) == (len(GIVEN), len(GIVEN))
    assert found.handoffs == len(VIEWS["handoffs"])
    assert found.returns == sum(row.returns for row in PETITIONS.values())
    for rule in found.duties:
        of_rule = [standing(duty) for duty in DUTIES if (duty.rule_id, duty.rule_version) == (rule.rule, "2022")]
        for status in ("open", "met", "late", "breached", "lapsed", "released"):
            assert getattr(rule, status) == of_rule.count(status), (rule.rule, status)
        assert rule.article
    assert {(one.node, one.missing) for one in found.nodes} == {("node-one", 0), ("node-two", 0)}
    assert sum(load.in_custody for load in found.loads) == len(is_open)
    assert sum(pair.handoffs for pair in found.bounces) == len(VIEWS["handoffs"])


def test_by_agency_accusations_are_left_out(new_office: LivingOffice) -> None:
    petition = next(row for row in PETITIONS.values() if row.ended_time is None and row.handoffs)
    road = by_petition(GIVEN)[petition.petition_id]
    classified = next(one for one in road if decode(one.value).type.endswith(".Classified"))
    accusation = with_fields(classified, category=Category.ACCUSATION.value)
    take_in(new_office, [accusation if one is classified else one for one in GIVEN])
    with new_office.called_by() as stub:
        found = stub.GetOverview(pb.GetOverviewRequest())
    assert found.petitions == len(PETITIONS)
    assert found.handoffs == len(VIEWS["handoffs"])
    assert sum(pair.handoffs for pair in found.bounces) == len(VIEWS["handoffs"]) - petition.handoffs
    assert sum(load.in_custody for load in found.loads) == found.petitions_open - 1
