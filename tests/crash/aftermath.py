"""What must hold after the last kill: nothing lost, nothing doubled, everything delivered, every missed date on record.

The same checks as after a simulated storm, on the databases that the processes left behind.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime

import psycopg

from services.kit.bus import inbox_topic, open_bus
from services.kit.law import law_in_force
from services.office.rebuild import rebuild
from services.office.views.duties import MISSED
from tests.crash.processes import NODES, OFFICE_NODE, Processes
from tests.simulation import quiescence
from tests.simulation.callers import Callers, Intent
from tests.simulation.invariants import OfficeCheck
from tests.simulation.mirror import Mirror, NodeMirror, ensure

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.1


class Aftermath:
    """Looks at the databases of a city whose clients have stopped."""

    def __init__(self, processes: Processes, opened: ExitStack) -> None:
        self._processes = processes
        self._connections: quiescence.Connections = {
            node: opened.enter_context(psycopg.connect(settings.log_dsn, autocommit=True))
            for node, settings in processes.settings.items()
        }

    def await_breaches(self) -> datetime:
        """Wait until the watch has everything on record that was missed until now; return what now is."""
        now = self._processes.clock()
        self._eventually(lambda: self._missed_unrecorded(now) == 0, "the watch does not put missed dates on record")
        ensure(self._one(OFFICE_NODE, "select count(*) from views.duties where breach_rung > 0") > 0, "nothing missed")
        return now

    def await_delivery(self) -> None:
        """Wait until every fact is on the bus, taken in where it is addressed to, and known to the office."""
        self._eventually(self._is_delivered, "facts stay on their way")

    def check(self, intents: Sequence[Intent], judged: datetime) -> int:
        """Check everything, and that what was missed until `judged` is on record; return how many facts there are."""
        mirror = Mirror(NodeMirror(node, connection) for node, connection in self._connections.items())
        for name in NODES:
            mirror.read_new(name)
        callers = Callers(mirror)
        callers.intents = list(intents)
        for intent in intents:
            assert intent.receipt is not None
            callers.check_in_log(intent, intent.receipt)
        node_of = {
            served.agency: node for node, settings in self._processes.settings.items() for served in settings.agencies
        }
        office = OfficeCheck(self._connections[OFFICE_NODE], mirror, law_in_force(), node_of)
        office.check_new()
        quiescence.check_nothing_parked(self._connections)
        quiescence.check_deliveries(mirror)
        quiescence.check_office_complete(mirror, office, self._connections)
        quiescence.check_breaches_complete(mirror, office, judged)
        for node in mirror.nodes.values():
            quiescence.check_requests(node, callers)
        rebuilt = rebuild(self._processes.settings[OFFICE_NODE].log_dsn, law_in_force(), swap=False)
        ensure(rebuilt.equal, f"I8: rebuilt views differ: {rebuilt.checks}")
        return sum(len(node.facts) for node in mirror.nodes.values())

    def _eventually(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            ended = self._processes.ended()
            ensure(not ended, f"{ended} ended by themselves")
            ensure(time.monotonic() < deadline, f"after {PATIENCE_SECONDS} s {otherwise}")
            time.sleep(LOOK_SECONDS)

    def _one(self, node: str, query: str, *parameters: object) -> int:
        row = self._connections[node].execute(query.encode(), parameters).fetchone()
        assert row is not None
        return int(row[0] or 0)

    def _missed_unrecorded(self, now: datetime) -> int:
        query = f"select count(*) from views.duties where breach_rung = 0 and due_time <= %s and {MISSED}"
        return self._one(OFFICE_NODE, query, now)

    def _is_delivered(self) -> bool:
        heads = {node: self._one(node, "select max(position) from event") for node in NODES}
        carried = all(self._one(node, "select max(position) from relay_position") == heads[node] for node in NODES)
        with open_bus(self._processes.settings[OFFICE_NODE].bus_url) as bus:
            ends = {node: bus.end_offsets(inbox_topic(node).name)[0] for node in NODES}
        read = all(self._one(node, "select max(next_offset) from inbox_offset") == ends[node] for node in NODES)
        seen = self._one(OFFICE_NODE, "select sequence from office.inbox_head") == sum(heads.values())
        return (
            carried
            and read
            and seen
            and heads == {node: self._one(node, "select max(position) from event") for node in NODES}
        )
