"""What must hold when the storm is over: faults off, everybody answered, everything delivered.

Then nothing may be missing or doubled anywhere: not in a log, not in an inbox, not at the office, not among breaches.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.breach import BreachRecorded
from domain.duties import DutyBook
from domain.law import Law
from domain.rules import Nature
from lianxi.agency.v1.case_service_pb2 import CommandReceipt
from services.kit.bus import inbox_topic
from services.kit.envelope import decode
from services.office.liveness import LOOPS
from services.office.notices import WARNING_DAYS
from tests.simulation.callers import Callers
from tests.simulation.city import OFFICE_NODE, City
from tests.simulation.invariants import OfficeCheck, check_breaches, check_notices, happening_of
from tests.simulation.mirror import Mirror, MirroredFact, NodeMirror, ensure

Connections = dict[str, psycopg.Connection[tuple[Any, ...]]]


def check_requests(node: NodeMirror, callers: Callers) -> None:
    """I7: the requests that the log answered are those that were acknowledged; each fact has one origin."""
    rows = node.connection.execute("select agency, request_id, answer, position from request").fetchall()
    answered = {(agency, request_id): (answer, position) for agency, request_id, answer, position in rows}
    told = {(one.agency, one.request_id): one for one in callers.acknowledged if one.node == node.node}
    ensure(answered.keys() == told.keys(), f"I7: {answered.keys() ^ told.keys()} were answered or recorded, not both")
    origins: Counter[int] = Counter(fact.row.position for fact in node.caused.values())
    origins.update(fact.row.position for fact in node.facts if not fact.event.type_name.startswith("lianxi.case."))
    for key, (answer, position) in answered.items():
        receipt = told[key].receipt
        assert receipt is not None
        ensure(receipt.position == position, f"I7: {key} stands at {position}, not at {receipt.position}")
        count = len(CommandReceipt.FromString(answer).facts)
        origins.update(range(position - count + 1, position + 1))
    wrong = [position for position in range(1, len(node.facts) + 1) if origins[position] != 1]
    ensure(not wrong, f"I7: facts of {node.node} with no origin, or more than one: {wrong}")


def check_deliveries(mirror: Mirror) -> None:
    """Every addressed fact has exactly one receiving fact, in the right case, and nothing was received unsent."""
    sent = {fact.name: fact for node in mirror.nodes.values() for fact in node.facts if fact.to_agency}
    received = {cause: fact for node in mirror.nodes.values() for cause, fact in node.caused.items()}
    count = sum(len(node.caused) for node in mirror.nodes.values())
    ensure(count == len(received), "I7: one fact was taken in by two nodes")
    lost, unsent = sorted(sent.keys() - received.keys()), sorted(received.keys() - sent.keys())
    ensure(not lost, f"I7: never taken in: {[(name, sent[name].event.type_name) for name in lost]}")
    ensure(not unsent, f"I7: taken in but never sent: {unsent}")
    for name, fact in sent.items():
        ensure(received[name].event.agency == fact.to_agency, f"I6: {name} reached {received[name].event.agency}")


def check_inbox_topics(city: City, mirror: Mirror) -> None:
    """I6: a node's inbox topic holds what is addressed to its agencies, and nothing to an accused one."""
    for node, home in city.homes.items():
        served = {one.agency for one in home.settings.agencies}
        for record in city.bus.logs[inbox_topic(node).name, 0]:
            envelope = decode(record.value)
            fact = mirror.fact(envelope.node, envelope.position)
            ensure(fact.to_agency in served, f"I6: {fact.name} for {fact.to_agency} went to node {node}")
            accused = getattr(fact.event, "accused_agencies", ())
            ensure(fact.to_agency not in accused, f"I6: {fact.name} went to the accused {fact.to_agency}")


def check_nothing_parked(connections: Connections) -> None:
    """Honest nodes send nothing that an honest node cannot take in."""
    for node, connection in connections.items():
        parked = connection.execute(
            "select cause, code, reason from parked_delivery where resolved_time is null"
        ).fetchall()
        ensure(not parked, f"{node} parked {parked}")
        held = connection.execute("select count(*) from held_delivery where delivered_time is null").fetchone()
        ensure(held == (0,), f"{node} still holds {held} facts back")
    parked = (
        connections[OFFICE_NODE]
        .execute("select node, position, reason from office.parked where resolved_time is null")
        .fetchall()
    )
    ensure(not parked, f"the office parked {parked}")


def check_office_complete(mirror: Mirror, office: OfficeCheck, connections: Connections) -> None:
    """I7: the office has every fact of every node, and its own count of them says so."""
    everything = {(fact.node, fact.row.position) for node in mirror.nodes.values() for fact in node.facts}
    missing = sorted(everything - office.taken)
    ensure(not missing, f"I7: the office lacks {missing}")
    counts = connections[OFFICE_NODE].execute(
        "select node, sum(received), max(last_position) from office.watermark group by node order by node"
    )
    for node, received, last in counts.fetchall():
        facts = len(mirror.nodes[node].facts)
        ensure(
            (received, last) == (facts, facts), f"the office counts {received} of {node}, up to {last}; it has {facts}"
        )


def check_notices_complete(mirror: Mirror, office: OfficeCheck, now: datetime) -> None:
    """Each near date is warned of, each ground docketed, and each once; and nobody's rule was idle (I12)."""
    check_notices(mirror.nodes[OFFICE_NODE].facts)
    for followed in office.petitions.values():
        file = followed.file
        for ground, docket in file.dockets.items():
            ensure(docket.docketed_time is not None, f"{file.petition_id} is not docketed by {ground}")
        for duty in file.duties:
            is_near = duty.due_time is not None and now < duty.due_time <= now + timedelta(days=WARNING_DAYS)
            if is_near and duty.is_open and duty.nature == Nature.DUTY:
                ensure(file.warned_dates.get(duty.duty_id) == duty.due_date, f"nobody warned of {duty.duty_id}")


def check_rules_ran(office: psycopg.Connection[tuple[Any, ...]]) -> None:
    """I12: every loop that is configured ran; the office itself would say so if one had not."""
    rows = office.execute("select loop from office.liveness").fetchall()
    ensure({loop for (loop,) in rows} == set(LOOPS), f"I12: only {rows} ran")


def check_breaches_complete(mirror: Mirror, office: OfficeCheck, now: datetime) -> None:
    """I5: every missed date is on record, and the views list what the log does, once."""
    facts = mirror.nodes[OFFICE_NODE].facts
    check_breaches(facts)
    recorded = {(one.duty_id, one.rung) for fact in facts if isinstance(one := fact.event, BreachRecorded)}
    listed = {key for followed in office.petitions.values() for key in followed.changes.breaches}
    ensure(recorded == listed, f"I5: recorded or listed, not both: {recorded ^ listed}")
    for followed in office.petitions.values():
        for duty in followed.file.duties:
            if duty.nature != Nature.DUTY or duty.due_time is None or duty.due_time > now:
                continue
            ended = duty.met_time or duty.released_time
            if ended is None or ended >= duty.due_time:
                ensure((duty.duty_id, 1) in recorded, f"I5: {duty.duty_id} was missed, and nobody recorded it")


def check_node_views(mirror: Mirror, city: City, connections: Connections) -> None:
    """I8: what a node tells its own agencies is the fold of its log."""
    streams = mirror.streams()
    for node, connection in connections.items():
        cases = {one for one in mirror.cases.values() if city.node_of[one.agency] == node}
        wanted = {(one.case_id, one.agency, str(one.phase), one.version) for one in cases}
        found = set(connection.execute("select case_id, agency, phase, version from agency_4.node_case").fetchall())
        ensure(found == wanted, f"I8: the cases of {node} differ: {found ^ wanted}")
        rows = connection.execute("select duty_id, due_time, met_time, released_time from agency_4.node_duty")
        law = city.homes[node].law
        duties = {row for one in cases for row in _duties(one.case_id, streams[one.case_id], law)}
        ensure((found := set(rows.fetchall())) == duties, f"I8: the duties of {node} differ: {found ^ duties}")


def _duties(case_id: UUID, facts: list[MirroredFact], law: Law) -> list[tuple[object, ...]]:
    book = DutyBook(case_id)
    for fact in facts:
        book.apply(happening_of(fact), law)
    return [(duty.duty_id, duty.due_time, duty.met_time, duty.released_time) for duty in book.duties.values()]
