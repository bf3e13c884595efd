"""Inbox records made by hand, for a node that receives: genuine ones, and such as no honest relay would send."""

from typing import Any
from uuid import UUID

import msgspec

from services.kit import inbox
from services.kit.bus import inbox_topic
from services.kit.envelope import Envelope
from services.kit.log.leaf import leaf_hash
from services.kit.node import Node
from services.kit.parked_deliveries import list_parked
from services.kit.publication import published
from services.kit.sealing import wrap_for
from tests.support.logs import as_owner
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    eventually,
    hand_off,
    register,
    running,
)


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
