"""How a fact is written down: the event's stable type name as topic, its fields as JSON.

This replaces the library's mapper, whose topics are Python paths and whose reading neither validates nor lifts old
versions.  It never encrypts: personal fields are sealed before they become part of an event.
"""

import json
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain.event import event_class, has_upcast, upcast
from services.kit.log.command import CausedEvent, causation_of
from services.kit.log.fact import Fact


class EventMapper(Mapper[UUID]):
    """Turns facts into stored events and back; old versions of an event are lifted while they are read."""

    def __init__(self) -> None:
        # The library asks for a transcoder; pydantic does its work here, so this one is never used.
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Write a `Fact` down with every field, also those that are `None`: what was known is said in full."""
        if not isinstance(domain_event, Fact):
            raise TypeError(f"the log stores facts, not {type(domain_event).__name__}")
        fact = domain_event
        state = fact.event.model_dump_json().encode()
        topic = fact.event.type_name
        if fact.causation_id is None:
            return StoredEvent(fact.originator_id, fact.originator_version, topic, state)
        return CausedEvent(fact.originator_id, fact.originator_version, topic, state, fact.causation_id)

    def to_domain_event(self, stored_event: StoredEvent) -> Fact:
        """Read a `Fact`; raises `UnknownEventType`, or `ValueError` when the stored fields do not fit the event."""
        topic, state = stored_event.topic, stored_event.state
        if has_upcast(topic):
            topic, fields = upcast(topic, json.loads(state))
            state = json.dumps(fields).encode()
        event = event_class(topic).model_validate_json(state)
        originator_id = stored_event.originator_id
        if not isinstance(originator_id, UUID):
            originator_id = UUID(originator_id)
        return Fact(originator_id, stored_event.originator_version, event, causation_of(stored_event))
