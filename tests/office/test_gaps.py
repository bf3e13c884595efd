"""What waits without a date in law: its age, who must move, and what goes to and fro."""

from datetime import timedelta

import pytest

from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from tests.support.histories import records
from tests.support.known_office import DUTIES, asked, new_office, office, pages, refused, take_in
from tests.support.offices import NOW, LivingOffice

__all__ = ["asked", "new_office", "office"]

pytestmark = pytest.mark.postgres

OPEN_ENDED = sorted(
    (
        duty
        for duty in DUTIES
        if duty.nature == "duty"
        and duty.opened_time <= NOW
        and (duty.due_time, duty.met_time, duty.released_time) == (None, None, None)
    ),
    key=lambda duty: (duty.opened_time, duty.duty_id),
)


@pytest.mark.parametrize("size", [1, 4, 500])
def test_what_has_no_figure_in_law_is_listed_with_its_age_the_longest_open_first(
    asked: OfficeServiceStub, size: int
) -> None:
    found = pages(asked.ListGaps, pb.ListGapsRequest(page_size=size), "gaps")
    assert OPEN_ENDED
    assert [one.duty.duty_id for one in found] == [duty.duty_id for duty in OPEN_ENDED]
    assert [one.open_days for one in found] == [(NOW - duty.opened_time).days for duty in OPEN_ENDED]
    assert all(one.petition_days >= one.open_days for one in found)
    assert all(not one.duty.HasField("due_date") and one.title and one.title_zh for one in found)


def test_art_44_3_what_was_received_and_neither_accepted_nor_objected_to_is_found_after_fifteen_days(
    asked: OfficeServiceStub,
) -> None:
    request = pb.ListGapsRequest(rule="D4-ACCEPTANCE", open_days_min=15, page_size=500)
    found = {one.duty.duty_id for one in asked.ListGaps(request).gaps}
    overdue = NOW - timedelta(days=15)
    assert found == {
        duty.duty_id for duty in OPEN_ENDED if duty.rule_id == "D4-ACCEPTANCE" and duty.opened_time <= overdue
    }


def test_only_the_gaps_of_one_debtor(asked: OfficeServiceStub) -> None:
    debtor = OPEN_ENDED[0].debtor
    found = asked.ListGaps(pb.ListGapsRequest(debtor=debtor, page_size=500)).gaps
    assert len(found) == sum(duty.debtor == debtor for duty in OPEN_ENDED)


def test_an_age_that_is_none_is_refused(asked: OfficeServiceStub) -> None:
    assert refused(asked, "ListGaps", pb.ListGapsRequest(open_days_min=-1)).fields == ("open_days_min",)


@pytest.mark.parametrize("size", [1, 500])
def test_art_24_what_goes_to_and_fro_is_on_the_docket(new_office: LivingOffice, size: int) -> None:
    take_in(new_office, records(5, seed=5, interleaved=3, bounces=3))
    with new_office.called_by() as stub:
        found = pages(stub.ListDocket, pb.ListDocketRequest(page_size=size), "entries")
    assert [one.ground for one in found] == ["third_return"] * 5
    assert {tuple(one.agencies) for one in found} == {("housing-bureau", "petition-office")}
    times = [one.reached_time.ToDatetime() for one in found]
    assert times == sorted(times)
