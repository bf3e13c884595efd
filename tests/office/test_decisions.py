"""A decision on a parked record, from the call over the office's log and the bus back to the views."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import grpc
import pytest

from domain.parking import ParkedRecordRetried, ParkedRecordSkipped
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.kit.envelope import decode, to_event
from services.kit.law import law_in_force
from services.kit.rpc.client import Caller, Denied, NotReached, call
from services.office import reading
from services.office.rebuild import rebuild
from tests.support.desk import Desk, by_petition, expected
from tests.support.histories import records
from tests.support.nodes import City, eventually
from tests.support.offices import LivingOffice, living_office

pytestmark = pytest.mark.postgres

HISTORY = records(4, seed=31, interleaved=4)
ROAD = next(iter(by_petition(HISTORY).values()))
PETITION = str(decode(ROAD[0].value).subject)
SPOILT = ROAD[1]._replace(value=(ROAD[1].value or b"")[:-50])
SENT = [SPOILT if record is ROAD[1] else record for record in HISTORY]
AT_WORK = ("ingest", "relay")


@pytest.fixture
def office(city: City, tmp_path: Path) -> Iterator[LivingOffice]:
    """An office that has taken the history in, with one record of it spoilt, and then stopped working."""
    with living_office(city, tmp_path) as founded:
        founded.publish(SENT)
        with founded.at_work(*AT_WORK), founded.called_by() as stub:
            eventually(lambda: taken_in(stub) == len(HISTORY))
        yield founded


def taken_in(stub: OfficeServiceStub) -> int:
    found = stub.GetOverview(pb.GetOverviewRequest())
    return found.events + found.parked_records


def resolve(stub: OfficeServiceStub, request: pb.ResolveParkedRequest) -> pb.ResolveParkedResponse:
    return call(stub.ResolveParked, request, Caller(None, ""), timeout_seconds=30)


def skip(sequence: int, **changes: str) -> pb.ResolveParkedRequest:
    fields = {"request_id": str(uuid4()), "reason": "corrupt", "reference": "ticket-7"} | changes
    return pb.ResolveParkedRequest(sequence=sequence, action=pb.PARKED_ACTION_SKIP, **fields)


def parked(stub: OfficeServiceStub) -> list[pb.ParkedRecord]:
    found: list[pb.ParkedRecord] = []
    token = ""
    while True:
        answer = stub.ListParked(pb.ListParkedRequest(page_size=2, page_token=token))
        found += answer.records
        token = answer.next_page_token
        if not token:
            return found


def test_what_is_parked_is_listed_a_page_after_the_other(office: LivingOffice) -> None:
    with office.called_by() as stub:
        found = parked(stub)
        assert stub.GetPetition(pb.GetPetitionRequest(petition_id=PETITION)).parked
    assert [one.poison for one in found] == [True] + [False] * (len(ROAD) - 2)
    assert {one.petition_id for one in found} == {PETITION}
    assert [one.sequence for one in found] == sorted(one.sequence for one in found)


def test_a_skip_is_on_record_and_carried_out_once(office: LivingOffice) -> None:
    with office.at_work(*AT_WORK), office.called_by() as stub:
        request = skip(parked(stub)[0].sequence)
        answer = resolve(stub, request)
        assert (answer.folded, answer.still_parked) == (len(ROAD) - 2, 0)
        assert resolve(stub, request) == answer
        with pytest.raises(Denied, match="another payload") as reused:
            resolve(stub, skip(request.sequence, request_id=request.request_id, reason="other"))
        assert reused.value.status is grpc.StatusCode.ALREADY_EXISTS
        with pytest.raises(Denied) as again:
            resolve(stub, skip(request.sequence))
        assert again.value.reason == "PARKED_RESOLVED"
        assert not stub.GetPetition(pb.GetPetitionRequest(petition_id=PETITION)).parked
        [entry] = [
            one
            for one in stub.ListTimeline(pb.ListTimelineRequest(petition_id=PETITION)).entries
            if one.type == ParkedRecordSkipped.type_name
        ]
    [fact] = office.node.log.select_stored(0, 10)
    event = to_event(fact.topic, fact.state)
    assert isinstance(event, ParkedRecordSkipped)
    assert (event.petition_id, event.agency, event.reason) == (UUID(PETITION), "joint-meeting", "corrupt")
    assert (event.reference, event.record_offset) == ("ticket-7", ROAD[1].offset)
    assert (entry.node, entry.position) == ("office", 1)
    assert rebuild(office.node.settings.log_dsn, law_in_force()).equal
    desk = Desk(office.node.settings.log_dsn)
    assert desk.views() == expected([record for record in HISTORY if record is not ROAD[1]])
    desk.close()


def test_a_retry_that_changes_nothing_is_on_record_all_the_same(office: LivingOffice) -> None:
    with office.at_work(*AT_WORK), office.called_by() as stub:
        before = parked(stub)
        request = pb.ResolveParkedRequest(
            request_id=str(uuid4()),
            sequence=before[0].sequence,
            action=pb.PARKED_ACTION_RETRY,
            reason="upgraded",
        )
        answer = resolve(stub, request)
        assert (answer.folded, answer.still_parked) == (0, len(before))
        assert [one.sequence for one in parked(stub)] == [one.sequence for one in before]
    assert [row.topic for row in office.node.log.select_stored(0, 10)] == [ParkedRecordRetried.type_name]


def test_a_decision_that_was_recorded_while_ingest_was_down_is_carried_out_when_it_runs(
    office: LivingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.called_by() as stub:
        request = skip(parked(stub)[0].sequence)
        with monkeypatch.context() as patient:
            patient.setattr(reading, "WAIT_SECONDS_MAX", 0.2)
            with pytest.raises(NotReached, match="has not carried it out yet"):
                resolve(stub, request)
        with office.at_work(*AT_WORK):
            assert resolve(stub, request).still_parked == 0
    assert len(office.node.log.select_stored(0, 10)) == 1


def test_what_cannot_be_decided_is_refused_and_leaves_no_fact(office: LivingOffice) -> None:
    with office.called_by() as stub:
        poison, waiting, *_ = parked(stub)
        refusals = {
            "PARKED_UNKNOWN": skip(10**6),
            "PARKED_NOT_POISON": skip(waiting.sequence),
        }
        for reason, request in refusals.items():
            with pytest.raises(Denied) as denied:
                resolve(stub, request)
            assert denied.value.reason == reason
        malformed = {
            "request_id": skip(poison.sequence, request_id="7"),
            "reason": skip(poison.sequence, reason="张三 said so"),
            "reference": skip(poison.sequence, reference="张三"),
            "action": pb.ResolveParkedRequest(request_id=str(uuid4()), sequence=poison.sequence, reason="other"),
        }
        for field, request in malformed.items():
            with pytest.raises(Denied) as denied:
                resolve(stub, request)
            assert denied.value.fields == (field,)
            assert "张三" not in denied.value.message
    assert office.node.log.head()[0] == 0
