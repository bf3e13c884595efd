"""What the inbox cannot take in is parked under a code, holds up its own petition alone, and is resolved on record."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.kit import inbox, parked_deliveries
from services.kit.bus import inbox_topic
from services.kit.envelope import Envelope, encode
from services.kit.log.connection import connect
from services.kit.node import Node
from services.kit.parked_deliveries import list_parked
from services.kit.sealing import new_key, wrap_for
from tests.support.inbox_records import altered, envelope_of, has_read, offered, parked_codes, send, take_all
from tests.support.logs import as_owner
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    WATER,
    City,
    eventually,
    received,
    records,
    running,
)

pytestmark = pytest.mark.postgres


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
        "MALFORMED_RECORD zone": made(lambda envelope: _without_zone(encode(envelope))),
        "MALFORMED_RECORD number": made(
            lambda envelope: encode(envelope).replace(b'"streamversion":', b'"streamversion":9999999999999999999')
        ),
        "UNKNOWN_EVENT_TYPE": made(encoded(type="lianxi.case.v1.Teleported")),
        "UNKNOWN_EVENT_TYPE newer": made(encoded(type="lianxi.case.v2.HandedOff")),
        "MALFORMED_RECORD NUL": made(encoded(data=msgspec.Raw(b'{"petition_id":"\\u0000"}'))),
        "MALFORMED_FACT": made(encoded(data=msgspec.Raw(b'{"petition_id":"nobody"}'))),
        "NOT_ADDRESSED": made(encoded(type="lianxi.case.v1.Classified", data=msgspec.Raw(_classified(uuid4())))),
        "AGENCY_NOT_SERVED": made(encode, WATER),
        "SENDER_NOT_ENTITLED": made(posing_as_water),
        "SEAL_BROKEN": made(encoded(deliverykey=wrap_for(housing.entry().public_key, new_key(), uuid4(), "else"))),
        "CASE_UNKNOWN": (petition, encode(objection)),
    }


def _without_zone(record: bytes) -> bytes:
    fields = msgspec.json.decode(record)
    return msgspec.json.encode({**fields, "time": fields["time"].removesuffix("Z")})


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


def test_an_unknown_sender_is_believed_once_it_has_announced_itself(city: City, bureau: Node) -> None:
    stranger = city.node("stranger", HOUSING)
    petition, position = offered(bureau)
    told_to_stop = threading.Event()
    told_to_stop.set()  # An inbox that is told to stop waits for nobody.
    send(stranger, (petition, encode(envelope_of(bureau, position, stranger))))
    with connect(stranger.settings.log_dsn) as connection:
        desk = inbox.Inbox(stranger, connection, told_to_stop)
        desk.take(records(stranger, inbox_topic(stranger.id).name))
        desk.take_parked()
        assert parked_codes(stranger) == ["SENDER_UNKNOWN"]
        stranger.directory.learn(bureau.entry())
        desk.take_parked()
    assert parked_codes(stranger) == []
    assert received(stranger) == {f"bureau:{position}": 1}
