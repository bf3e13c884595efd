"""What the demonstration proves at its end: counted from the databases of the nodes and of the office, none assumed.

Lost is a position of a node's log that the office's inbox lacks, or a fact sent to another agency that never arrived
there. Doubled is a position that the office holds twice, or an arrival that was recorded twice. It only reads.
"""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from domain.case import ADDRESSED
from services.kit.bus.port import BusTrouble
from services.kit.database import DatabaseTrouble, connect
from services.kit.node_status import NodeStatus, read_status
from services.kit.settings import NodeSettings

_LOG = """
    SELECT position, topic, convert_from(state, 'UTF8')::json ->> 'cause' FROM event ORDER BY position"""
_INBOX = "SELECT node, position, count(*) FROM office.inbox GROUP BY node, position"
_HEADS = "SELECT node, max(last_position), sum(received)::bigint FROM office.watermark GROUP BY node"
_SENT_ON = frozenset(kind.type_name for kind in ADDRESSED)


class Counted(NamedTuple):
    """The facts of all logs, and how they fared on the way."""

    events: int
    lost: int
    doubled: int


def count_events(nodes: Mapping[str, NodeSettings], office: str) -> Counted:
    """Compare the log of every node with the office's inbox, and every fact sent on with its arrival."""
    events = 0
    expected: set[tuple[str, int]] = set()
    sent_on: set[str] = set()
    arrivals: Counter[str] = Counter()
    for node, settings in nodes.items():
        head = 0
        with connect(settings.log_dsn) as rows:
            for head, topic, cause in rows.execute(_LOG):
                events += 1
                if topic in _SENT_ON:
                    sent_on.add(f"{node}:{head}")
                if cause is not None:
                    arrivals[cause] += 1
        # Positions have no gaps: one that the log itself lacks is lost too.
        expected.update((node, position) for position in range(1, head + 1))
    with connect(nodes[office].log_dsn) as rows:
        held = {(node, position): count for node, position, count in rows.execute(_INBOX)}
    lost = len(expected - held.keys()) + len(sent_on - arrivals.keys())
    doubled = sum(count - 1 for count in (*held.values(), *arrivals.values()))
    return Counted(events, lost, doubled)


class Standing(NamedTuple):
    """How far everything is on its way: the head of each log, and what is not yet where it belongs."""

    heads: Mapping[str, int]
    waiting: Mapping[str, str]
    """By node, what it is that waits, in words; empty once everything has arrived."""


def read_standing(nodes: Mapping[str, NodeSettings], office: str) -> Standing:
    """Ask every node, and the office's inbox, where they stand."""
    with ThreadPoolExecutor(4) as pool:
        statuses = dict(zip(nodes, pool.map(_status, nodes.values()), strict=True))
    with connect(nodes[office].log_dsn) as rows:
        arrived = {node: (last, received) for node, last, received in rows.execute(_HEADS)}
    waiting = {}
    for node, status in statuses.items():
        if problem := _waits(status, *arrived.get(node, (0, 0))):
            waiting[node] = problem
    return Standing({node: status.facts if status else 0 for node, status in statuses.items()}, waiting)


def _status(settings: NodeSettings) -> NodeStatus | None:
    try:
        return read_status(settings)
    except (DatabaseTrouble, BusTrouble):
        return None


def _waits(status: NodeStatus | None, last: int, received: int) -> str:
    if status is None:
        return "does not answer"
    if status.facts_sent < status.facts:
        return f"{status.facts - status.facts_sent} facts not on the bus"
    if status.inbox_end is None or status.inbox_read < status.inbox_end:
        return "arrivals not taken in"
    if status.deliveries_held or status.deliveries_parked:
        return f"{status.deliveries_held} deliveries held, {status.deliveries_parked} parked"
    if last < status.facts or received < status.facts:
        return f"{status.facts - received} facts not at the office"
    return ""
