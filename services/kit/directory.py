"""The directory (名录): which agencies there are, which node serves each, and the public keys of the nodes.

Each node announces itself on the compacted topic `lianxi.directory.v1` and reads what the others announce. The first
node to claim an agency keeps it: whatever another node announces later about the same agency is reported and ignored.
The claim carries its own time, because compaction moves a record that is written again behind those of others.
It holds no secret, and it is kept nowhere but in memory: it is read from the topic at each start.
"""

import base64
import binascii
import logging
import threading
import time
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

from domain.event import AgencyId
from domain.jurisdiction import NO_AGENCIES, Agencies, Agency, level_of
from domain.vocabulary import AgencyKind, AgencyLevel
from services.kit.bus.port import Bus, Record, directory_topic
from services.kit.clock import system_clock
from services.kit.settings import ServedAgency

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
RECORDS_MAX = 500
ANNOUNCE_SECONDS_MAX = 30.0
NEVER = datetime.max.replace(tzinfo=UTC)


def _is_key(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a public key is written in base64") from None
    if len(raw) != 32:
        raise ValueError("a public key has 32 bytes")
    return text


PublicKey = Annotated[str, AfterValidator(_is_key)]
"""A raw X25519 or Ed25519 public key in base64."""


class Claim(ServedAgency):
    """An agency that a node says it serves, and since when; a claim without a time counts as the latest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: AwareDatetime | None = None


class NodeEntry(BaseModel):
    """What a node announces about itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: AgencyId
    public_key: PublicKey
    signing_key: PublicKey
    agencies: tuple[Claim, ...]

    def serves(self, agency: str) -> bool:
        """Whether the node claims the agency."""
        return any(claim.agency == agency for claim in self.agencies)


class AgencyEntry(NamedTuple):
    """What the directory knows about an agency: its names, the node that speaks for it, and where it stands."""

    agency: str
    kind: AgencyKind
    name_zh: str
    name: str
    node: str
    node_public_key: str
    division: str | None = None
    superior: str | None = None
    established: date | None = None
    abolished: date | None = None
    successors: tuple[str, ...] = ()

    @property
    def level(self) -> AgencyLevel | None:
        """The level at which it works; none where it declares no division."""
        return None if self.division is None else level_of(self.division)


class Directory:
    """The agencies and nodes known so far. Reading is safe from any thread and never waits."""

    def __init__(self, entries: Iterable[NodeEntry] = ()) -> None:
        self._nodes: dict[str, NodeEntry] = {}
        self._agencies: dict[str, AgencyEntry] = {}
        self._register = NO_AGENCIES
        self._conflicts: frozenset[tuple[str, str]] = frozenset()
        self._changed = threading.Condition()
        self._is_read = False
        self._version = 0
        for entry in entries:
            self.learn(entry)

    def find(self, agency: str) -> AgencyEntry | None:
        """Return the entry of an agency, if it is known."""
        return self._agencies.get(agency)

    def agencies(self) -> tuple[AgencyEntry, ...]:
        """Return all known agencies in the order of their ids."""
        return tuple(entry for _, entry in sorted(self._agencies.items()))

    def register(self) -> Agencies:
        """Return who stands above whom, by all that is known so far: the same object until something changes."""
        return self._register

    def node(self, node: str) -> NodeEntry | None:
        """Return what a node announced about itself, if it did."""
        return self._nodes.get(node)

    def nodes(self) -> tuple[NodeEntry, ...]:
        """Return all known nodes in the order of their ids."""
        return tuple(entry for _, entry in sorted(self._nodes.items()))

    @property
    def conflicting_claims(self) -> frozenset[tuple[str, str]]:
        """The pairs of agency and node where the node claims what another node claimed before it."""
        return self._conflicts

    @property
    def version(self) -> int:
        """A number that grows with every change, for whoever waits for one."""
        return self._version

    def learn(self, entry: NodeEntry) -> None:
        """Take in what a node announced; it replaces what the same node announced before."""
        with self._changed:
            self._nodes = {**self._nodes, entry.node: entry}
            self._settle()

    def forget(self, node: str) -> None:
        """Drop a node that withdrew its announcement."""
        with self._changed:
            self._nodes = {known: entry for known, entry in self._nodes.items() if known != node}
            self._settle()

    def wait_for(self, agencies: Collection[str], timeout_seconds: float) -> bool:
        """Wait until all these agencies are known, at most so long; tell whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: all(self.find(agency) for agency in agencies), timeout_seconds)

    def wait_until_read(self, timeout_seconds: float) -> bool:
        """Wait until all that stood on the topic when it was first followed is known, at most so long; tell whether."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_read, timeout_seconds)

    def follow(self, bus: Bus, stop: threading.Event, own: NodeEntry | None = None) -> None:
        """Read the topic until `stop`; once all that stood there is known, announce `own` where it is news.

        Raises `BusTrouble`; a later call begins anew, which changes nothing that is known already.
        """
        topic = directory_topic()
        end = bus.end_offsets(topic.name)[0]
        next_offset = 0
        consumer = bus.consumer(topic.name, {})
        try:
            while not stop.is_set():
                if next_offset >= end and not self._is_read:
                    self._note_read()
                if own is not None and next_offset >= end:
                    self._announce(bus, own)
                    own = None
                for record in consumer.poll(POLL_SECONDS, RECORDS_MAX):
                    self._read(record)
                    next_offset = record.offset + 1
        finally:
            consumer.close()

    def _announce(self, bus: Bus, own: NodeEntry) -> None:
        """Publish what this node is, unless just that is published already; a claim keeps the time that it had."""
        known = self._nodes.get(own.node)
        since = {claim.agency: claim.since for claim in known.agencies} if known else {}
        now = system_clock()
        claims = tuple(claim.model_copy(update={"since": since.get(claim.agency) or now}) for claim in own.agencies)
        entry = own.model_copy(update={"agencies": claims})
        if entry == known:
            return
        producer = bus.producer()
        try:
            value = entry.model_dump_json().encode()
            producer.send(directory_topic(), own.node.encode(), value).result(ANNOUNCE_SECONDS_MAX)
        finally:
            producer.close()
        logger.info("announced node %s with %d agencies", entry.node, len(claims))

    def _note_read(self) -> None:
        with self._changed:
            self._is_read = True
            self._changed.notify_all()

    def _read(self, record: Record) -> None:
        node = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self.forget(node)
            return
        try:
            entry = NodeEntry.model_validate_json(record.value)
        except ValidationError as problem:
            # What it holds is not shown: nobody knows what somebody wrote there.
            logger.warning("directory record %d is ignored: %d faults in it", record.offset, problem.error_count())
            return
        if entry.node != node:
            logger.warning("directory record %d is ignored: its key is not its node %s", record.offset, entry.node)
            return
        self.learn(entry)

    def _settle(self) -> None:
        """Work out who speaks for each agency; the caller holds the lock."""
        agencies: dict[str, AgencyEntry] = {}
        conflicts: set[tuple[str, str]] = set()
        claims = [
            (claim.since or NEVER, entry.node, claim, entry)
            for entry in self._nodes.values()
            for claim in entry.agencies
        ]
        for _, node, claim, entry in sorted(claims, key=lambda claimed: claimed[:2]):
            known = agencies.setdefault(claim.agency, _entry(claim, entry))
            if known.node != node:
                conflicts.add((claim.agency, node))
        for agency, node in conflicts - self._conflicts:
            logger.warning(
                "node %s claims agency %s, which node %s claimed before", node, agency, agencies[agency].node
            )
        self._agencies, self._conflicts = agencies, frozenset(conflicts)
        self._register = Agencies(
            Agency._make(getattr(known, name) for name in Agency._fields) for known in agencies.values()
        )
        self._version += 1
        self._changed.notify_all()


def _entry(claim: Claim, node: NodeEntry) -> AgencyEntry:
    told = {name: getattr(claim, name) for name in ServedAgency.model_fields}
    return AgencyEntry(**told, node=node.node, node_public_key=node.public_key)


class PatientLookup:
    """Looks agencies up for a loop at work: waits a while for one that is missing, but only once for each.

    Its node may just have joined; and an id that nobody has must not cost the loop its time again and again.
    """

    seconds_max: ClassVar[float] = 10.0

    def __init__(self, directory: Directory, stop: threading.Event) -> None:
        self._directory, self._stop = directory, stop
        self._missing: set[str] = set()

    def find(self, agency: str) -> AgencyEntry | None:
        """Return the entry of an agency; nothing when it did not appear in time, or `stop` came first."""
        entry = self._directory.find(agency)
        if entry is not None or agency in self._missing:
            return entry
        deadline = time.monotonic() + self.seconds_max
        while not self._stop.is_set() and time.monotonic() < deadline:
            if self._directory.wait_for((agency,), POLL_SECONDS):
                return self._directory.find(agency)
        self._missing.add(agency)
        logger.warning("the directory lists no agency %s", agency)
        return None
