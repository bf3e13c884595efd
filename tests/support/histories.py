"""Seeded histories of petitions between two nodes, as the records that their relays would put on the bus.

Each history is decided by the domain itself, so every record is one that real nodes could have published. They serve
where the office is tested or measured without running the nodes.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain import case
from domain.case import Arrival, Case, Materials, Moment
from domain.event import Command, Event, Refusal, Sealed
from domain.vocabulary import (
    AgencyKind,
    Category,
    Channel,
    HandoffKind,
    ObjectionReason,
    Outcome,
    Route,
    ServiceMethod,
)
from services.kit.bus.port import Record, events_topic, partition_of
from services.kit.envelope import Envelope, encode
from services.kit.law import law_in_force
from services.kit.log.leaf import leaf_hash

DEPARTMENT, BUREAU = "petition-office", "housing-bureau"
NODES = {DEPARTMENT: "node-one", BUREAU: "node-two"}
KINDS = {DEPARTMENT: AgencyKind.PETITION_DEPARTMENT, BUREAU: AgencyKind.AGENCY}
SEAL = "v1." + "A" * 120


class Step(NamedTuple):
    """One fact of a history, before the log gives it its place."""

    node: str
    case_id: UUID
    version: int
    event: Event


class History:
    """One petition's road from its registration at the department to its end at the bureau."""

    def __init__(self, rng: random.Random, begin: datetime, bounces: int | None = None) -> None:
        self._rng = rng
        self._bounces = bounces
        self._time = begin
        self._states: dict[str, Case | None] = {DEPARTMENT: None, BUREAU: None}
        self.petition_id = UUID(int=rng.getrandbits(128), version=4)
        self.steps: list[Step] = []
        self._live()

    def _live(self) -> None:
        materials = Materials(petitioner=self._sealed("petitioner"), content=self._sealed("content"))
        kind = KINDS[DEPARTMENT]
        self._do(
            DEPARTMENT,
            case.RegisterPetition(
                petition_id=self.petition_id,
                agency=DEPARTMENT,
                agency_kind=kind,
                channel=self._rng.choice(list(Channel)),
                materials=materials,
            ),
        )
        self._do(DEPARTMENT, case.ClassifyPetition(category=Category.APPEAL))
        self._hand_off()
        for _ in range(int(self._rng.random() < 0.15) if self._bounces is None else self._bounces):
            self._bounce()
            self._hand_off()
        self._do(BUREAU, case.NotifyReceipt(method=ServiceMethod.POST))
        self._do(BUREAU, case.AcceptPetition(route=Route.PETITION_PROCEDURE))
        self._time += timedelta(days=self._rng.randrange(1, 80))
        opinion = case.IssueOpinion(
            outcome=self._rng.choice(list(Outcome)),
            legal_bases=("Law 1",),
            facts=self._sealed("facts"),
            opinion=self._sealed("opinion"),
        )
        self._do(BUREAU, opinion)
        self._do(BUREAU, case.ServeOpinion(method=ServiceMethod.POST, proof="receipt-1"))

    def _hand_off(self) -> None:
        handoff_id = UUID(int=self._rng.getrandbits(128), version=4)
        order = case.HandOff(handoff_id=handoff_id, kind=HandoffKind.TRANSFER, to_agency=BUREAU)
        offered = self._do(DEPARTMENT, order)
        self._receive(DEPARTMENT, self._receive(BUREAU, offered))

    def _bounce(self) -> None:
        reason = ObjectionReason.NOT_OUR_POWER
        objection = self._do(BUREAU, case.RaiseObjection(reason=reason, explanation=self._sealed("explanation")))
        self._receive(DEPARTMENT, objection)
        self._receive(BUREAU, self._do(DEPARTMENT, case.RuleOnObjection(uphold=True)))

    def _sealed(self, field: str) -> Sealed:
        return Sealed(origin=UUID(int=self._rng.getrandbits(128), version=4), field=field, text=SEAL)

    def _do(self, agency: str, command: Command) -> Event:
        return self._keep(agency, case.decide(self._states[agency], command, Moment(self._time, law_in_force())))

    def _receive(self, agency: str, sent: Event) -> Event:
        cause = f"{NODES[sent.agency]}:{self._rng.randrange(1, 10**9)}"
        arrival = Arrival(cause, agency, KINDS[agency], self._time)
        return self._keep(agency, case.receive(self._states[agency], sent, arrival))

    def _keep(self, agency: str, decision: tuple[Event, ...] | Refusal) -> Event:
        if isinstance(decision, Refusal):
            raise AssertionError(decision)
        for event in decision:
            state = self._states[agency] = case.evolve(self._states[agency], event)
            self.steps.append(Step(NODES[agency], state.case_id, state.version, event))
        self._time += timedelta(hours=self._rng.randrange(1, 30))
        return decision[-1]


def records(petitions: int, *, seed: int = 1, interleaved: int = 200, bounces: int | None = None) -> list[Record]:
    """Return the bus records of that many petitions, up to `interleaved` of them under way at a time.

    Each comes back as often as `bounces` says; without it, a few of them once.
    """
    rng = random.Random(seed)
    positions = dict.fromkeys(NODES.values(), 0)
    offsets = [0] * events_topic().partitions
    recorded = datetime(2026, 1, 1, tzinfo=UTC)
    found = []
    for petition_id, step in _interleaved(rng, petitions, interleaved, bounces):
        positions[step.node] += 1
        recorded += timedelta(microseconds=50)
        key = str(petition_id).encode()
        partition = partition_of(key, len(offsets))
        value = record_value(petition_id, step, positions[step.node], recorded)
        found.append(Record(events_topic().name, partition, offsets[partition], key, value))
        offsets[partition] += 1
    return found


def _interleaved(rng: random.Random, petitions: int, width: int, bounces: int | None) -> Iterator[tuple[UUID, Step]]:
    begin = datetime(2023, 1, 1, tzinfo=UTC)
    under_way: list[tuple[UUID, list[Step]]] = []
    made = 0
    while made < petitions or under_way:
        while len(under_way) < width and made < petitions:
            history = History(rng, begin + timedelta(minutes=made), bounces)
            under_way.append((history.petition_id, history.steps[::-1]))
            made += 1
        number = rng.randrange(len(under_way))
        petition_id, steps = under_way[number]
        yield petition_id, steps.pop()
        if not steps:
            under_way[number] = under_way[-1]
            under_way.pop()


def record_value(petition_id: UUID, step: Step, position: int, recorded: datetime) -> bytes:
    """Return the bytes that the relay of the step's node would send for it."""
    data = step.event.model_dump_json(exclude_none=True).encode()
    name = step.event.type_name
    leaf = leaf_hash(position, step.case_id, step.version, recorded, name, None, data)
    envelope = Envelope(
        id=f"{step.node}:{position}",
        source=f"/lianxi/{step.node}",
        type=name,
        subject=petition_id,
        time=recorded,
        node=step.node,
        position=position,
        stream=step.case_id,
        streamversion=step.version,
        leafhash=leaf.hex(),
        correlationid=str(petition_id),
        data=msgspec.Raw(data),
        specversion="1.0",
        datacontenttype="application/json",
    )
    return encode(envelope)
