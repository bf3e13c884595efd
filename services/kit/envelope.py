"""The record on the bus: a CloudEvents 1.0 event in structured JSON, with the stored bytes of the fact verbatim.

What the log hashed is what travels, so a receiver can check the leaf hash without any canonical form. No personal data
stands in it: the fact's own fields for such data are sealed. An inbox record is the same envelope with one addition,
the petition's key wrapped for the receiving node; keys never go to the events topic.
"""

import re
import struct
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from domain.event import Event, event_class, has_upcast, upcast
from services.kit.log.leaf import leaf_hash

_NODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""How JSON spells a NUL: an escape that is not itself escaped."""


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
            raise ValueError("the CloudEvents version is not 1.0")
        if self.id != f"{self.node}:{self.position}":
            raise ValueError("the id is not node and position")
        if not _is_node(self.node):
            raise ValueError("the node is no id of a node")


@lru_cache(maxsize=1024)
def _is_node(text: str) -> bool:
    return _NODE.fullmatch(text) is not None


class MalformedRecord(ValueError):
    """The bytes are not a record of this format, or do not match their own leaf hash."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Envelope).decode


def encode(envelope: Envelope) -> bytes:
    """Return the envelope as the bytes of a bus record."""
    return _encode(envelope)


def decode(value: bytes | None) -> Envelope:
    """Read a bus record and check its leaf hash; raise `MalformedRecord` with the reason in words.

    The reason quotes nothing of the record: nobody knows what somebody wrote there.
    """
    if value is None:
        raise MalformedRecord("the record is empty")
    if b"\\u0000" in value and _NUL.search(value):
        raise MalformedRecord("it holds a NUL, which no text of the database can")
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
        raise MalformedRecord("the record does not match its leaf hash")
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
