"""`kill -9` under load, round after round: whatever dies, nothing is lost and nothing is doubled."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from services.kit.bus.broker import KafkaBroker
from services.kit.embedded_postgres import EmbeddedPostgres
from tests.crash.aftermath import Aftermath
from tests.crash.clients import Client, acknowledged
from tests.crash.processes import ROLES, Processes

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

LOG = logging.getLogger(__name__)
SEED = 20
CLIENTS = 2
START_SECONDS_MAX = 60.0
WATCH = ("office", "watch")


@pytest.mark.timeout(400)
def test_twenty_kills_lose_and_double_nothing(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    processes = Processes.found(postgres_server, None, tmp_path)
    # Every kind of process dies at least twice, in an order that nobody chose by hand.
    chance = Random(SEED)
    victims = [*ROLES, *ROLES, *chance.sample(ROLES, 2)]
    chance.shuffle(victims)
    survive(processes, [partial(replace, processes, victim) for victim in victims])


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_nothing_is_lost_over_kafka_when_the_broker_itself_is_killed(
    postgres_server: EmbeddedPostgres, kafka_broker: KafkaBroker, tmp_path: Path
) -> None:
    def kill_the_broker() -> None:
        kafka_broker.kill()
        kafka_broker.start()

    processes = Processes.found(postgres_server, kafka_broker.url, tmp_path)
    relay, ingest = ("xinfang", "relay"), ("office", "ingest")
    survive(processes, [partial(replace, processes, relay), kill_the_broker, partial(replace, processes, ingest)])


def replace(processes: Processes, victim: tuple[str, str]) -> None:
    """Kill a process and start its successor at once."""
    processes.kill(*victim)
    processes.start(*victim)


def survive(processes: Processes, blows: Sequence[Callable[[], None]]) -> None:
    """Let clients work, deal the blows, let everything settle, and check what is left."""
    chance = Random(SEED)
    began = time.monotonic()
    with running(processes), ExitStack() as opened:
        with load(processes) as clients:
            await_first_answers(clients)
            for blow in blows:
                time.sleep(chance.uniform(0.2, 1.0))
                blow()
            time.sleep(1.0)
        dealt = time.monotonic()
        aftermath = Aftermath(processes, opened)
        # What is still on its way may bring a date with it that is long past: first it arrives, then the watch judges.
        aftermath.await_delivery()
        judged = aftermath.await_breaches()
        # The clock goes on, and with it the watch: what it wrote last is to be delivered too.
        assert processes.stop([WATCH])[WATCH] == 0
        aftermath.await_delivery()
        assert set(processes.stop().values()) == {0}, "a process did not stop in good order"
        facts = aftermath.check(list(acknowledged(clients)), judged)
    LOG.info(
        "%d blows in %.0f s, %.0f s in all: %d commands acknowledged, %d repeated, %d facts",
        len(blows),
        dealt - began,
        time.monotonic() - began,
        len(list(acknowledged(clients))),
        sum(client.repeats for client in clients),
        facts,
    )


@contextmanager
def running(processes: Processes) -> Iterator[None]:
    """Start everything; whatever happens, leave nothing running, and let a failure show what the processes said."""
    processes.start_all()
    try:
        yield
    except BaseException as failure:
        failure.add_note(processes.last_words())
        raise
    finally:
        for key in list(processes.running):
            processes.kill(*key)


@contextmanager
def load(processes: Processes) -> Iterator[list[Client]]:
    """Clients at work for as long as the block, and until each has finished what it had in hand."""
    stop = threading.Event()
    clients = [Client(processes, SEED + number, stop) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert [client.failure for client in clients] == [None] * CLIENTS


def await_first_answers(clients: Sequence[Client]) -> None:
    """Wait until everybody is at work: killing what has not started yet proves nothing."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while not all(len(client.intents) > 5 for client in clients):
        assert time.monotonic() < deadline, "the city does not get to work"
        time.sleep(0.1)
