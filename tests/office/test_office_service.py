"""The office's questions over gRPC, with real certificates: who may ask, and what the answers hold."""

from datetime import timedelta
from uuid import UUID

import grpc
import pytest

from domain.calendar import civil_date
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.envelope import decode
from tests.support.desk import by_petition
from tests.support.known_office import DUTIES, GIVEN, PETITIONS, VIEWS, asked, office, pages, refused, standing
from tests.support.offices import NOW, LivingOffice

__all__ = ["asked", "office"]

pytestmark = pytest.mark.postgres

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
        custody = asked.ListCustody(pb.ListCustodyRequest(petition_id=name))
        segments = custody.segments
        assert [one.from_time for one in segments[1:]] == [one.to_time for one in segments[:-1]]
        row = PETITIONS[petition_id]
        assert row.first_received_time is not None
        until = min(row.ended_time or NOW, NOW)
        waited = custody.citizen_time.ToTimedelta() - (until - row.first_received_time)
        assert abs(waited) < timedelta(seconds=1)
        spent = [one.spent.ToTimedelta() for one in custody.accounts]
        assert sum(spent, timedelta()) == custody.citizen_time.ToTimedelta()


def test_all_hand_offs_of_an_agency(asked: OfficeServiceStub) -> None:
    found = pages(asked.ListHandoffs, pb.ListHandoffsRequest(agency="housing-bureau", page_size=4), "handoffs")
    assert len(found) == len(VIEWS["handoffs"])
    assert not asked.ListHandoffs(pb.ListHandoffsRequest(agency="nobody-knows")).handoffs
