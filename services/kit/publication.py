"""From a row of the log to its record on the bus: the stored bytes stay as they are, their place goes around.

The petition's id is the one thing that is looked up inside the stored bytes; reading them whole would cost ten times
as much, and the relay does this for every fact.
"""

from uuid import UUID

import msgspec

from services.kit.envelope import Envelope
from services.kit.log.command import LoggedEvent


class _Subject(msgspec.Struct, gc=False):
    petition_id: UUID | None = None


_subject = msgspec.json.Decoder(_Subject).decode


def published(node: str, row: LoggedEvent, delivery_key: str | None = None) -> Envelope:
    """Return the record of a fact; its subject, by which it is keyed, is its petition, or its stream without one."""
    subject = _subject(row.state).petition_id or row.originator_id
    return Envelope(
        id=f"{node}:{row.position}",
        source=f"/lianxi/{node}",
        type=row.topic,
        subject=subject,
        time=row.recorded_at,
        node=node,
        position=row.position,
        stream=row.originator_id,
        streamversion=row.originator_version,
        leafhash=row.leaf_hash.hex(),
        correlationid=str(subject),
        data=msgspec.Raw(row.state),
        specversion="1.0",
        datacontenttype="application/json",
        causationid=row.causation_id,
        deliverykey=delivery_key,
    )
