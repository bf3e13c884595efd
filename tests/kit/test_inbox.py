"""The inbox: what is addressed to a node becomes its own fact, once, whatever is delivered again."""

import threading
from uuid import uuid4

import pytest

from domain.case import (
    Case,
    NotifyReceipt,
    Phase,
    RaiseObjection,
    RuleOnObjection,
)
from domain.event import Sealed
from domain.vocabulary import ObjectionReason, ServiceMethod
from services.kit import inbox, relay
from services.kit.envelope import encode
from services.kit.node import Node
from services.kit.sealing import unseal
from tests.support.inbox_records import altered, envelope_of, has_read, offered, parked_codes, send, take_all
from tests.support.logs import as_owner, at_once
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    act,
    case_of,
    eventually,
    received,
    running,
)

pytestmark = pytest.mark.postgres


def test_a_handoff_opens_a_case_at_the_receiver_and_brings_the_key(bureau: Node, housing: Node) -> None:
    petition, position = offered(bureau)
    with running(bureau, relay=relay.run), running(housing, inbox=inbox.run):
        eventually(lambda: case_of(housing, petition, HOUSING))
    case = case_of(housing, petition, HOUSING)
    assert case is not None
    assert case.causes == {f"bureau:{position}"}
    sealed = case.materials.content
    assert sealed is not None
    key = housing.keys.get(petition)
    assert key is not None
    assert unseal(key, petition, str(sealed.origin), sealed.field, sealed.text) == "水管破裂"


def test_the_same_record_three_times_is_one_fact(bureau: Node, housing: Node) -> None:
    petition, position = offered(bureau)
    value = encode(envelope_of(bureau, position, housing))
    send(housing, (petition, value), (petition, value))
    take_all(housing)
    send(housing, (petition, value))
    take_all(housing)
    assert received(housing) == {f"bureau:{position}": 1}
    assert parked_codes(housing) == []


def test_an_offset_that_lags_behind_brings_nothing_twice(bureau: Node, housing: Node) -> None:
    sent = [offered(bureau) for _ in range(5)]
    send(housing, *((petition, encode(envelope_of(bureau, position, housing))) for petition, position in sent))
    take_all(housing)
    as_owner(housing.settings.log_dsn, "update inbox_offset set next_offset = 1")
    take_all(housing)
    assert received(housing) == {f"bureau:{position}": 1 for _, position in sent}


def test_an_objection_and_its_ruling_travel_there_and_back(bureau: Node, housing: Node) -> None:
    petition, _ = offered(bureau)

    def phase(node: Node, agency: str) -> Phase | None:
        case = case_of(node, petition, agency)
        return case.phase if case else None

    def objection_arrived() -> bool:
        case: Case | None = case_of(bureau, petition, BUREAU)
        return case is not None and case.outgoing is not None and case.outgoing.objection_open

    explanation = Sealed(origin=uuid4(), field="explanation", text="v1.AAAA")
    with (
        running(bureau, relay=relay.run, inbox=inbox.run),
        running(housing, relay=relay.run, inbox=inbox.run),
    ):
        eventually(lambda: phase(housing, HOUSING) == Phase.OPEN)
        act(housing, petition, HOUSING, RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=explanation))
        eventually(objection_arrived)
        act(bureau, petition, BUREAU, RuleOnObjection(uphold=True))
        eventually(lambda: phase(housing, HOUSING) == Phase.RETURNED)
    assert phase(bureau, BUREAU) == Phase.OPEN
    assert parked_codes(bureau) == parked_codes(housing) == []


def test_deliveries_and_commands_on_the_same_cases_do_not_lose_each_other(bureau: Node, housing: Node) -> None:
    cases = [offered(bureau) for _ in range(20)]
    for petition, position in cases:
        send(housing, (petition, encode(envelope_of(bureau, position, housing))))
    take_all(housing)
    again = [
        (
            petition,
            encode(
                altered(
                    envelope_of(bureau, position, housing), position=position + 1000, id=f"bureau:{position + 1000}"
                )
            ),
        )
        for petition, position in cases
    ]

    def notify() -> None:
        for petition, _ in cases:
            while True:
                try:
                    act(housing, petition, HOUSING, NotifyReceipt(method=ServiceMethod.POST))
                    break
                except AssertionError:
                    continue

    def deliver() -> None:
        send(housing, *again)
        take_all(housing)

    at_once(notify, deliver)
    assert received(housing) == {f"bureau:{place}": 1 for _, position in cases for place in (position, position + 1000)}


def test_of_two_inboxes_one_works(bureau: Node, housing: Node) -> None:
    sent = [offered(bureau) for _ in range(10)]
    stop = threading.Event()
    threads = [threading.Thread(target=inbox.run, args=(housing, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    send(housing, *((petition, encode(envelope_of(bureau, position, housing))) for petition, position in sent))
    eventually(lambda: has_read(housing))
    stop.set()
    for thread in threads:
        thread.join()
    assert received(housing) == {f"bureau:{position}": 1 for _, position in sent}
