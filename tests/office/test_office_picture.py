"""Reads that wait for a fact, and the whole picture in numbers."""

import threading

import pytest

from domain.vocabulary import Category
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.kit.envelope import decode
from services.kit.rpc.client import Caller, NotReached, call
from services.office import reading
from services.office.liveness import LOOPS
from tests.support.desk import altered, by_petition, with_fields
from tests.support.known_office import (
    DUTIES,
    GIVEN,
    HISTORY,
    PETITIONS,
    VIEWS,
    asked,
    new_office,
    office,
    refused,
    standing,
    take_in,
)
from tests.support.offices import NOW, LivingOffice

__all__ = ["asked", "new_office", "office"]

pytestmark = pytest.mark.postgres

FAR_POSITION = 10**9

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
    assert [run.loop for run in found.rule_loops] == list(LOOPS)
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
