"""The leaf hash of a fact: what a log's Merkle tree is built of, and what an auditor computes again.

The database computes it when it appends (`leaf_hash` in `schema.sql`); this is the same in Python, for whoever reads.
Every part is preceded by its length or has a fixed one, so no two facts share an encoding; the leading zero byte marks
a leaf, as in RFC 9162 section 2.1.1.
"""

from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct
from uuid import UUID

from services.kit.log.command import LoggedEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD = Struct(">cq16sqqi")
_LENGTH = Struct(">i")


def leaf_hash(
    position: int,
    originator_id: UUID,
    originator_version: int,
    recorded_at: datetime,
    topic: str,
    causation_id: str | None,
    state: bytes,
) -> bytes:
    """Return the 32 bytes of the fact's leaf; a missing cause counts as an empty one."""
    since = recorded_at - _EPOCH
    recorded_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    name = topic.encode()
    cause = (causation_id or "").encode()
    head = _HEAD.pack(b"\0", position, originator_id.bytes, originator_version, recorded_us, len(name))
    return sha256(b"".join((head, name, _LENGTH.pack(len(cause)), cause, state))).digest()


def verify_leaf(event: LoggedEvent) -> bool:
    """Tell whether the row still is what was hashed when it was appended."""
    return event.leaf_hash == leaf_hash(
        event.position,
        event.originator_id,
        event.originator_version,
        event.recorded_at,
        event.topic,
        event.causation_id,
        event.state,
    )
