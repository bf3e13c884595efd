"""The inbox: it reads what other nodes address to this one, and turns each record into a fact of this node's own log.

Once, whatever is delivered again: the fact names the record that caused it, and a case remembers its causes. Records
are taken in batches, folded in memory and appended as one command; the offset moves on only after that. Each record
ends done, to be tried again (the database or the bus is away), or parked where an operator sees it; nothing else.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from threading import Event
from uuid import UUID

from domain.case import Arrival, Case, evolve, receive
from domain.event import Refusal
from services.kit.bus import Record, inbox_topic
from services.kit.deliveries import SENDER_UNKNOWN, Arrived, Delivery, DeliveryReader
from services.kit.leadership import leadership
from services.kit.log.application import Fold
from services.kit.log.command import LogUnavailable, Outcome, Unstorable
from services.kit.log.connection import LogConnection
from services.kit.log.fact import Fact
from services.kit.node import Node
from services.kit.parked_deliveries import WAITS, Fault, Parked, ParkedDeliveries
from services.kit.sealing import SealBroken
from services.kit.travelling_keys import BRINGING_KEY, bound_to

logger = logging.getLogger(__name__)

BATCH_RECORDS = 200
POLL_SECONDS = 0.5
CONFLICTS_MAX = 20

_CASE: Fold[Case | None] = Fold(None, evolve)
_READ_OFFSET = "select next_offset from inbox_offset where partition = 0"
_ADVANCE = """
insert into inbox_offset (partition, next_offset) values (0, %b)
on conflict (partition) do update set next_offset = excluded.next_offset
where inbox_offset.next_offset < excluded.next_offset
"""


def run(node: Node, stop: Event) -> None:
    """Take deliveries in until `stop`, standing by while another inbox of the node is active.

    Raises what the bus, the log and the databases raise when they are away; calling it again goes on where it ended.
    """
    with leadership(node.settings.log_dsn, "inbox", stop) as connection:
        if connection is None:
            return
        inbox = Inbox(node, connection, stop)
        inbox.parked.want_all()
        with closing(node.bus.consumer(inbox_topic(node.id).name, {0: inbox.next_offset})) as consumer:
            while not stop.is_set():
                inbox.take_parked()
                inbox.take(consumer.poll(POLL_SECONDS, BATCH_RECORDS))


class Inbox:
    """The active inbox of a node."""

    def __init__(self, node: Node, connection: LogConnection, stop: Event) -> None:
        self._node, self._connection = node, connection
        self._reader = DeliveryReader(node, stop)
        self._seen_directory = node.directory.version
        self.parked = ParkedDeliveries(connection)
        # An offset that is lost in a crash of the server only means that a few records are read again.
        connection.execute("set synchronous_commit = off")
        row = connection.execute(_READ_OFFSET).fetchone()
        self.next_offset: int = row[0] if row else 0

    def take(self, records: Sequence[Record]) -> None:
        """Take in records in their order: facts first, then what is parked and the offset in one transaction."""
        if not records:
            return
        arrived = [self._reader.read(record.offset, record.key, record.value or b"") for record in records]
        faults = self._take(arrived)
        next_offset = records[-1].offset + 1
        with self._connection.transaction():
            if faults:
                self._connection.execute("set local synchronous_commit = on")
            for one, fault in faults:
                self.parked.park(one.offset, one.cause, one.petition, one.value, fault)
                logger.warning("inbox record %d (%s) is parked: %s", one.offset, one.cause, fault.code)
            self._connection.execute(_ADVANCE, (next_offset,))
        self.next_offset = next_offset

    def take_parked(self) -> None:
        """Try again what is due among the parked records, each petition's in order."""
        if self._seen_directory != self._node.directory.version:
            self._seen_directory = self._node.directory.version
            # The one fault that passes by itself: the sender's node has announced itself by now, perhaps.
            self.parked.want_by_code(SENDER_UNKNOWN)
        stuck: set[str | None] = set()
        for parked in self.parked.due(BATCH_RECORDS):
            if parked.petition_id in stuck:
                continue
            again = self._arrived_again(parked)
            fault = self._take_one(again)
            if fault is None:
                self.parked.taken_in(parked.record_offset)
                logger.info("parked inbox record %d was taken in", parked.record_offset)
            else:
                self.parked.park_again(parked.record_offset, again.value, fault)
                stuck.add(parked.petition_id)

    def _take(self, arrived: Sequence[Arrived]) -> list[tuple[Arrived, Fault]]:
        """Take in what can be, and return what has to be parked, with the reason."""
        standing = self.parked.standing(
            [one.petition for one in arrived if one.petition], [one.cause for one in arrived if one.cause]
        )
        batch = _Batch(self._node, set(standing.held_up_petitions))
        for one in arrived:
            if one.cause not in standing.skipped_causes:
                batch.add(one)
        if batch.store():
            return batch.faults
        # Somebody else wrote to one of the cases meanwhile, or a fact cannot be stored: one by one it shows which.
        held_up = set(standing.held_up_petitions)
        faults = []
        for one in arrived:
            if one.cause in standing.skipped_causes:
                continue
            fault = _waits(one) if _must_wait(one, held_up) else self._take_one(one)
            if fault is not None:
                faults.append((one, fault))
                held_up.update([one.petition] if one.petition else ())
        return faults

    def _take_one(self, one: Arrived) -> Fault | None:
        for _ in range(CONFLICTS_MAX):
            batch = _Batch(self._node, set())
            batch.add(one)
            if batch.store():
                return batch.faults[0][1] if batch.faults else None
            if batch.is_unstorable:
                return Fault("UNSTORABLE", "the log cannot hold the fact that follows from it")
        raise LogUnavailable("a case changes faster than a delivery to it can be recorded")

    def _arrived_again(self, parked: Parked) -> Arrived:
        if not parked.record:
            # Nothing of it was kept, so nothing can have changed.
            fault = Fault(parked.code, parked.reason, parked.article)
            return Arrived(parked.record_offset, b"", parked.petition_id, parked.cause, fault)
        key = parked.petition_id.encode() if parked.petition_id else None
        return self._reader.read(parked.record_offset, key, parked.record)


class _Batch:
    """Deliveries folded in memory: the states that they meet, the facts and keys that they bring, and the faults."""

    def __init__(self, node: Node, held_up: set[str]) -> None:
        self._node, self._held_up = node, held_up
        self._states: dict[UUID, tuple[Case | None, int]] = {}
        self._facts: list[Fact] = []
        self._keys: dict[UUID, bytes] = {}
        self.faults: list[tuple[Arrived, Fault]] = []
        self.is_unstorable = False

    def add(self, one: Arrived) -> None:
        """Work out what follows from a record; a petition with a fault holds up its later records."""
        if _must_wait(one, self._held_up):
            fault: Fault | None = _waits(one)
        elif isinstance(one.content, Fault):
            fault = one.content
        else:
            fault = self._receive(one.content)
        if fault is not None:
            self.faults.append((one, fault))
            if one.petition is not None:
                self._held_up.add(one.petition)

    def store(self) -> bool:
        """Make keys and then facts durable; false when not all facts could be appended, and then none was."""
        if self._keys:
            self._node.keys.put_many(self._keys)
        if not self._facts:
            return True
        try:
            outcome = self._node.log.record_facts(self._facts).outcome
        except Unstorable:
            self.is_unstorable = True
            return False
        return outcome is Outcome.APPENDED

    def _receive(self, delivery: Delivery) -> Fault | None:
        state, version = self._states.get(delivery.case_id) or self._load(delivery.case_id)
        try:
            key = self._delivered_key(delivery)
            decision = receive(state, delivery.event, self._arrival(delivery))
            if isinstance(decision, Refusal):
                return Fault(decision.code, decision.message, decision.article)
            facts = []
            for event in decision:
                state, version = evolve(state, event), version + 1
                facts.append(Fact(delivery.case_id, version, event, delivery.envelope.id))
        except SealBroken:
            return Fault("SEAL_BROKEN", "the petition's key that came along does not open here")
        except Exception as problem:
            # A fault in our own code must not let one record stop the node: it is logged, and the record is seen.
            logger.exception("inbox record %s cannot be taken in", delivery.envelope.id)
            return Fault("UNEXPECTED", f"taking it in failed with {type(problem).__name__}")
        self._facts += facts
        self._states[delivery.case_id] = state, version
        if key is not None:
            self._keys.setdefault(delivery.event.petition_id, key)
        return None

    def _load(self, case_id: UUID) -> tuple[Case | None, int]:
        # What is refused must be refused on what the log says now.
        return self._node.log.load(case_id, _CASE, fresh=True)

    def _delivered_key(self, delivery: Delivery) -> bytes | None:
        event, sealed = delivery.event, delivery.envelope.deliverykey
        if sealed is None or type(event) not in BRINGING_KEY:
            return None
        return self._node.node_keys.unwrap(sealed, event.petition_id, bound_to(event))

    def _arrival(self, delivery: Delivery) -> Arrival:
        return Arrival(
            delivery.envelope.id,
            delivery.served.agency,
            delivery.served.kind,
            self._node.clock(),
            self._node.settings.history_before,
            self._node.directory.register(),
        )


def _must_wait(one: Arrived, held_up: set[str]) -> bool:
    """Whether an earlier record stands before this one; where nothing was kept, there is nothing to wait for."""
    return one.petition in held_up and bool(one.value)


def _waits(one: Arrived) -> Fault:
    return Fault(WAITS, f"an earlier record of petition {one.petition} is parked")
