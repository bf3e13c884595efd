"""The directory: nodes find each other through the topic, and the first to claim an agency keeps it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from domain.vocabulary import AgencyKind, AgencyLevel
from services.kit.bus import Bus, directory_topic, open_bus
from services.kit.directory import Claim, Directory, NodeEntry
from services.kit.sealing import NodeKeys
from tests.support.nodes import BUREAU, HOUSING, WATER, City, eventually, running

FOUNDING = datetime(2024, 5, 6, tzinfo=UTC)


def entry(node: str, *agencies: str, since: datetime | None = None) -> NodeEntry:
    public = NodeKeys.generate().public_record()
    claims = tuple(
        Claim(agency=agency, kind=AgencyKind.AGENCY, name_zh="某局", name=agency, since=since) for agency in agencies
    )
    return NodeEntry(node=node, public_key=public["delivery_key"], signing_key=public["signing_key"], agencies=claims)


def test_the_first_to_claim_an_agency_keeps_it_in_whatever_order_the_claims_are_read() -> None:
    claims = [
        entry("first", HOUSING, since=FOUNDING),
        entry("later", HOUSING, WATER, since=FOUNDING + timedelta(days=1)),
        entry("undated", HOUSING, WATER),
    ]
    for seed in range(6):
        Random(seed).shuffle(claims)
        directory = Directory(claims)
        assert [(known.agency, known.node) for known in directory.agencies()] == [(HOUSING, "first"), (WATER, "later")]
        assert directory.conflicting_claims == {(HOUSING, "later"), (HOUSING, "undated"), (WATER, "undated")}


def test_a_conflicting_claim_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    directory = Directory([entry("first", HOUSING, since=FOUNDING)])
    late = entry("later", HOUSING, since=FOUNDING + timedelta(days=1))
    directory.learn(late)
    directory.learn(late)
    assert [record.getMessage() for record in caplog.records] == [
        "node later claims agency housing-bureau, which node first claimed before"
    ]


def test_an_agency_that_is_given_up_can_be_claimed_by_another() -> None:
    directory = Directory([entry("first", HOUSING, since=FOUNDING), entry("later", HOUSING)])
    directory.learn(entry("first", WATER, since=FOUNDING))
    found = directory.find(HOUSING)
    assert found is not None
    assert found.node == "later"
    assert directory.conflicting_claims == frozenset()


def test_waiting_ends_when_the_agency_appears_or_the_time_is_up() -> None:
    directory = Directory()
    assert not directory.wait_for([HOUSING], 0.05)
    threading.Timer(0.05, directory.learn, [entry("first", HOUSING)]).start()
    assert directory.wait_for([HOUSING], 10)


def test_the_register_says_who_stands_above_whom_and_is_the_same_until_something_changes() -> None:
    first, later = entry("first", HOUSING, since=FOUNDING), entry("later", WATER, HOUSING)
    placed = [claim.model_copy(update={"superior": HOUSING, "division": "990100"}) for claim in later.agencies]
    directory = Directory([first])
    before = directory.register()
    assert directory.register() is before
    assert not before.is_under(WATER, HOUSING)
    directory.learn(later.model_copy(update={"agencies": tuple(placed)}))
    assert directory.register() is not before
    assert directory.register().is_under(WATER, HOUSING)
    found = directory.find(WATER)
    assert found is not None
    assert (found.superior, found.division, found.level) == (HOUSING, "990100", AgencyLevel.CITY)
    # The other node's claim on what the first one serves counts for nothing, and so does what it says of it.
    kept = directory.find(HOUSING)
    assert kept is not None
    assert (kept.superior, kept.level) == (None, None)


@pytest.fixture
def bus(city: City) -> Iterator[Bus]:
    with open_bus(city.bus_url) as opened:
        opened.ensure_topics([directory_topic()])
        yield opened


@contextmanager
def following(directory: Directory, bus: Bus, own: NodeEntry | None = None) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=directory.follow, args=(bus, stop, own))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.postgres
def test_nodes_that_follow_the_topic_know_each_other(city: City) -> None:
    bureau, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING, WATER)
    with running(bureau), running(housing):
        assert bureau.directory.wait_for([BUREAU, HOUSING, WATER], 20)
        assert housing.directory.wait_for([BUREAU, HOUSING, WATER], 20)
    found = bureau.directory.find(WATER)
    assert found is not None
    assert (found.node, found.node_public_key) == ("housing", housing.entry().public_key)


@pytest.mark.postgres
def test_it_is_read_once_all_that_stood_on_the_topic_is_known(bus: Bus) -> None:
    assert not Directory().wait_until_read(0.05)
    first = Directory()
    with following(first, bus, entry("first", HOUSING)):
        assert first.wait_until_read(10)
        assert first.wait_for([HOUSING], 10)
    later = Directory()
    with following(later, bus):
        assert later.wait_until_read(10)
        assert later.find(HOUSING) is not None


@pytest.mark.postgres
def test_a_node_that_starts_again_announces_nothing_new_and_keeps_its_claim(bus: Bus) -> None:
    own = entry("first", HOUSING)
    announced = Directory()
    with following(announced, bus, own):
        assert announced.wait_for([HOUSING], 10)
    end = bus.end_offsets(directory_topic().name)
    again = Directory()
    with following(again, bus, own):
        assert again.wait_for([HOUSING], 10)
    assert bus.end_offsets(directory_topic().name) == end
    moved = own.model_copy(update={"agencies": (*own.agencies, *entry("first", WATER).agencies)})
    with following(again, bus, moved):
        assert again.wait_for([HOUSING, WATER], 10)
    first = announced.node("first")
    later = again.node("first")
    assert first is not None
    assert later is not None
    assert later.agencies[0].since == first.agencies[0].since


@pytest.mark.postgres
def test_what_is_no_announcement_is_ignored(bus: Bus) -> None:
    producer = bus.producer()
    topic = directory_topic()
    genuine = entry("first", HOUSING)
    weak = genuine.model_dump_json().replace(genuine.public_key, "AAAA")
    for key, value in ((b"first", b"{"), (b"other", genuine.model_dump_json().encode()), (b"first", weak.encode())):
        producer.send(topic, key, value).result(10)
    producer.send(topic, b"second", entry("second", WATER).model_dump_json().encode()).result(10)
    producer.close()
    directory = Directory()
    with following(directory, bus):
        eventually(lambda: directory.find(WATER))
    assert [known.node for known in directory.nodes()] == ["second"]
