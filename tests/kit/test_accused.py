"""An accusation stops at two gates before whoever is under the accused: where it leaves, and where it comes in."""

from uuid import UUID

import pytest

from domain.case import ClassifyPetition
from domain.vocabulary import Category
from services.kit import inbox, relay
from services.kit.accused import REACHES_ACCUSED
from services.kit.directory import NodeEntry
from services.kit.envelope import encode
from services.kit.node import Node
from services.kit.node_status import read_status
from services.kit.parked_deliveries import list_parked, skip
from tests.support.inbox_records import envelope_of, has_read, offered, send, take_all
from tests.support.logs import as_owner
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    WATER,
    City,
    act,
    case_of,
    eventually,
    hand_off,
    inbox_causes,
    introduce,
    register,
    running,
)

pytestmark = pytest.mark.postgres

HELD = "select position, reason from held_delivery where delivered_time is null order by position"
SENT = "select position from relay_position where name = 'bus'"


@pytest.fixture
def water(city: City, bureau: Node) -> Node:
    """A node that knows the bureau's, and is known to it; nobody has said yet who leads it."""
    node = city.node("water", WATER)
    introduce(bureau, node)
    return node


def led_by_housing(node: Node) -> NodeEntry:
    """What the node announces once its agencies are put under the housing bureau."""
    entry = node.entry()
    claims = tuple(claim.model_copy(update={"superior": HOUSING}) for claim in entry.agencies)
    return entry.model_copy(update={"agencies": claims})


def accuse_housing(bureau: Node, to_agency: str) -> tuple[UUID, int]:
    """Hand an accusation of the housing bureau to an agency; return the petition and the position of the hand-off."""
    petition = register(bureau, BUREAU)
    act(bureau, petition, BUREAU, ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(HOUSING,)))
    hand_off(bureau, petition, BUREAU, to_agency)
    return petition, bureau.log.head()[0]


def has_sent_everything(node: Node) -> bool:
    return as_owner(node.settings.log_dsn, SENT) == [(node.log.head()[0],)]


def test_what_would_reach_the_accused_is_withheld_and_the_rest_flows(bureau: Node, water: Node) -> None:
    bureau.directory.learn(led_by_housing(water))
    _, withheld = accuse_housing(bureau, WATER)
    _, appeal = offered(bureau, WATER)
    with running(bureau, relay=relay.run):
        eventually(lambda: has_sent_everything(bureau))
        assert as_owner(bureau.settings.log_dsn, HELD) == [(withheld, REACHES_ACCUSED)]
        assert inbox_causes(water) == [f"bureau:{appeal}"]
        status = read_status(bureau.settings)
        assert (status.deliveries_held, status.deliveries_withheld) == (1, 1)


def test_news_about_other_agencies_does_not_let_it_go_but_a_corrected_directory_does(
    city: City, bureau: Node, water: Node
) -> None:
    bureau.directory.learn(led_by_housing(water))
    _, withheld = accuse_housing(bureau, WATER)
    with running(bureau, relay=relay.run):
        eventually(lambda: has_sent_everything(bureau))
        bureau.directory.learn(city.node("housing", HOUSING).entry())
        offered(bureau, HOUSING)
        eventually(lambda: has_sent_everything(bureau))
        assert as_owner(bureau.settings.log_dsn, HELD) == [(withheld, REACHES_ACCUSED)]
        bureau.directory.learn(water.entry())
        eventually(lambda: not as_owner(bureau.settings.log_dsn, HELD))
    assert inbox_causes(water) == [f"bureau:{withheld}"]


def test_the_node_of_the_accused_keeps_nothing_of_what_comes_in_all_the_same(bureau: Node, water: Node) -> None:
    water.directory.learn(led_by_housing(water))
    petition, position = accuse_housing(bureau, WATER)
    send(water, (petition, encode(envelope_of(bureau, position, water))))
    for _ in range(2):
        # What is parked is tried again at each start; this stays as it is.
        take_all(water)
        [parked] = list_parked(water.settings.log_dsn)
        assert (parked.code, parked.article, parked.record) == (REACHES_ACCUSED, "Art. 30(3)", b"")
        assert parked.cause == f"bureau:{position}"
    assert case_of(water, petition, WATER) is None
    assert water.keys.get(petition) is None


def test_what_waited_is_not_kept_either_once_it_is_known_whom_it_would_reach(bureau: Node, water: Node) -> None:
    petition, position = accuse_housing(bureau, WATER)
    record = encode(envelope_of(bureau, position, water))
    send(water, (petition, b"no record"), (petition, record))
    take_all(water)
    first, waiting = list_parked(water.settings.log_dsn)
    assert waiting.record == record
    water.directory.learn(led_by_housing(water))
    skip(water.settings.log_dsn, first.record_offset, "operator", "it is no record")
    with running(water, inbox=inbox.run):
        eventually(lambda: [one.code for one in list_parked(water.settings.log_dsn)] == [REACHES_ACCUSED])
    assert [one.record for one in list_parked(water.settings.log_dsn)] == [b""]
    assert has_read(water)
