"""The inbox: what is addressed to a node becomes its own fact once; what cannot be taken in is parked, and seen."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.case import (
    Case,
    NotifyReceipt,
    Phase,
    RaiseObjection,
    RuleOnObjection,
)
from domain.event import Sealed
from domain.vocabulary import ObjectionReason, ServiceMethod
from services.kit import inbox, parked_deliveries, relay
from services.kit.bus import inbox_topic
from services.kit.envelope import Envelope, encode
from services.kit.log.leaf import leaf_hash
from services.kit.node import Node
from services.kit.parked_deliveries import list_parked
from services.kit.publication import published
from services.kit.sealing import new_key, unseal, wrap_for
from tests.support.logs import as_owner, at_once
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    WATER,
    City,
    act,
    case_of,
    eventually,
    hand_off,
    introduce,
    received,
    register,
    running,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def bureau(city: City) -> Node:
    return city.node("bureau", BUREAU)


@pytest.fixture
def housing(city: City, bureau: Node) -> Node:
    """The receiving node; both know each other."""
    node = city.node("housing", HOUSING)
    introduce(bureau, node)
    return node


def envelope_of(node: Node, position: int, receiver: Node | None = None) -> Envelope:
    """The inbox record of a fact, as the relay would make it."""
    (row,) = node.log.select_stored(position - 1, 1)
    envelope = published(node.id, row)
    if receiver is None:
        return envelope
    fields = msgspec.json.decode(row.state)
    key = node.keys.get(envelope.subject)
    assert key is not None
    wrapped = wrap_for(receiver.entry().public_key, key, envelope.subject, fields["handoff_id"])
    return msgspec.structs.replace(envelope, deliverykey=wrapped)


def altered(envelope: Envelope, **changes: Any) -> Envelope:
    """The same record with other attributes, and the leaf hash that fits them."""
    changed = msgspec.structs.replace(envelope, **changes)
    found = leaf_hash(
        changed.position,
        changed.stream,
        changed.streamversion,
        changed.time,
        changed.type,
        changed.causationid,
        bytes(changed.data),
    )
    return msgspec.structs.replace(changed, leafhash=found.hex())


def send(receiver: Node, *values: tuple[UUID, bytes]) -> None:
    """Put records into the inbox of a node."""
    producer = receiver.bus.producer()
    for petition, value in values:
        producer.send(inbox_topic(receiver.id), str(petition).encode(), value).result(10)
    producer.close()


def offered(bureau: Node, to_agency: str = HOUSING) -> tuple[UUID, int]:
    """Hand a new petition off; return it and the position of the hand-off."""
    petition = register(bureau, BUREAU)
    hand_off(bureau, petition, BUREAU, to_agency)
    return petition, bureau.log.head()[0]


def has_read(receiver: Node) -> bool:
    rows = as_owner(receiver.settings.log_dsn, "select next_offset from inbox_offset")
    return rows == [(receiver.bus.end_offsets(inbox_topic(receiver.id).name)[0],)]


def take_all(receiver: Node) -> None:
    with running(receiver, inbox=inbox.run):
        eventually(lambda: has_read(receiver))


def parked_codes(receiver: Node) -> list[str]:
    return [parked.code for parked in list_parked(receiver.settings.log_dsn)]


def test_a_handoff_opens_a_case_at_the_receiver_and_brings_the_key(bureau: Node, housing: Node) -> None:
    petition, position = offered(bureau)
    with running(bureau, relay=relay.run), running(housing, inbox=inbox.run):
        eventually(lambda: case_of(housing, petition, HOUSING))
    case = case_of(housing, petition, HOUSING)
    assert case is not None
    assert case.causes == {f"bureau:{position}"}
    sealed = case.materials.content
    assert sealed is not None
    key = housing.keys.get(petition)
    assert key is not None
    assert unseal(key, petition, str(sealed.origin), sealed.field, sealed.text) == "水管破裂"


def test_the_same_record_three_times_is_one_fact(bureau: Node, housing: Node) -> None:
    petition, position = offered(bureau)
    value = encode(envelope_of(bureau, position, housing))
    send(housing, (petition, value), (petition, value))
    take_all(housing)
    send(housing, (petition, value))
    take_all(housing)
    assert received(housing) == {f"bureau:{position}": 1}
    assert parked_codes(housing) == []


def test_an_offset_that_lags_behind_brings_nothing_twice(bureau: Node, housing: Node) -> None:
    sent = [offered(bureau) for _ in range(5)]
    send(housing, *((petition, encode(envelope_of(bureau, position, housing))) for petition, position in sent))
    take_all(housing)
    as_owner(housing.settings.log_dsn, "update inbox_offset set next_offset = 1")
    take_all(housing)
    assert received(housing) == {f"bureau:{position}": 1 for _, position in sent}


def test_an_objection_and_its_ruling_travel_there_and_back(bureau: Node, housing: Node) -> None:
    petition, _ = offered(bureau)

    def phase(node: Node, agency: str) -> Phase | None:
        case = case_of(node, petition, agency)
        return case.phase if case else None

    def objection_arrived() -> bool:
        case: Case | None = case_of(bureau, petition, BUREAU)
        return case is not None and case.outgoing is not None and case.outgoing.objection_open

    explanation = Sealed(origin=uuid4(), field="explanation", text="v1.AAAA")
    with (
        running(bureau, relay=relay.run, inbox=inbox.run),
        running(housing, relay=relay.run, inbox=inbox.run),
    ):
        eventually(lambda: phase(housing, HOUSING) == Phase.OPEN)
        act(housing, petition, HOUSING, RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=explanation))
        eventually(objection_arrived)
        act(bureau, petition, BUREAU, RuleOnObjection(uphold=True))
        eventually(lambda: phase(housing, HOUSING) == Phase.RETURNED)
    assert phase(bureau, BUREAU) == Phase.OPEN
    assert parked_codes(bureau) == parked_codes(housing) == []


def malformed_records(bureau: Node, housing: Node, city: City) -> dict[str, tuple[UUID, bytes]]:
    """A record of each kind that cannot be taken in, each of its own petition, by the code of its parking."""
    water = city.node("water", WATER)
    housing.directory.learn(water.entry())

    def made(alter: Any, to_agency: str = HOUSING) -> tuple[UUID, bytes]:
        petition, position = offered(bureau, to_agency)
        return petition, alter(envelope_of(bureau, position, None if to_agency == WATER else housing))

    def encoded(**changes: Any) -> Any:
        return lambda envelope: encode(altered(envelope, **changes))

    def posing_as_water(envelope: Envelope) -> bytes:
        return encode(altered(envelope, node="water", id=f"water:{envelope.position}"))

    petition, position = offered(bureau)
    objection = altered(
        envelope_of(bureau, position),
        type="lianxi.case.v1.ObjectionUpheld",
        data=msgspec.Raw(_ruling(petition)),
    )
    return {
        "MALFORMED_RECORD": made(lambda envelope: encode(envelope)[:-20]),
        "MALFORMED_RECORD leaf": made(lambda envelope: encode(msgspec.structs.replace(envelope, leafhash="00" * 32))),
        "MALFORMED_RECORD version": made(lambda envelope: encode(envelope).replace(b'"1.0"', b'"2.0"')),
        "MALFORMED_RECORD subject": made(encoded(subject=uuid4())),
        "MALFORMED_RECORD position": made(lambda envelope: encode(envelope).replace(b'"position":', b'"position":9')),
        "UNKNOWN_EVENT_TYPE": made(encoded(type="lianxi.case.v1.Teleported")),
        "UNKNOWN_EVENT_TYPE newer": made(encoded(type="lianxi.case.v2.HandedOff")),
        "MALFORMED_FACT": made(encoded(data=msgspec.Raw(b'{"petition_id":"\\u0000"}'))),
        "NOT_ADDRESSED": made(encoded(type="lianxi.case.v1.Classified", data=msgspec.Raw(_classified(uuid4())))),
        "AGENCY_NOT_SERVED": made(encode, WATER),
        "SENDER_NOT_ENTITLED": made(posing_as_water),
        "SEAL_BROKEN": made(encoded(deliverykey=wrap_for(housing.entry().public_key, new_key(), uuid4(), "else"))),
        "CASE_UNKNOWN": (petition, encode(objection)),
    }


def _ruling(petition: UUID) -> bytes:
    return msgspec.json.encode(
        {
            "petition_id": petition,
            "agency": BUREAU,
            "occurred_time": datetime.now(UTC),
            "handoff_id": uuid4(),
            "to_agency": HOUSING,
        }
    )


def _classified(petition: UUID) -> bytes:
    return msgspec.json.encode(
        {"petition_id": petition, "agency": BUREAU, "occurred_time": datetime.now(UTC), "category": "appeal"}
    )


def test_what_cannot_be_taken_in_is_parked_under_its_code_and_the_next_petition_flows(
    bureau: Node, housing: Node, city: City
) -> None:
    wrong = malformed_records(bureau, housing, city)
    good, position = offered(bureau)
    send(housing, *wrong.values(), (good, encode(envelope_of(bureau, position, housing))))
    take_all(housing)
    assert parked_codes(housing) == [code.split()[0] for code in wrong]
    assert received(housing) == {f"bureau:{position}": 1}
    assert [parked.record for parked in list_parked(housing.settings.log_dsn)] == [value for _, value in wrong.values()]
    # A key comes in with a fact or not at all.
    assert housing.keys.get_many([petition for petition, _ in wrong.values()]) == {}


def test_records_behind_a_parked_one_wait_until_it_is_tried_again(bureau: Node, housing: Node) -> None:
    housing.directory.forget("bureau")
    housing.directory.learn(housing.entry())
    petition, position = offered(bureau)
    other, other_position = offered(bureau)
    value = encode(envelope_of(bureau, position, housing))
    spoilt = encode(altered(envelope_of(bureau, position, housing), type="lianxi.case.v9.HandedOff"))
    housing.directory.learn(bureau.entry())
    send(housing, (petition, spoilt), (petition, value), (other, encode(envelope_of(bureau, other_position, housing))))
    with running(housing, inbox=inbox.run):
        eventually(lambda: parked_codes(housing) == ["UNKNOWN_EVENT_TYPE", "WAITS"])
        eventually(lambda: received(housing) == {f"bureau:{other_position}": 1})
        dsn = housing.settings.log_dsn
        assert parked_deliveries.want_retry(dsn, 0, "clerk", "newer software") == 1
        eventually(lambda: list_parked(dsn)[0].retry_wanted_time is None)
        assert parked_codes(housing) == ["UNKNOWN_EVENT_TYPE", "WAITS"]
    assert received(housing) == {f"bureau:{other_position}": 1}


def test_what_waits_behind_a_skipped_record_goes_on_and_the_skipped_one_never_comes_back(
    bureau: Node, housing: Node
) -> None:
    petition, position = offered(bureau)
    broken = altered(
        envelope_of(bureau, position), deliverykey=wrap_for(housing.entry().public_key, new_key(), uuid4(), "else")
    )
    later = altered(envelope_of(bureau, position, housing), position=position + 100, id=f"bureau:{position + 100}")
    send(housing, (petition, encode(broken)), (petition, encode(later)))
    with running(housing, inbox=inbox.run):
        eventually(lambda: parked_codes(housing) == ["SEAL_BROKEN", "WAITS"])
        assert parked_deliveries.skip(housing.settings.log_dsn, 0, "clerk", "sent anew under another record")
        eventually(lambda: received(housing) == {f"bureau:{position + 100}": 1})
        send(housing, (petition, encode(broken)))
        eventually(lambda: has_read(housing))
    assert parked_codes(housing) == []
    assert received(housing) == {f"bureau:{position + 100}": 1}
    resolved = "select resolution, resolved_by, resolution_reason from parked_delivery order by record_offset"
    assert as_owner(housing.settings.log_dsn, resolved) == [
        ("skipped", "clerk", "sent anew under another record"),
        ("taken in", None, None),
    ]


def test_what_was_parked_is_tried_once_more_at_each_start(bureau: Node, housing: Node) -> None:
    petition, position = offered(bureau)
    elsewhere = housing.settings.agencies[0].model_copy(update={"agency": WATER})
    moved = replace(housing, settings=replace(housing.settings, agencies=(elsewhere,)))
    send(housing, (petition, encode(envelope_of(bureau, position, housing))))
    take_all(moved)
    assert parked_codes(housing) == ["AGENCY_NOT_SERVED"]
    with running(housing, inbox=inbox.run):
        eventually(lambda: received(housing) == {f"bureau:{position}": 1})
    assert parked_codes(housing) == []


def test_deliveries_and_commands_on_the_same_cases_do_not_lose_each_other(bureau: Node, housing: Node) -> None:
    cases = [offered(bureau) for _ in range(20)]
    for petition, position in cases:
        send(housing, (petition, encode(envelope_of(bureau, position, housing))))
    take_all(housing)
    again = [
        (
            petition,
            encode(
                altered(
                    envelope_of(bureau, position, housing), position=position + 1000, id=f"bureau:{position + 1000}"
                )
            ),
        )
        for petition, position in cases
    ]

    def notify() -> None:
        for petition, _ in cases:
            while True:
                try:
                    act(housing, petition, HOUSING, NotifyReceipt(method=ServiceMethod.POST))
                    break
                except AssertionError:
                    continue

    def deliver() -> None:
        send(housing, *again)
        take_all(housing)

    at_once(notify, deliver)
    assert received(housing) == {f"bureau:{place}": 1 for _, position in cases for place in (position, position + 1000)}


def test_of_two_inboxes_one_works(bureau: Node, housing: Node) -> None:
    sent = [offered(bureau) for _ in range(10)]
    stop = threading.Event()
    threads = [threading.Thread(target=inbox.run, args=(housing, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    send(housing, *((petition, encode(envelope_of(bureau, position, housing))) for petition, position in sent))
    eventually(lambda: has_read(housing))
    stop.set()
    for thread in threads:
        thread.join()
    assert received(housing) == {f"bureau:{position}": 1 for _, position in sent}
