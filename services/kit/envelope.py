"""The record on the bus: a CloudEvents 1.0 event in structured JSON, with the stored bytes of the fact verbatim.

What the log hashed is what travels, so a receiver can check the leaf hash without any canonical form. No personal data
stands in it: the fact's own fields for such data are sealed. An inbox record is the same envelope with one addition,
the petition's key wrapped for the receiving node; keys never go to the events topic.
"""

import struct
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.event import Event, event_class, has_upcast, upcast
from services.kit.log.leaf import leaf_hash


class Envelope(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """The attributes of a record; `data` holds the stored bytes untouched. Unknown attributes are ignored."""

    id: str
    source: str
    type: str
    subject: UUID
    time: datetime
    node: str
    position: int
    stream: UUID
    streamversion: int
    leafhash: str
    correlationid: str
    data: msgspec.Raw
    specversion: str = ""
    datacontenttype: str = ""
    causationid: str | None = None
    traceparent: str | None = None
    deliverykey: str | None = None

    def __post_init__(self) -> None:
        if self.specversion != "1.0":
            raise ValueError(f"CloudEvents version {self.specversion!r} is not 1.0")
        if self.id != f"{self.node}:{self.position}":
            raise ValueError(f"the id {self.id} is not {self.node}:{self.position}")


class MalformedRecord(ValueError):
    """The bytes are not a record of this format, or do not match their own leaf hash."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Envelope).decode


def encode(envelope: Envelope) -> bytes:
    """Return the envelope as the bytes of a bus record."""
    return _encode(envelope)


def decode(value: bytes | None) -> Envelope:
    """Read a bus record and check its leaf hash; raise `MalformedRecord` with the reason in words."""
    if value is None:
        raise MalformedRecord("the record is empty")
    try:
        envelope = _decode(value)
        found = leaf_hash(
            envelope.position,
            envelope.stream,
            envelope.streamversion,
            envelope.time,
            envelope.type,
            envelope.causationid,
            bytes(envelope.data),
        )
    except (msgspec.DecodeError, ValueError, TypeError, struct.error) as problem:
        # A number too large for a position, or a time without its zone, shows only when the hash is worked out.
        raise MalformedRecord(f"not a CloudEvents record: {problem}") from None
    if found.hex() != envelope.leafhash:
        raise MalformedRecord(f"record {envelope.id} does not match its leaf hash")
    return envelope


def to_event(type_name: str, stored: bytes) -> Event:
    """Read the stored bytes of a fact, lifted to the newest version; raise `UnknownEventType` or `ValueError`."""
    if has_upcast(type_name):
        lifted, fields = upcast(type_name, _fields(stored))
        return event_class(lifted).model_validate(fields)
    return event_class(type_name).model_validate_json(stored)


def _fields(stored: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(stored)
    return fields
