"""What the logs of all nodes hold, read past the code under test: plain SQL, and the domain's own fold of each case.

Reading new rows checks what every log promises (I7, I9): positions without gaps, rising times, leaf hashes, versions
that follow each other, each cause once, and that an accusation is never addressed to an accused agency (I6).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from domain.case import ADDRESSED, AssistanceWithdrawn, Case, evolve
from domain.duties import CASE_PREFIX
from domain.event import Event
from services.kit.envelope import to_event
from services.kit.log import verify_leaf
from services.kit.log.command import LoggedEvent

ROWS = """select position, originator_id, originator_version, topic, state, recorded_at, leaf_hash, causation_id
from event where position > %s order by position"""


class Broken(AssertionError):
    """An invariant does not hold."""


def ensure(holds: bool, what: str) -> None:
    """Raise `Broken` unless it holds."""
    if not holds:
        raise Broken(what)


class MirroredFact(NamedTuple):
    """A fact of a log, read."""

    node: str
    row: LoggedEvent
    event: Event

    @property
    def name(self) -> str:
        return f"{self.node}:{self.row.position}"

    @property
    def to_agency(self) -> str | None:
        """The agency that is to learn of it, if another one is."""
        return getattr(self.event, "to_agency") if type(self.event) in ADDRESSED else None  # noqa: B009

    def line(self) -> str:
        """The fact in words that are the same whenever the seed is the same."""
        event = self.event
        return f"{self.name} {event.type_name} {event.petition_id} {event.agency} {event.occurred_time.isoformat()}"


@dataclass
class NodeMirror:
    """One node's log."""

    node: str
    connection: psycopg.Connection[tuple[Any, ...]]
    facts: list[MirroredFact] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)
    caused: dict[str, MirroredFact] = field(default_factory=dict)

    @property
    def last_time(self) -> datetime | None:
        return self.facts[-1].row.recorded_at if self.facts else None

    def read_new(self) -> list[MirroredFact]:
        """Read what was appended since, and check its place in the log."""
        rows = self.connection.execute(ROWS, (len(self.facts),), binary=True).fetchall()
        return [self._take(LoggedEvent._make(row)) for row in rows]

    def forget(self) -> None:
        """Read everything anew with the next call."""
        for known in (self.facts, self.versions, self.caused):
            known.clear()

    def _take(self, row: LoggedEvent) -> MirroredFact:
        fact = MirroredFact(self.node, row, to_event(row.topic, bytes(row.state)))
        ensure(row.position == len(self.facts) + 1, f"I7: {fact.name} follows position {len(self.facts)}")
        ensure(
            self.last_time is None or row.recorded_at > self.last_time, f"I9: {fact.name} is not after its forerunner"
        )
        ensure(verify_leaf(row), f"I7: the leaf hash of {fact.name} is wrong")
        version = self.versions.get(row.originator_id, 0) + 1
        ensure(row.originator_version == version, f"I7: {fact.name} is version {row.originator_version}, not {version}")
        self.versions[row.originator_id] = version
        if row.causation_id is not None:
            twin = self.caused.get(row.causation_id)
            ensure(twin is None, f"I7: {row.causation_id} was taken in twice: {twin and twin.name} and {fact.name}")
            self.caused[row.causation_id] = fact
        self.facts.append(fact)
        return fact

    def check_unchanged(self) -> None:
        """Read the whole log again: what was written stays as it was (I7), and "as of" is a prefix (I9)."""
        rows = [LoggedEvent._make(row) for row in self.connection.execute(ROWS, (0,), binary=True)]
        ensure(rows == [fact.row for fact in self.facts], f"I7: the log of {self.node} was changed")
        for fact in self.facts[:: max(1, len(self.facts) // 20)]:
            found = self.connection.execute("select position_as_of(%s)", (fact.row.recorded_at,)).fetchone()
            ensure(found == (fact.row.position,), f"I9: as of the time of {fact.name} the log ends at {found}")


def _alone(agency: str) -> frozenset[str]:
    return frozenset({agency})


class Mirror:
    """All logs, and every case as the domain folds it."""

    def __init__(self, nodes: Iterable[NodeMirror], protected: Callable[[str], frozenset[str]] = _alone) -> None:
        """`protected` names the agencies whose accusation must not come before an agency: it and those above."""
        self._protected = protected
        self.nodes = {node.node: node for node in nodes}
        self.cases: dict[UUID, Case] = {}
        self.trace: list[str] = []

    def read_new(self, node: str) -> list[MirroredFact]:
        """Read what a node's log got, fold it, and check it."""
        found = self.nodes[node].read_new()
        for fact in found:
            self.trace.append(f"      {fact.line()}")
            if fact.event.type_name.startswith(CASE_PREFIX):
                self._fold(fact)
        return found

    def _fold(self, fact: MirroredFact) -> None:
        before = self.cases.get(fact.row.originator_id)
        if before is not None and fact.to_agency is not None and type(fact.event) is not AssistanceWithdrawn:
            # What shows the matter says itself whom it accuses; a receipt only echoes what its addressee had sent.
            accused = getattr(fact.event, "accused_agencies", before.accused_agencies)
            ensure(
                self._protected(fact.to_agency).isdisjoint(accused),
                f"I6: {fact.name} ({fact.event.type_name}) is addressed to {fact.to_agency}, of {accused}",
            )
        after = evolve(before, fact.event)
        is_kept = self._protected(after.agency).isdisjoint(after.accused_agencies)
        ensure(is_kept, f"I6: {fact.name} put an accusation before {after.agency}")
        self.cases[fact.row.originator_id] = after

    def cases_of(self, agency: str) -> list[Case]:
        """The agency's cases, in the order in which they began."""
        return [case for case in self.cases.values() if case.agency == agency]

    def streams(self) -> dict[UUID, list[MirroredFact]]:
        """The facts of every stream, in order."""
        streams: defaultdict[UUID, list[MirroredFact]] = defaultdict(list)
        for node in self.nodes.values():
            for fact in node.facts:
                streams[fact.row.originator_id].append(fact)
        return streams

    def fact(self, node: str, position: int) -> MirroredFact:
        """The fact at a position, which the node's log has."""
        facts = self.nodes[node].facts
        ensure(0 < position <= len(facts), f"I7: {node}:{position} stands in no log")
        return facts[position - 1]
