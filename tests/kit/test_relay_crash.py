"""The relay is killed between any two of its steps, under load: nothing is lost, nothing received twice."""

import os
import subprocess
import sys
import threading
from collections import Counter

import pytest

from services.kit import inbox, relay
from services.kit.node import Node
from services.kit.node_status import read_status
from tests.support.nodes import (
    BUREAU,
    HOUSING,
    City,
    eventually,
    hand_off,
    inbox_causes,
    introduce,
    published_positions,
    received,
    register,
    running,
)

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

ROUNDS = (
    ("before_copy", 1),
    ("after_copy", 1),
    ("between_events", 5),
    ("before_copy", 7),
    ("after_copy", 9),
    ("between_events", 23),
)


def relay_until_killed(node: Node, step: str, number: int) -> None:
    """Run a relay in a process of its own until it kills itself at the step."""
    environment = {**os.environ, **node.settings.to_env()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.relay_process", step, str(number)],
        env=environment,
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert done.returncode == -9, done.stderr.decode()


def keep_handing_off(node: Node, stop: threading.Event) -> None:
    while not stop.wait(0.01):
        hand_off(node, register(node, BUREAU), BUREAU, HOUSING)


def test_a_relay_killed_between_any_two_steps_loses_nothing_and_doubles_no_receipt(city: City) -> None:
    bureau, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING)
    introduce(bureau, housing)
    stop = threading.Event()
    load = threading.Thread(target=keep_handing_off, args=(bureau, stop))
    with running(housing, inbox=inbox.run):
        load.start()
        for step, number in ROUNDS:
            relay_until_killed(bureau, step, number)
        stop.set()
        load.join()
        handoffs = {f"bureau:{position}" for position in range(3, bureau.log.head()[0] + 1, 3)}
        with running(bureau, relay=relay.run):
            eventually(lambda: received(housing).keys() == handoffs)
    assert set(published_positions(bureau)) == set(range(1, bureau.log.head()[0] + 1))
    assert set(received(housing).values()) == {1}
    # The crashes did make copies: it is the receiver that keeps them from counting.
    assert max(Counter(inbox_causes(housing)).values()) > 1


def test_a_relay_that_stands_by_takes_over_from_a_killed_one(city: City) -> None:
    bureau, housing = city.node("bureau", BUREAU), city.node("housing", HOUSING)
    introduce(bureau, housing)
    with running(housing):
        doomed = threading.Thread(target=relay_until_killed, args=(bureau, "after_copy", 2))
        doomed.start()
        eventually(lambda: read_status(bureau.settings).relay_is_active)
        with running(bureau, relay=relay.run):
            for _ in range(4):
                hand_off(bureau, register(bureau, BUREAU), BUREAU, HOUSING)
            eventually(lambda: set(inbox_causes(housing)) == {"bureau:3", "bureau:6", "bureau:9", "bureau:12"})
            doomed.join()
    assert set(published_positions(bureau)) == set(range(1, 13))
