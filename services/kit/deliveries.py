"""Inbox records as they arrive: read as far as they can be, and checked before anything is believed.

A record comes from another node, over a bus that many can write to. So it is checked that it is whole (leaf hash), that
this software knows what it says, that it is for an agency of this node, and that the node which sent it speaks for the
agency that it is from. What fails is told by a code and in words that quote nothing of the content; an accusation that
would reach the accused (Art. 30(3)) is not even kept.
"""

import logging
import re
from threading import Event
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from domain.case import ADDRESSED, case_id_of
from domain.event import Event as DomainEvent
from domain.event import UnknownEventType
from services.kit.accused import REACHES_ACCUSED, reaches_accused
from services.kit.directory import PatientLookup
from services.kit.envelope import Envelope, MalformedRecord, decode, to_event
from services.kit.node import Node
from services.kit.parked_deliveries import Fault
from services.kit.settings import ServedAgency

logger = logging.getLogger(__name__)

SENDER_UNKNOWN = "SENDER_UNKNOWN"
_RECORD_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}:[1-9][0-9]{0,18}")
_TEXT_LENGTH_MAX = 200


class Delivery(NamedTuple):
    """A record that could be read: its sender's fact, and the agency of this node that it is for."""

    envelope: Envelope
    event: DomainEvent
    served: ServedAgency

    @property
    def case_id(self) -> UUID:
        """The case that it belongs to."""
        return case_id_of(self.event.petition_id, self.served.agency)


class Arrived(NamedTuple):
    """A record as it came, with as much of its name as can be read, and what it is or why it cannot be taken in."""

    offset: int
    value: bytes
    petition: str | None
    cause: str | None
    content: Delivery | Fault


class DeliveryReader:
    """Reads the records of one node's inbox."""

    def __init__(self, node: Node, stop: Event) -> None:
        self._node = node
        self._lookup = PatientLookup(node.directory, stop)

    def read(self, offset: int, key: bytes | None, value: bytes) -> Arrived:
        """Return what a record is, or why it cannot be taken in; waits a little for a sender not yet known."""
        # The key names the petition even where the record itself cannot be read.
        petition = _plain(key.decode(errors="replace")) if key else None
        try:
            envelope = decode(value)
        except MalformedRecord as problem:
            return Arrived(offset, value, petition, None, Fault("MALFORMED_RECORD", _plain(str(problem))))
        except Exception as problem:
            # Bytes of a stranger: whatever they break while they are read, they must not stop the node.
            logger.exception("inbox record %d cannot be read", offset)
            return Arrived(offset, value, petition, None, Fault("MALFORMED_RECORD", type(problem).__name__))
        if _RECORD_ID.fullmatch(envelope.id) is None:
            return Arrived(offset, value, petition, None, Fault("MALFORMED_RECORD", "the id is no node and position"))
        content = self._content(envelope)
        if isinstance(content, Fault) and content.code == REACHES_ACCUSED:
            # Whoever operates the node of the accused must not find it among what is parked either.
            value = b""
        return Arrived(offset, value, str(envelope.subject), envelope.id, content)

    def _content(self, envelope: Envelope) -> Delivery | Fault:
        try:
            event = to_event(envelope.type, bytes(envelope.data))
        except UnknownEventType:
            return Fault("UNKNOWN_EVENT_TYPE", f"this software knows no event type {envelope.type[:100]!r}")
        except ValidationError as problem:
            # Which fields, never what stands in them.
            places = sorted({".".join(map(str, error["loc"])) for error in problem.errors(include_input=False)})
            return Fault("MALFORMED_FACT", f"the fact does not fit {envelope.type}: {', '.join(places)[:200]}")
        except ValueError:
            return Fault("MALFORMED_FACT", f"the fact cannot be read as {envelope.type}")
        return self._addressed(envelope, event)

    def _addressed(self, envelope: Envelope, event: DomainEvent) -> Delivery | Fault:
        """Check that the fact is for an agency of this node, and from the node that speaks for its sender (I11)."""
        to_agency = getattr(event, "to_agency", "")
        served = self._node.served(to_agency)
        if type(event) not in ADDRESSED:
            return Fault("NOT_ADDRESSED", f"{envelope.type} is addressed to nobody")
        if served is None:
            return Fault("AGENCY_NOT_SERVED", f"this node does not serve agency {to_agency}")
        if reaches_accused(event, to_agency, self._node.directory.register()):
            return Fault(REACHES_ACCUSED, "it is not for this agency, and nothing of it was kept", "Art. 30(3)")
        if envelope.subject != event.petition_id or envelope.stream != case_id_of(event.petition_id, event.agency):
            return Fault("MALFORMED_RECORD", "the record names another petition or case than its fact")
        sender = self._lookup.find(event.agency)
        if sender is None:
            return Fault(SENDER_UNKNOWN, f"the directory lists no agency {event.agency}")
        if sender.node != envelope.node:
            return Fault("SENDER_NOT_ENTITLED", f"node {envelope.node} does not speak for agency {event.agency}")
        return Delivery(envelope, event, served)


def _plain(text: str) -> str:
    """Cut a text of another node to what the table of parked records holds."""
    return text[:_TEXT_LENGTH_MAX].replace("\0", "\N{REPLACEMENT CHARACTER}")
