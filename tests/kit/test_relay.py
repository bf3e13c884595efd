"""The relay: every fact reaches the bus, in order, cause before effect, whatever fails on the way."""

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from services.kit import relay
from services.kit.bus import Topic, events_topic
from services.kit.directory import PatientLookup
from services.kit.envelope import decode
from services.kit.node import Node
from tests.support.faulty_bus import Fate, FaultyBus, Sending
from tests.support.logs import as_owner
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    WATER,
    City,
    eventually,
    hand_off,
    inbox_causes,
    introduce,
    published_positions,
    records,
    register,
    running,
)

pytestmark = pytest.mark.postgres


def on(node: Node, bus: FaultyBus) -> Node:
    """The same node on a bus that fails."""
    return replace(node, bus=bus)


def has_sent_everything(node: Node) -> bool:
    rows = as_owner(node.settings.log_dsn, "select position from relay_position where name = 'bus'")
    return rows == [(node.log.head()[0],)]


def test_every_fact_is_published_verbatim_under_its_petition(city: City) -> None:
    node = city.node("bureau", BUREAU)
    petitions = [register(node, BUREAU) for _ in range(5)]
    with running(node, relay=relay.run):
        eventually(lambda: has_sent_everything(node))
    found = records(node, events_topic().name)
    assert sorted(published_positions(node)) == list(range(1, 11))
    assert {record.key for record in found} == {str(petition).encode() for petition in petitions}
    stored = {row.position: row.state for row in node.log.select_stored(0, 100)}
    assert {(e := decode(record.value)).position: bytes(e.data) for record in found} == stored


def test_a_fact_is_acknowledged_on_the_events_topic_before_its_copy_is_sent(city: City) -> None:
    node, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING)
    introduce(node, housing)
    acknowledged: set[str] = set()
    early: list[str] = []

    def fate(sending: Sending) -> Fate:
        cause = decode(sending.value).id if sending.topic.name != "lianxi.directory.v1" else ""
        if sending.topic.name.startswith("lianxi.inbox.") and cause not in acknowledged:
            early.append(cause)
        return Fate.SENT

    def note(sending: Sending) -> None:
        if sending.is_event:
            acknowledged.add(decode(sending.value).id)

    for _ in range(20):
        hand_off(node, register(node, BUREAU), BUREAU, HOUSING)
    with running(on(node, FaultyBus(node.bus, fate, note)), relay=relay.run):
        eventually(lambda: has_sent_everything(node))
    assert inbox_causes(housing) == [f"bureau:{position}" for position in range(3, 61, 3)]
    assert early == []


@pytest.mark.parametrize("failure", [Fate.LOST, Fate.UNACKNOWLEDGED, Fate.REFUSED])
@pytest.mark.parametrize("topic", ["lianxi.events.v1", "lianxi.inbox.housing.v1"])
def test_a_record_that_fails_is_sent_again_with_all_that_follow(city: City, failure: Fate, topic: str) -> None:
    failing = (1, 7, 33)
    node, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING)
    introduce(node, housing)
    handoffs = 20
    for _ in range(handoffs):
        hand_off(node, register(node, BUREAU), BUREAU, HOUSING)

    def fate(sending: Sending) -> Fate:
        return failure if sending.topic.name == topic and sending.number in failing else Fate.SENT

    with running(on(node, FaultyBus(node.bus, fate)), relay=relay.run):
        eventually(lambda: has_sent_everything(node))
    assert set(published_positions(node)) == set(range(1, 3 * handoffs + 1))
    assert set(inbox_causes(housing)) == {f"bureau:{position}" for position in range(3, 3 * handoffs + 1, 3)}
    # What is sent again follows in the order of the log: positions fall back once a failure, and rise everywhere else.
    copies = [int(cause.split(":")[1]) for cause in inbox_causes(housing)]
    assert sum(later <= earlier for earlier, later in pairwise(copies)) <= len(failing)


def test_the_relay_goes_on_after_a_loss_of_every_connection(city: City) -> None:
    node = city.node("bureau", BUREAU)
    with running(node, relay=relay.run):
        register(node, BUREAU)
        eventually(lambda: has_sent_everything(node))
        as_owner(
            node.settings.log_dsn,
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
            "and application_name = 'lianxi log' and datname = current_database()",
        )
        register(node, BUREAU)
        eventually(lambda: has_sent_everything(node))
    assert set(published_positions(node)) == {1, 2, 3, 4}


def test_of_two_relays_one_works_and_the_other_takes_over(city: City) -> None:
    node = city.node("bureau", BUREAU)
    senders: list[str] = []

    def named(name: str) -> Node:
        def note(sending: Sending) -> Fate:
            if sending.is_event:
                senders.append(name)
            return Fate.SENT

        return on(node, FaultyBus(node.bus, note))

    stops = {"first": threading.Event(), "second": threading.Event()}
    threads = {name: threading.Thread(target=relay.run, args=(named(name), stop)) for name, stop in stops.items()}
    for thread in threads.values():
        thread.start()
    register(node, BUREAU)
    eventually(lambda: has_sent_everything(node))
    assert len(set(senders)) == 1
    active = senders[0]
    stops[active].set()
    threads[active].join()
    register(node, BUREAU)
    eventually(lambda: has_sent_everything(node))
    (successor,) = set(stops) - {active}
    stops[successor].set()
    threads[successor].join()
    assert senders == [active] * 2 + [successor] * 2


def test_what_is_for_an_unlisted_agency_is_held_in_order_while_the_rest_flows(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientLookup, "seconds_max", 0.2)
    node, housing, water = city.node("bureau", BUREAU), city.node("housing", HOUSING), city.node("water", WATER)
    introduce(node, housing)
    hand_off(node, register(node, BUREAU), BUREAU, WATER)
    hand_off(node, register(node, BUREAU), BUREAU, HOUSING)
    hand_off(node, register(node, BUREAU), BUREAU, WATER)
    held = "select position from held_delivery where delivered_time is null order by position"
    with running(node, relay=relay.run):
        eventually(lambda: has_sent_everything(node))
        assert as_owner(node.settings.log_dsn, held) == [(3,), (9,)]
        assert inbox_causes(housing) == ["bureau:6"]
        node.directory.learn(water.entry())
        eventually(lambda: not as_owner(node.settings.log_dsn, held))
    assert inbox_causes(water) == ["bureau:3", "bureau:9"]


def test_a_handoff_whose_key_was_destroyed_is_still_delivered_without_it(city: City) -> None:
    node, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING)
    introduce(node, housing)
    kept, erased = register(node, BUREAU), register(node, BUREAU)
    for petition_id in (kept, erased):
        hand_off(node, petition_id, BUREAU, HOUSING)
    node.keys.destroy(erased)
    with running(node, relay=relay.run):
        eventually(lambda: has_sent_everything(node))
    envelopes = [decode(record.value) for record in records(housing, "lianxi.inbox.housing.v1")]
    assert [envelope.deliverykey is not None for envelope in envelopes] == [True, False]
    assert all(decode(record.value).deliverykey is None for record in records(node, events_topic().name))


def test_the_copy_for_an_agency_of_the_same_node_goes_through_its_inbox(city: City) -> None:
    node = city.node("bureau", BUREAU, HOUSING)
    introduce(node)
    hand_off(node, register(node, BUREAU), BUREAU, HOUSING)
    with running(node, relay=relay.run):
        eventually(lambda: has_sent_everything(node))
    assert inbox_causes(node) == ["bureau:3"]


def test_nothing_is_counted_as_sent_behind_a_failure(city: City) -> None:
    node = city.node("bureau", BUREAU)
    fates = {2: Fate.LOST, 4: Fate.UNACKNOWLEDGED}
    producer = FaultyBus(node.bus, lambda sending: fates.get(sending.number, Fate.SENT)).producer()
    topic: Topic = events_topic()
    sent = relay.Sent(producer, [(topic, b"key", b"%d" % number) for number in range(1, 6)])
    acknowledged, trouble = sent.outcome()
    producer.close()
    assert (acknowledged, trouble is not None) == (1, True)
