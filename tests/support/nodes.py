"""Whole nodes for tests, on the real PostgreSQL and the embedded bus, that know each other and hand petitions on."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.case import (
    Case,
    ClassifyPetition,
    HandOff,
    Materials,
    Moment,
    RegisterPetition,
    case_id_of,
    decide,
    evolve,
)
from domain.event import Command, Sealed
from domain.vocabulary import AgencyKind, Category, Channel, HandoffKind
from services.kit import runtime
from services.kit.bus import Record, events_topic, inbox_topic
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.envelope import decode
from services.kit.log import Fold, Outcome
from services.kit.node import Node, prepare, topics
from services.kit.sealing import new_key, seal
from services.kit.settings import NodeSettings, ServedAgency
from tests.support.logs import as_owner

BUREAU, HOUSING, WATER = "petition-bureau", "housing-bureau", "water-bureau"
FOLD: Fold[Case | None] = Fold(None, evolve)


class City:
    """Nodes on one cluster and one bus of their own."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._name = uuid4().hex[:8]
        self._opened = ExitStack()
        self.bus_url = server.dsn(f"bus_{self._name}")

    def settings(self, node: str, *agencies: str) -> NodeSettings:
        settings = NodeSettings(
            node=node,
            agencies=tuple(
                ServedAgency(agency=agency, kind=AgencyKind.AGENCY, name_zh="某局", name=agency) for agency in agencies
            ),
            log_dsn=self._server.dsn(f"node_{node}_{self._name}"),
            keys_dsn=self._server.dsn(f"keys_{node}_{self._name}"),
            bus_url=self.bus_url,
            state_dir=self._folder / node,
            listen="127.0.0.1:0",
            plaintext=True,
        )
        prepare(settings)
        return settings

    def node(self, node: str, *agencies: str) -> Node:
        opened = self._opened.enter_context(Node.open(self.settings(node, *agencies)))
        opened.bus.ensure_topics(topics(opened.settings))
        return opened

    def close(self) -> None:
        self._opened.close()


@pytest.fixture
def city(postgres_server: EmbeddedPostgres, tmp_path: Path) -> Iterator[City]:
    """An empty city; `node(...)` founds a node in it."""
    founded = City(postgres_server, tmp_path)
    yield founded
    founded.close()


def introduce(*nodes: Node) -> None:
    """Let each node know all of them, without waiting for the topic."""
    for node in nodes:
        for other in nodes:
            node.directory.learn(other.entry())


@pytest.fixture
def bureau(city: City) -> Node:
    """The node of the petition bureau, which hands petitions on."""
    return city.node("bureau", BUREAU)


@pytest.fixture
def housing(city: City, bureau: Node) -> Node:
    """The node that petitions are handed to; it and the bureau's know each other."""
    node = city.node("housing", HOUSING)
    introduce(bureau, node)
    return node


@contextmanager
def running(node: Node, **loops: runtime.Loop) -> Iterator[None]:
    """Run loops of a node beside the test, as its process would; a bug in one of them fails the test."""
    stop = threading.Event()
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(runtime.run(node, loops, stop)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert codes == [0]


def eventually(what: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fail with its last value when it does not come true in time."""
    deadline = monotonic() + seconds
    while not (found := what()):
        assert monotonic() < deadline, f"still not so after {seconds} s: {found}"
        sleep(0.02)


def act(node: Node, petition_id: UUID, agency: str, *commands: Command) -> None:
    """Give commands on an agency's case, as its service would; a refusal fails the test."""
    case_id = case_id_of(petition_id, agency)
    state, version = node.log.load(case_id, FOLD, fresh=True)
    for command in commands:
        decided = decide(state, command, Moment(node.clock(), node.law))
        assert isinstance(decided, tuple), decided
        assert node.log.record(case_id, version, decided).outcome is Outcome.APPENDED
        for event in decided:
            state, version = evolve(state, event), version + 1


def register(node: Node, agency: str, petition_id: UUID | None = None) -> UUID:
    """Take in a petition, sealed and classified."""
    petition_id = petition_id or uuid4()
    origin = uuid4()
    key = node.keys.put_if_absent(petition_id, new_key())
    text = seal(key, petition_id, str(origin), "content", "水管破裂")
    act(
        node,
        petition_id,
        agency,
        RegisterPetition(
            petition_id=petition_id,
            agency=agency,
            agency_kind=AgencyKind.AGENCY,
            channel=Channel.LETTER,
            materials=Materials(content=Sealed(origin=origin, field="content", text=text)),
        ),
        ClassifyPetition(category=Category.APPEAL),
    )
    return petition_id


def hand_off(node: Node, petition_id: UUID, agency: str, to_agency: str) -> UUID:
    """Offer the petition to another agency."""
    handoff_id = uuid4()
    act(node, petition_id, agency, HandOff(handoff_id=handoff_id, kind=HandoffKind.TRANSFER, to_agency=to_agency))
    return handoff_id


def case_of(node: Node, petition_id: UUID, agency: str) -> Case | None:
    """Return an agency's case as its log says."""
    return node.log.load(case_id_of(petition_id, agency), FOLD, fresh=True)[0]


def records(node: Node, topic_name: str) -> list[Record]:
    """Read a whole topic of the node's bus."""
    consumer = node.bus.consumer(topic_name, {})
    try:
        found: list[Record] = []
        while batch := consumer.poll(0.0, 10_000):
            found += batch
        return found
    finally:
        consumer.close()


def published_positions(node: Node) -> list[int]:
    """The positions of the node's facts on the events topic, as they stand there, partition by partition."""
    envelopes = [decode(record.value) for record in records(node, events_topic().name)]
    return [envelope.position for envelope in envelopes if envelope.node == node.id]


def inbox_causes(node: Node) -> list[str]:
    """The ids of the records in the node's inbox, in order."""
    return [decode(record.value).id for record in records(node, inbox_topic(node.id).name)]


def received(node: Node) -> Mapping[str, int]:
    """How many facts of the node's log each cause has brought about."""
    rows = as_owner(
        node.settings.log_dsn, "select causation_id, count(*) from event where causation_id is not null group by 1"
    )
    return dict(rows)
