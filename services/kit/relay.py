"""The relay: it carries what a node's log holds to the bus, every fact, in the order of the log.

It listens, then reads, then sends. A fact goes to the events topic first; only when the bus has acknowledged it there,
its copy goes to the inbox of the node that it is addressed to: so whoever reads a petition's partition meets a cause
before its effects. Delivery is at least once: after any doubt it sends again from the last fact before which everything
is acknowledged. It never skips a fact, and a node has one active relay.
"""

import importlib
import logging
import pkgutil
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from threading import Event
from typing import NamedTuple
from uuid import UUID

import domain
from domain.case import ADDRESSED
from domain.event import Event as DomainEvent
from domain.event import event_class, has_upcast
from services.kit.accused import REACHES_ACCUSED, reaches_accused
from services.kit.bus import Acknowledgement, BusTrouble, Producer, Topic, events_topic, inbox_topic
from services.kit.directory import AgencyEntry, PatientLookup
from services.kit.envelope import encode, to_event
from services.kit.held_deliveries import ADDRESSEE_UNKNOWN, HeldDeliveries, HeldDelivery
from services.kit.leadership import leadership
from services.kit.log.command import LoggedEvent
from services.kit.log.connection import LogConnection
from services.kit.node import Node
from services.kit.publication import published
from services.kit.sealing import wrap_for
from services.kit.travelling_keys import BRINGING_KEY, bound_to

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000
FLIGHTS_MAX = 2
LISTEN_SECONDS = 1.0
ANSWER_SECONDS = 0.001
ACKNOWLEDGE_SECONDS_MAX = 130.0

_PROGRESS = "bus"
_READ_POSITION = "select position from relay_position where name = %s"
_ADVANCE = """
insert into relay_position (name, position) values (%b, %b)
on conflict (name) do update set position = excluded.position where relay_position.position < excluded.position
"""


class Copy(NamedTuple):
    """The inbox copy of a fact, ready to be sent."""

    position: int
    topic: Topic
    key: bytes
    value: bytes


class Addressed(NamedTuple):
    """A fact that another agency is to learn of, read."""

    row: LoggedEvent
    event: DomainEvent
    to_agency: str

    @property
    def pair(self) -> tuple[UUID, str]:
        """The petition and the addressee: what keeps its order."""
        return self.event.petition_id, self.to_agency


class Sent:
    """Records that were handed to the bus in order; sending stops at the first that it does not take."""

    def __init__(self, producer: Producer, records: Iterable[tuple[Topic, bytes, bytes]]) -> None:
        self._acknowledgements: list[Acknowledgement] = []
        self._trouble: BusTrouble | None = None
        try:
            for record in records:
                self._acknowledgements.append(producer.send(*record))
        except BusTrouble as trouble:
            self._trouble = trouble

    @property
    def is_settled(self) -> bool:
        """Whether `outcome` would answer without waiting."""
        # The last one is the likeliest to be missing.
        return all(acknowledgement.done() for acknowledgement in reversed(self._acknowledgements))

    def outcome(self) -> tuple[int, BusTrouble | TimeoutError | None]:
        """Wait for every acknowledgement.

        Returns how many are there, counted from the first without a gap, and the first trouble if there was one.
        """
        acknowledged = 0
        first: BusTrouble | TimeoutError | None = None
        for acknowledgement in self._acknowledgements:
            try:
                acknowledgement.result(ACKNOWLEDGE_SECONDS_MAX)
            except (BusTrouble, TimeoutError) as trouble:
                first = first or trouble
            if first is None:
                acknowledged += 1
        return acknowledged, first or self._trouble


class _Flight(NamedTuple):
    """A batch of facts on its way to the events topic."""

    rows: Sequence[LoggedEvent]
    sent: Sent


def run(node: Node, stop: Event) -> None:
    """Carry facts to the bus until `stop`, standing by while another relay of the node is active.

    Raises what the bus, the log and the databases raise when they are away; calling it again goes on where it ended.
    """
    with leadership(node.settings.log_dsn, "relay", stop) as connection:
        if connection is None:
            return
        # Listening comes before reading, so that nothing is recorded between the two unheard.
        with node.log.listen() as listener, closing(node.bus.producer()) as producer:
            relay = Relay(node, connection, producer, stop)
            has_news = True
            while not stop.is_set():
                # While the bus owes an answer the log is not read again, unless there is news.
                has_news = (
                    relay.carry(has_news=has_news)
                    or listener.wait(ANSWER_SECONDS if relay.is_awaiting_bus else LISTEN_SECONDS)
                    or not relay.is_awaiting_bus
                )
            relay.finish()


class Relay:
    """The active relay: how far it has come, and what it holds back."""

    def __init__(self, node: Node, connection: LogConnection, producer: Producer, stop: Event) -> None:
        self._node, self._connection, self._producer = node, connection, producer
        # A position that is lost in a crash of the server only means that a few facts are sent again.
        connection.execute("set synchronous_commit = off")
        row = connection.execute(_READ_POSITION, (_PROGRESS,)).fetchone()
        self.position: int = row[0] if row else 0
        self._held = HeldDeliveries(connection)
        self._seen_directory = -1
        self._flights: deque[_Flight] = deque()
        self._sent_position = self.position
        self._lookup = PatientLookup(node.directory, stop)

    @property
    def is_awaiting_bus(self) -> bool:
        """Whether something is on its way to the events topic."""
        return bool(self._flights)

    def carry(self, *, has_news: bool = True) -> bool:
        """Send the next facts, and see those through that the bus has taken; false when there was neither.

        It does not wait for the bus until several batches are on their way: a fact must not wait for the answer to the
        one before it. Without news the log is not read. Raises `BusTrouble` after noting what was acknowledged; the
        relay is then of no further use.
        """
        if self._seen_directory != self._node.directory.version:
            self._seen_directory = self._node.directory.version
            self._send_held()
        rows = self._node.log.select_stored(self._sent_position, BATCH_ROWS) if has_news else []
        if rows:
            self._sent_position = rows[-1].position
            self._flights.append(_Flight(rows, Sent(self._producer, (_record(self._node.id, row) for row in rows))))
        has_carried = bool(rows)
        while self._flights and (len(self._flights) > FLIGHTS_MAX or self._flights[0].sent.is_settled):
            self._see_through(self._flights.popleft())
            has_carried = True
        return has_carried

    def finish(self) -> None:
        """See through what is on its way; nothing is sent after this."""
        while self._flights:
            self._see_through(self._flights.popleft())

    def _see_through(self, flight: _Flight) -> None:
        """Wait until the facts are acknowledged, send the copies of the addressed ones, and note how far it came."""
        # The copies are made while the bus works on the facts, and sent once it has them.
        addressed = [_read(row) for row in flight.rows if _may_be_addressed(row.topic)]
        copies, held = self._sort([one for one in addressed if one is not None])
        acknowledged, trouble = flight.sent.outcome()
        rows = flight.rows[:acknowledged]
        copies = [copy for copy in copies if rows and copy.position <= rows[-1].position]
        acknowledged, copy_trouble = Sent(self._producer, (copy[1:] for copy in copies)).outcome()
        if copy_trouble is not None:
            rows = [row for row in rows if row.position < copies[acknowledged].position]
        if rows:
            self._advance(rows[-1].position, held)
        if trouble or copy_trouble:
            raise BusTrouble("facts were not acknowledged, and are sent again") from trouble or copy_trouble

    def _sort(self, addressed: Sequence[Addressed]) -> tuple[list[Copy], list[HeldDelivery]]:
        """Make the copies of what can be delivered, and name what has to wait."""
        destinations: list[tuple[Addressed, AgencyEntry]] = []
        held: list[HeldDelivery] = []
        waiting: set[tuple[UUID, str]] = set()
        for one in addressed:
            is_barred = self._is_barred(one)
            must_wait = is_barred or one.pair in waiting or self._held.is_waiting(*one.pair)
            entry = None if must_wait else self._lookup.find(one.to_agency)
            if entry is None:
                waiting.add(one.pair)
                reason = REACHES_ACCUSED if is_barred else ADDRESSEE_UNKNOWN
                held.append(HeldDelivery(one.row.position, *one.pair, reason))
            else:
                destinations.append((one, entry))
        return self._copies(destinations), held

    def _is_barred(self, one: Addressed) -> bool:
        is_barred = reaches_accused(one.event, one.to_agency, self._node.directory.register())
        if is_barred:
            # The log of a node is read by many: it does not say who is accused.
            logger.error("fact %d is withheld: %s, Art. 30(3)", one.row.position, REACHES_ACCUSED)
        return is_barred

    def _copies(self, destinations: Sequence[tuple[Addressed, AgencyEntry]]) -> list[Copy]:
        handed = [one.event.petition_id for one, _ in destinations if type(one.event) in BRINGING_KEY]
        keys = self._node.keys.get_many(handed) if handed else {}
        copies = []
        for (row, event, _), entry in destinations:
            delivery_key = None
            key = keys.get(event.petition_id)
            # Without a key (it was destroyed) the fact itself still goes: custody does not hang on the materials.
            if type(event) in BRINGING_KEY and key is not None:
                delivery_key = wrap_for(entry.node_public_key, key, event.petition_id, bound_to(event))
            envelope = published(self._node.id, row, delivery_key)
            copies.append(
                Copy(row.position, inbox_topic(entry.node), envelope.correlationid.encode(), encode(envelope))
            )
        return copies

    def _send_held(self) -> None:
        """Send the copies of held facts whose addressee is known by now, and may have them."""
        after = 0
        barred: set[tuple[UUID, str]] = set()
        while held := self._held.open(after, BATCH_ROWS):
            after = held[-1].position
            known = {one.position: entry for one in held if (entry := self._node.directory.find(one.to_agency))}
            rows = [self._node.log.select_stored(position - 1, 1)[0] for position in known]
            addressed = [one for row in rows if (one := _read(row)) is not None]
            barred |= {one.pair for one in addressed if self._is_barred(one)}
            copies = self._copies([(one, known[one.row.position]) for one in addressed if one.pair not in barred])
            acknowledged, trouble = Sent(self._producer, (copy[1:] for copy in copies)).outcome()
            if acknowledged:
                self._held.delivered(copy.position for copy in copies[:acknowledged])
                logger.info("%d held facts were delivered", acknowledged)
            if trouble is not None:
                raise trouble

    def _advance(self, position: int, held: Sequence[HeldDelivery]) -> None:
        kept = [one for one in held if one.position <= position]
        if kept:
            with self._connection.transaction():
                # What is held is remembered nowhere else once the position has passed it.
                self._connection.execute("set local synchronous_commit = on")
                self._held.hold(kept)
                self._connection.execute(_ADVANCE, (_PROGRESS, position))
        else:
            self._connection.execute(_ADVANCE, (_PROGRESS, position), prepare=True)
        self.position = position


def _record(node: str, row: LoggedEvent) -> tuple[Topic, bytes, bytes]:
    envelope = published(node, row)
    return _EVENTS, envelope.correlationid.encode(), encode(envelope)


def _read(row: LoggedEvent) -> Addressed | None:
    """Read a fact that may be addressed; a fact whose newest form is not addressed has no copy."""
    event = to_event(row.topic, row.state)
    return Addressed(row, event, getattr(event, "to_agency")) if type(event) in ADDRESSED else None  # noqa: B009


@lru_cache
def _may_be_addressed(type_name: str) -> bool:
    """Whether facts of this type must be read; an unknown one stops the relay rather than pass."""
    return has_upcast(type_name) or event_class(type_name) in ADDRESSED


def _know_all_event_types() -> None:
    """Import every module of the domain, so that no released event type is unknown only because nobody asked for it."""
    for module in pkgutil.iter_modules(domain.__path__, "domain."):
        importlib.import_module(module.name)


_EVENTS = events_topic()
_know_all_event_types()
